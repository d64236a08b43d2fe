"""Batches without workers: images are done in this process, by deterministic backends."""

from __future__ import annotations

from contextlib import contextmanager

from napari_zeroseg import api
from napari_zeroseg.batch import run as batch_run
from napari_zeroseg.batch.one import as_a_worker
from napari_zeroseg.session.session import Session
from tests.fakes import FakeBackend, fake_backends


class Farm:
    """Does images in this process, and counts them."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, _client, items, order, work, *, alone):
        for item in items:
            self.done.append(item.path.name)
            yield work(item, order)


def done_here(monkeypatch) -> Farm:
    """Have batches do their images in this process."""
    made = Farm()

    @contextmanager
    def nobody(_count, _scheduler):
        with as_a_worker():
            yield None

    monkeypatch.setattr(batch_run, "workers", nobody)
    monkeypatch.setattr(batch_run, "done_by", made)
    return made


def faked(monkeypatch) -> FakeBackend:
    """Have images segmented by a fake."""
    made = FakeBackend()
    monkeypatch.setattr(
        api, "Session", lambda recipe: Session(recipe=recipe, backends=lambda r: fake_backends(r, made))
    )
    return made
