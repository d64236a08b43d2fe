"""One thread calls models; what arrives late is dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from napari_zeroseg.core.cancellation import present
from napari_zeroseg.session.runner import Runner, models_thread

LONG = 10  # seconds; only a hang takes that long


@pytest.fixture
def runner() -> Iterator[Runner]:
    made = Runner(models_thread())
    yield made
    made.close()


def test_events_come_in_order_and_the_end_last(runner: Runner) -> None:
    seen: list[object] = []
    over = threading.Event()

    def end(problem: BaseException | None) -> None:
        seen.append(problem)
        over.set()

    runner.start(lambda: iter([1, 2, 3]), seen.append, end)
    assert over.wait(LONG)
    assert seen == [1, 2, 3, None]


def test_nothing_is_delivered_after_cancel_and_the_generator_is_closed(runner: Runner) -> None:
    seen: list[object] = []
    begun, go, closed = threading.Event(), threading.Event(), threading.Event()

    def work() -> Iterator[int]:
        try:
            begun.set()
            go.wait(LONG)
            yield 1
            yield 2
        finally:
            closed.set()

    runner.start(work, seen.append, seen.append)
    assert begun.wait(LONG)
    runner.cancel()
    go.set()
    assert closed.wait(LONG)
    assert seen == []


def test_the_problem_of_a_run_is_its_end(runner: Runner) -> None:
    over, ends = threading.Event(), []

    def work() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    def end(problem: BaseException | None) -> None:
        ends.append(problem)
        over.set()

    runner.start(work, lambda _: None, end)
    assert over.wait(LONG)
    assert isinstance(ends[0], ValueError)


def test_the_latest_question_wins(runner: Runner) -> None:
    begun, go, answered = threading.Event(), threading.Event(), threading.Event()
    asked: list[str] = []
    answers: list[str] = []

    def slow() -> str:
        begun.set()
        go.wait(LONG)
        return "first"

    def quick(text: str) -> str:
        asked.append(text)
        return text

    def on_answer(text: str) -> None:
        answers.append(text)
        answered.set()

    runner.ask(slow, on_answer, pytest.fail)
    assert begun.wait(LONG)
    runner.ask(lambda: quick("second"), on_answer, pytest.fail)
    runner.ask(lambda: quick("third"), on_answer, pytest.fail)
    go.set()
    assert answered.wait(LONG)
    assert answers == ["third"]
    assert asked == ["third"]


def test_an_answer_is_waited_for_where_the_one_before_was_quick(runner: Runner) -> None:
    go, answered = threading.Event(), threading.Event()

    def ask(work: Callable[[], object]) -> None:
        answered.clear()
        runner.ask(work, lambda _: answered.set(), pytest.fail, patience=LONG)

    ask(lambda: go.wait(LONG))
    assert not answered.is_set()  # nobody knows yet how long it takes
    go.set()
    assert answered.wait(LONG)
    ask(lambda: None)
    assert answered.is_set()


def test_all_work_is_done_on_one_thread(runner: Runner) -> None:
    names: set[str] = set()
    over = threading.Event()

    def work() -> Iterator[int]:
        names.add(threading.current_thread().name)
        yield 1

    runner.start(work, lambda _: None, lambda _: None)
    runner.ask(lambda: names.add(threading.current_thread().name), lambda _: over.set(), pytest.fail)
    assert over.wait(LONG)
    assert len(names) == 1
    assert names.pop().startswith("zeroseg-models")


def test_cancel_reaches_a_call_that_waits(runner: Runner) -> None:
    waiting, ended = threading.Event(), threading.Event()

    def work() -> Iterator[None]:
        called_off = threading.Event()
        with present().calling(called_off.set):
            waiting.set()
            if called_off.wait(LONG):
                ended.set()
        yield

    runner.start(work, lambda _event: None, lambda _problem: None)
    assert waiting.wait(LONG)
    runner.cancel()
    assert ended.wait(LONG)
