"""Embeddings and boxes are remembered, so that thresholds, classes and clicks do not compute them again."""

from __future__ import annotations

import hashlib
import weakref
from collections import OrderedDict
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from napari_zeroseg.backends import embedding_limits
from napari_zeroseg.backends.embedding_store import EmbeddingStore
from napari_zeroseg.backends.roles import LastingSegmenter, SurveyingSegmenter
from napari_zeroseg.backends.tracking import tracker_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from napari_zeroseg.backends.roles import Detector, Embedding, Segmenter
    from napari_zeroseg.backends.tracking import Tracker
    from napari_zeroseg.core.detection import Detection
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.core.vocabulary import TargetClass

T = TypeVar("T")

KEPT = 4

_digests: dict[int, tuple[weakref.ref[Any], bytes]] = {}


def content_key(image: Plane) -> bytes:
    """Return a digest of the pixels and the shape; of an array that cannot change it is made once."""
    if image.flags.writeable or image.base is not None:
        return _digest(image)
    number = id(image)
    known = _digests.get(number)
    if known is None or known[0]() is not image:
        gone = weakref.ref(image, lambda _: _digests.pop(number, None))
        known = _digests[number] = (gone, _digest(image))
    return known[1]


def _digest(image: Plane) -> bytes:
    digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16)
    digest.update(repr(image.shape).encode())
    return digest.digest()


def _one(_value: object) -> int:
    return 1


class Latest(Generic[T]):
    """What was computed for the questions that were asked last.

    Parameters
    ----------
    most : callable
        Says how much is kept; the newest is kept in any case.
    size : callable
        Says how much of it a value takes; by default values are counted.
    """

    def __init__(self, most: Callable[[], int] = lambda: KEPT, size: Callable[[T], int] = _one) -> None:
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._most, self._size = most, size
        self._lock = RLock()

    def of(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what belongs to a key, computed where it is new; the longest unused is forgotten first."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = compute()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and self.taken > self._most():
                self._kept.popitem(last=False)
        return found

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def taken(self) -> int:
        """How much is kept now; any thread may ask."""
        with self._lock:
            return sum(map(self._size, self._kept.values()))

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


def size_of(embedding: Embedding) -> int:
    """Return the bytes that an embedding takes, as far as it tells."""
    return int(getattr(embedding, "nbytes", 0))


IN_MEMORY: Latest[Embedding] = Latest(embedding_limits.in_memory, size_of)
"""The embeddings of all segmenters of this program."""
ON_DISK = EmbeddingStore()


class RememberingSegmenter:
    """A segmenter that embeds the same pixels once.

    Embeddings stay in memory within a budget, and those that took a large model are on the disk
    for later too.

    Parameters
    ----------
    segmenter : Segmenter
        The one that is asked when the pixels are new.
    in_memory : Latest
        Where embeddings are kept.
    on_disk : EmbeddingStore
        Where those of a :class:`LastingSegmenter` outlive the program.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        in_memory: Latest[Embedding] = IN_MEMORY,
        on_disk: EmbeddingStore = ON_DISK,
    ) -> None:
        self._segmenter = segmenter
        self._in_memory, self._on_disk = in_memory, on_disk
        self._own = object()  # in keys: no other segmenter is ever taken for this one

    def embed(self, image: Plane) -> Embedding:
        key = content_key(image)
        return self._in_memory.of((self._own, key), lambda: self._found(image, key))

    def knows(self, image: Plane) -> bool:
        """Say whether an image's embedding is in memory."""
        return (self._own, content_key(image)) in self._in_memory

    def segment(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Logits]:
        return self._segmenter.segment(embedding, prompts)

    def surveyed(self, sample: Plane, classes: Sequence[TargetClass]) -> Segmenter:
        """Return one for the parts of one image, which come once each: they are not remembered."""
        inner = self._segmenter
        return inner.surveyed(sample, classes) if isinstance(inner, SurveyingSegmenter) else self

    def _found(self, image: Plane, pixels: bytes) -> Embedding:
        if not isinstance(self._segmenter, LastingSegmenter):
            return self._segmenter.embed(image)
        key = hashlib.blake2b(pixels + self._segmenter.identity().encode(), digest_size=20).hexdigest()
        found = self._on_disk.read(key)
        if found is None:
            found = self._segmenter.embed(image)
            self._on_disk.write(key, found)
        return found

    def tracker(self) -> Tracker:
        """Return what follows objects from plane to plane."""
        return tracker_of(self._segmenter)


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
