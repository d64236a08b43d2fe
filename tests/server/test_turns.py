"""One thread for all models, and clients that take turns at it."""

from __future__ import annotations

from concurrent.futures import CancelledError as FutureCancelledError
from threading import Event, current_thread

import pytest

from napari_zeroseg.core.cancellation import CancelledError, present
from napari_zeroseg.server.limits import Limits
from napari_zeroseg.server.refusals import RefusedError
from napari_zeroseg.server.turns import Turns

PATIENCE = 10  # s


@pytest.fixture
def turns():
    made = Turns(Limits(waiting_per_client=3, waiting=5))
    yield made
    made.close()
    made._thread.join(PATIENCE)


@pytest.fixture
def held(turns):
    """The models' thread is busy until the event is set."""
    begun, go = Event(), Event()

    def work():
        begun.set()
        go.wait(PATIENCE)

    turns.take("holder", work)
    begun.wait(PATIENCE)
    yield go
    go.set()


def test_a_client_who_asks_much_does_not_keep_others_waiting(turns, held):
    done = []
    asked = [turns.take("much", lambda n=n: done.append(("much", n))) for n in range(3)]
    asked.append(turns.take("little", lambda: done.append(("little", 0))))
    held.set()
    for turn in asked:
        turn.answer.result(PATIENCE)
    assert done == [("much", 0), ("little", 0), ("much", 1), ("much", 2)]


def test_all_models_are_asked_on_one_thread(turns):
    names = {turns.take(client, lambda: current_thread().name).answer.result(PATIENCE) for client in "abc"}
    assert len(names) == 1


def test_too_many_questions_of_one_client_are_refused_and_of_all_together(turns, held):
    for _ in range(3):
        turns.take("a", int)
    with pytest.raises(RefusedError) as refusal:
        turns.take("a", int)
    assert refusal.value.kind == "busy"
    assert refusal.value.headers["Retry-After"] == "1"
    turns.take("b", int)
    turns.take("c", int)
    with pytest.raises(RefusedError) as refusal:
        turns.take("d", int)
    assert refusal.value.headers["Retry-After"] == "5"


def test_work_that_nobody_waits_for_is_dropped_or_ends_soon(turns):
    begun, done = Event(), []

    def long():
        begun.set()
        ended = Event()
        with present().calling(ended.set):
            ended.wait(PATIENCE)
        raise CancelledError

    under_way = turns.take("a", long)
    waiting = turns.take("a", lambda: done.append(1))
    begun.wait(PATIENCE)
    waiting.call_off()
    under_way.call_off()
    assert turns.take("b", lambda: 3).answer.result(PATIENCE) == 3
    assert not done
    with pytest.raises(FutureCancelledError):
        waiting.answer.result(PATIENCE)


def test_what_goes_wrong_is_told_to_who_waits_and_harms_no_other(turns):
    failing, fine = turns.take("a", lambda: 1 / 0), turns.take("b", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        failing.answer.result(PATIENCE)
    assert fine.answer.result(PATIENCE) == 2


def test_at_the_end_all_work_is_called_off_and_no_more_is_taken(turns, held):
    waiting = turns.take("a", int)
    turns.close()
    with pytest.raises(FutureCancelledError):
        waiting.answer.result(PATIENCE)
    with pytest.raises(RefusedError) as refusal:
        turns.take("a", int)
    assert refusal.value.status == 503
