"""Naming clusters by looks: colours, place in the image, what lies around what."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.embedded.classifier import RegionWords
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import Vocabulary

WHITE, PINK, PURPLE = (0.95, 0.93, 0.94), (0.85, 0.65, 0.75), (0.35, 0.15, 0.5)


def _named(labels: np.ndarray, colors: list[tuple[float, float, float]], words: str) -> list[str]:
    """Return what each label is called."""
    image = np.array(colors, np.float32)[labels]
    noise = 0.01 * np.random.default_rng(0).standard_normal(image.shape)
    masks = [Mask.from_plane(labels == number) for number in range(len(colors))]
    classes = list(Vocabulary.parse(words))
    chances = RegionWords().classify(np.clip(image + noise, 0, 1).astype(np.float32), masks, classes)
    assert chances.shape == (len(masks), len(classes))
    assert chances.dtype == np.float32
    assert (chances >= 0).all()
    assert (chances.sum(axis=1) <= 1).all()
    best = chances.argmax(axis=1)
    return [
        classes[i].name if row.sum() >= 0.5 else "background" for i, row in zip(best, chances, strict=True)
    ]


def _disc(radius: float, center: tuple[int, int] = (40, 40)) -> np.ndarray:
    y, x = np.mgrid[:80, :80]
    return (y - center[0]) ** 2 + (x - center[1]) ** 2 < radius**2


@pytest.fixture
def cell() -> np.ndarray:
    """Ground 0, cytoplasm 1, nucleus 2, and a pink cell without nucleus, 3."""
    labels = np.zeros((80, 80), np.intp)
    labels[_disc(24)] = 1
    labels[_disc(13)] = 2
    labels[_disc(9, (9, 70))] = 3
    return labels


def test_stained_cells_are_named_by_colour_and_by_what_lies_around_what(cell: np.ndarray) -> None:
    words = "nucleus: dark purple, compact; cytoplasm: pale, around the nucleus"
    names = _named(cell, [WHITE, PINK, PURPLE, PINK], words)
    assert names == ["background", "cytoplasm", "nucleus", "background"]


def test_bright_is_no_colour_for_objects_on_a_bright_ground(cell: np.ndarray) -> None:
    names = _named(cell, [WHITE, PINK, PURPLE, PINK], "nucleus: bright or dark purple")
    assert names == ["background", "background", "nucleus", "background"]
    black, white = (0.02,) * 3, (0.8,) * 3
    glowing = _named(cell, [black, black, white, black], "nucleus: bright or dark purple")
    assert glowing == ["background", "background", "nucleus", "background"]


def test_a_place_in_the_image_tells_alike_colours_apart() -> None:
    labels = np.repeat(np.arange(3), 27)[:80, None] * np.ones((1, 80), int)
    words = "sky: grey, at the top; road: grey, at the bottom; tree: green"
    assert _named(labels, [(0.6,) * 3, (0.2, 0.5, 0.2), (0.6,) * 3], words) == ["sky", "tree", "road"]


def test_nothing_is_named_after_a_class_that_is_not_there(cell: np.ndarray) -> None:
    assert set(_named(cell, [WHITE, PINK, PURPLE, PINK], "leaf: green")) == {"background"}


def test_nothing_to_name_is_no_problem() -> None:
    image = np.zeros((8, 8, 3), np.float32)
    assert RegionWords().classify(image, [], list(Vocabulary.parse("a"))).shape == (0, 1)
    empty = Mask((0, 0), np.zeros((0, 0), bool))
    assert RegionWords().classify(image, [empty], []).shape == (1, 0)
    assert RegionWords().classify(image, [empty], list(Vocabulary.parse("a: red"))).shape == (1, 1)
