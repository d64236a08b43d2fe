from __future__ import annotations

import pytest

from napari_zeroseg.core.cancellation import (
    Cancellation,
    CancelledError,
    cancelled_by,
    interruptible,
    present,
)


def test_callbacks_run_once_and_only_while_the_call_lasts():
    called, cancellation = [], Cancellation()
    with cancellation.calling(lambda: called.append("early")):
        pass
    with cancellation.calling(lambda: called.append("now")):
        cancellation.cancel()
        cancellation.cancel()
    assert called == ["now"]
    assert cancellation.cancelled


def test_a_call_does_not_begin_after_cancel():
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(CancelledError), cancellation.calling(lambda: None):
        raise AssertionError("must not be reached")


def test_the_present_one_is_that_of_the_innermost_run():
    outer, inner = Cancellation(), Cancellation()
    with cancelled_by(outer):
        with cancelled_by(inner):
            assert present() is inner
        assert present() is outer
    assert present() not in {outer, inner}


def test_items_come_until_the_work_is_called_off() -> None:
    cancellation, seen = Cancellation(), []
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        for item in interruptible(range(5)):
            seen.append(item)
            if item == 2:
                cancellation.cancel()
    assert seen == [0, 1, 2]
    assert list(interruptible("ab")) == ["a", "b"]
