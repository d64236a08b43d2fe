"""Embeddings and boxes are remembered, so that thresholds, classes and clicks do not compute them again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from napari_zeroseg.backends.roles import Detector, Embedding, Segmenter
    from napari_zeroseg.core.detection import Detection
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.core.vocabulary import TargetClass

T = TypeVar("T")

KEPT = 4


def content_key(image: Plane) -> bytes:
    """Return a digest of the pixels and the shape."""
    digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16)
    digest.update(repr(image.shape).encode())
    return digest.digest()


class Latest(Generic[T]):
    """What was computed for the questions that were asked last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def of(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what belongs to a key, computed where it is new; the oldest is forgotten first."""
        if key not in self._kept:
            self._kept[key] = compute()
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


class RememberingSegmenter:
    """A segmenter that embeds the same pixels once.

    Parameters
    ----------
    segmenter : Segmenter
        The one that is asked when the pixels are new.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._latest: Latest[Embedding] = Latest()

    def embed(self, image: Plane) -> Embedding:
        return self._latest.of(content_key(image), lambda: self._segmenter.embed(image))

    def segment(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Logits]:
        return self._segmenter.segment(embedding, prompts)


class RememberingDetector:
    """A detector that answers the same question on the same pixels once, whatever the thresholds.

    Parameters
    ----------
    detector : Detector
        The one that is asked when pixels or words are new.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._latest: Latest[list[Detection]] = Latest()

    def detect(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        words = tuple((c.name, c.synonyms, c.attributes) for c in classes)
        key = (content_key(image), words)
        return list(self._latest.of(key, lambda: self._detector.detect(image, classes)))
