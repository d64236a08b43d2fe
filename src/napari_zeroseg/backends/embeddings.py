"""Embeddings are remembered, so that thresholds, classes and clicks do not compute them again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.backends.roles import Embedding, Segmenter
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits
    from napari_zeroseg.core.prompt import Prompt

KEPT = 4


def content_key(image: Plane) -> bytes:
    """Return a digest of the pixels and the shape."""
    digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16)
    digest.update(repr(image.shape).encode())
    return digest.digest()


class RememberingSegmenter:
    """A segmenter that embeds the same pixels once.

    Parameters
    ----------
    segmenter : Segmenter
        The one that is asked when the pixels are new.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._kept: OrderedDict[bytes, Embedding] = OrderedDict()

    def embed(self, image: Plane) -> Embedding:
        key = content_key(image)
        if key not in self._kept:
            self._kept[key] = self._segmenter.embed(image)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def segment(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Logits]:
        return self._segmenter.segment(embedding, prompts)
