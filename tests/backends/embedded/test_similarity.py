"""The embedded encoder: coordinates are the classes; the embedded detail: colours at scales."""

from __future__ import annotations

import numpy as np

from napari_zeroseg.backends.embedded.scales import SIGMAS, ScalesExtractor
from napari_zeroseg.backends.embedded.similarity import AREAS, EmbeddedEncoder
from napari_zeroseg.core.cost_map import shares
from napari_zeroseg.core.vocabulary import Vocabulary


def _image() -> np.ndarray:
    rows, cols = np.mgrid[:80, :96]
    image = np.full((80, 96, 3), 0.9, np.float32)
    image[(rows - 40) ** 2 + (cols - 30) ** 2 < 150] = (0.4, 0.1, 0.5)
    return image


def test_places_agree_with_the_words_for_what_is_there() -> None:
    classes = Vocabulary.parse("nucleus: dark purple, round; gap: green, elongated").classes
    aligned = EmbeddedEncoder().encode(_image(), classes)
    assert aligned.dense.shape == (80, 96, 6)
    assert np.array_equal(aligned.vectors, np.tile(np.eye(3, dtype=np.float32), 2))
    winner = shares(aligned.dense, aligned).argmax(axis=0)
    assert winner[40, 30] == 1
    assert winner[5, 90] == 0


def test_areas_fit_the_words_for_their_colours() -> None:
    image = np.full((80, 96, 3), 0.92, np.float32)
    image[:30], image[50:] = (0.35, 0.22, 0.12), (0.2, 0.7, 0.2)
    image += np.random.default_rng(0).normal(0, 0.01, image.shape).astype(np.float32)
    classes = Vocabulary.parse("mud: dark brown; grass: green").classes
    areas = EmbeddedEncoder().encode(image, classes).dense[..., 3:] / AREAS
    assert np.allclose(areas.sum(axis=2), 1, atol=1e-5)
    winner = areas.argmax(axis=2)
    assert (winner[:26] == 1).all()
    assert (winner[34:46] == 0).all()
    assert (winner[54:] == 2).all()


def test_scales_describe_each_pixel_and_shrink_large_images() -> None:
    found = ScalesExtractor().features(_image())
    assert found.shape == (80, 96, 3 * 4 * len(SIGMAS))
    assert found.dtype == np.float32
    assert not np.allclose(found[40, 30], found[5, 90], atol=0.1)
    assert ScalesExtractor().features(np.zeros((600, 30, 3), np.float32)).shape[:2] == (512, 26)
