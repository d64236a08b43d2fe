"""What a person will probably click on next is encoded while nothing else is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_zeroseg.backends import embedding_limits
from napari_zeroseg.backends.embeddings import size_of
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.events import Progress
from napari_zeroseg.session.asking import View, embedding_of, nearby
from napari_zeroseg.session.drawing import Drawing
from napari_zeroseg.session.readiness import Activity

if TYPE_CHECKING:
    from napari_zeroseg.backends.roles import Segmenter
    from napari_zeroseg.core.mask import Logits
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.session.source import ImageSource

PLANES = (0, 1, -1, 2, -2)
"""Steps along the axis before the last two; a person goes through a stack mostly forward."""
SHARE = 0.5
"""Of the memory for embeddings: what was asked for itself keeps its place."""
WORTH_A_WORD = 0.3
"""Seconds that one must take before progress is told: quicker ones would only flicker."""
PREPARING = "Preparing what is near"


class Foreseeing(Drawing):
    """After a click the planes and windows next to it are encoded, until something is asked."""

    preparing_changed = Signal(Activity)
    """How far that is."""

    _foresight = False
    _asked: Asked | None = None
    _ready: Near | None = None
    """What was encoded last, to its end."""

    @property
    def foresight(self) -> bool:
        """Whether it is done."""
        return self._foresight

    def set_foresight(self, on: bool) -> None:
        """Switch it on or off; off at first."""
        self._foresight = on
        if not on:
            self._runner.rest()
            self.preparing_changed.emit(Activity())

    def open(self, source: ImageSource | None) -> None:
        super().open(source)
        if source is None or self._asked is None or self._asked.source.key != source.key:
            self._asked = self._ready = None
        elif self._asked.source is not source:
            self._asked = replace(self._asked, source=source)
            self._foresee()

    def _on_answer(self, prompt: Prompt, answered: tuple[Logits, str]) -> None:
        super()._on_answer(prompt, answered)
        if self._source is not None:
            self._asked = Asked(self._source, prompt)
            self._foresee()

    def _foresee(self) -> None:
        if not self._foresight or self._activity.running or self._asked is None:
            return
        asked, recipe = self._asked, self.refining.recipe
        near = Near(asked.source, tuple(nearby(asked.prompt, asked.source.shape)), recipe)
        if self._ready is not None and near.is_that_of(self._ready):
            return

        def work() -> Iterator[Progress]:
            yield from _prepared(self._backends(recipe).segmenter, near)
            self._ready = near

        self._runner.idle(work, self._on_prepared, lambda: self.preparing_changed.emit(Activity()))

    def _on_prepared(self, event: Progress) -> None:
        self.preparing_changed.emit(
            Activity(running=True, text=PREPARING, done=event.done, total=event.total)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The latest question, and the plane that is shown now."""

    source: ImageSource
    prompt: Prompt


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """What is to be encoded: windows of a plane, and the first of them on those beside it."""

    source: ImageSource
    views: tuple[View | None, ...]
    recipe: Recipe

    def is_that_of(self, other: Near) -> bool:
        """Say whether the same is near, to the same segmenter."""
        same = self.source is other.source and self.recipe is other.recipe
        return same and self.views == other.views


def _prepared(segmenter: Segmenter, near: Near) -> Iterator[Progress]:
    """Encode what is near, and tell of it where it takes time."""
    places = list(_places(near))
    left = SHARE * embedding_limits.in_memory()
    for done, (source, view) in enumerate(places):
        start = time.perf_counter()
        try:
            left -= size_of(embedding_of(segmenter, source, view))
        except ZeroSegError:
            continue  # a plane of one colour, say: nobody has asked for it yet
        if left < 0:
            return
        if time.perf_counter() - start > WORTH_A_WORD:
            yield Progress(done + 1, len(places))


def _places(near: Near) -> Iterator[tuple[ImageSource, View | None]]:
    """Yield the neighbouring planes of what was looked at last, then the windows around it."""
    source, (view, *around) = near.source, near.views
    for step in PLANES if source.depth else ():
        index = source.plane[-1] + step
        if 0 <= index < source.depth[-1]:
            yield source.on((*source.plane[:-1], index)), view
    yield from ((source, other) for other in around)
