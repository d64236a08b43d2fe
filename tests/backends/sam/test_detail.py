"""SAM's features as detail: the embedding without its padding."""

from __future__ import annotations

import numpy as np

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import create


def test_features_are_the_embedding_of_the_segmenter(store) -> None:
    store("sam:vit-b")
    image = np.random.default_rng(0).random((40, 72, 3)).astype(np.float32)
    found = create(Role.DETAIL, "sam:vit-b").features(image)
    embedding = create(Role.SEGMENTER, "sam:vit-b").embed(image).maps[0]
    rows, cols, width = found.shape
    assert width == embedding.shape[0]
    assert np.array_equal(found, embedding[:, :rows, :cols].transpose(1, 2, 0))
    assert cols == embedding.shape[2]
    assert abs(rows - cols * 40 / 72) < 1
