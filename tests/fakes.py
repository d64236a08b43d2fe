"""Deterministic numpy backends: bright pixels are objects, connected ones are one object."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_zeroseg.backends.registry import Backends
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.cost_map import Aligned
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.exemplars import Alike
from napari_zeroseg.core.mask import Logits, Mask
from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag
from napari_zeroseg.session.source import ImageSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.exemplars import Exemplars
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

# intensity ranges that the classes of the test images occupy
RANGES = {"bright": (0.8, 1.1), "grey": (0.3, 0.8)}


def squares(size: int = 64) -> NDArray[np.uint8]:
    """A dark image with two bright squares of 100 px and one grey square of 144 px."""
    image = np.zeros((size, size), np.uint8)
    image[5:15, 5:15] = 255
    image[30:40, 40:50] = 250
    image[40:52, 8:20] = 128
    return image


def source(image: NDArray[np.uint8] | None = None, key: str = "squares") -> ImageSource:
    """An image source on the squares."""
    from napari_zeroseg.core.image import plane_from_array

    data = squares() if image is None else image

    def read(_plane, window):
        pixels = plane_from_array(data)
        return pixels if window is None else pixels[window]

    return ImageSource(key, key, data.shape[:2], read)


def _objects(image: Plane, low: float, high: float) -> list[Mask]:
    grey = image.mean(axis=2)
    labels, count = ndimage.label((grey >= low) & (grey < high))
    return [Mask.from_plane(labels == i) for i in range(1, count + 1)]


@dataclass
class FakeBackend:
    """Plays all roles; counts what it is asked."""

    calls: dict[str, int] = field(default_factory=dict)

    def _count(self, verb: str) -> None:
        self.calls[verb] = self.calls.get(verb, 0) + 1

    def tag(self, image: Plane) -> list[Tag]:
        self._count("tag")
        return [Tag(n, 0.9) for n, limits in RANGES.items() if _objects(image, *limits)]

    def caption(self, image: Plane) -> str:
        self._count("caption")
        return "squares on a dark ground"

    def suggest(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> list[Suggestion]:
        self._count("suggest")
        seen = {t.text for t in tags}
        return [
            Suggestion(c.name, 0.9, f"The tag '{c.name}' names it.", (c.name,), "name")
            if c.name in seen
            else Suggestion(c.name, 0.1, "No tag speaks for it.")
            for c in vocabulary
        ]

    def match(self, phrases: Sequence[str], vocabulary: Vocabulary) -> list[PhraseMatch]:
        self._count("match")
        return [
            PhraseMatch(p, next((n for n in vocabulary.names if n in p), None), "synonym", 0.8)
            for p in phrases
        ]

    def describe(self, target: TargetClass) -> TargetClass:
        return target if target.attributes else replace(target, attributes=Attributes(color="bright"))

    def detect(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        self._count("detect")
        return [
            Detection(mask.box, 0.5 + mask.area / 1000, f"{target.name} square")
            for target in classes
            for mask in _objects(image, *RANGES.get(target.name, (2.0, 3.0)))
        ]

    def embed(self, image: Plane) -> Plane:
        self._count("embed")
        return image

    def segment(self, embedding: Plane, prompts: Sequence[Prompt]) -> list[Logits]:
        self._count("segment")
        pool = [m for limits in RANGES.values() for m in _objects(embedding, *limits)]
        return [_answer(pool, prompt) for prompt in prompts]

    def features(self, image: Plane) -> NDArray[np.float32]:
        self._count("features")
        return image.mean(axis=2, keepdims=True)

    def classify(
        self, image: Plane, masks: Sequence[Mask], classes: Sequence[TargetClass]
    ) -> NDArray[np.float32]:
        self._count("classify")
        means = [float(image[mask.slices][mask.pixels].mean()) for mask in masks]
        fits = [[low <= mean < high for low, high in _ranges(classes)] for mean in means]
        return np.array(fits, np.float32) * np.float32(0.9)

    def encode(self, image: Plane, classes: Sequence[TargetClass]) -> Aligned:
        self._count("encode")
        grey = image.mean(axis=2)
        fits = [(grey >= low) & (grey < high) for low, high in _ranges(classes)]
        dense = np.stack([np.full(grey.shape, 0.2), *fits], axis=-1).astype(np.float32)
        axes = np.eye(len(fits) + 1, dtype=np.float32)
        return Aligned(dense, axes[1:], axes[:1], 20.0)

    def seek(self, image: Plane, exemplars: Exemplars) -> list[Alike]:
        self._count("seek")
        like = float(np.mean([image[m.slices][m.pixels].mean() for m in exemplars.accepted]))
        return [Alike(mask, 0.8) for mask in _objects(image, like - 0.1, like + 0.1)]


def _ranges(classes: Sequence[TargetClass]) -> list[tuple[float, float]]:
    return [RANGES.get(target.name, (2.0, 3.0)) for target in classes]


def _answer(pool: Sequence[Mask], prompt: Prompt) -> Logits:
    best = max(pool, key=lambda m: _fit(m, prompt))
    values = np.where(best.pixels, 1.0, -1.0).astype(np.float32)
    for point in prompt.negatives:
        row, col = int(point.y) - best.origin[0], int(point.x) - best.origin[1]
        if 0 <= row < values.shape[0] and 0 <= col < values.shape[1]:
            values[row, :] = -1.0  # a negative click cuts a row out of the object
    return Logits(best.origin, values, 0.9)


def _fit(mask: Mask, prompt: Prompt) -> float:
    score = 0.0
    if prompt.box is not None:
        score -= float(np.abs(np.subtract(mask.box, prompt.box)).sum())
    for point in prompt.positives:
        y, x = int(point.y), int(point.x)
        score += 1000.0 * bool(mask.within((slice(y, y + 1), slice(x, x + 1))).any())
    return score


def fake_backends(_recipe: Recipe | None = None, fake: FakeBackend | None = None) -> Backends:
    """All roles on one fake."""
    fake = fake or FakeBackend()
    return Backends(fake, fake, fake, fake, fake, fake, fake, fake, fake, fake)
