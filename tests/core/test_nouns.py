"""What a caption names, and which classes that means."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.nouns import nearest_names, nouns_of


@pytest.mark.parametrize(
    ("caption", "nouns"),
    [
        ("A brown dog sits on green grass.", ("brown dog", "green grass")),
        ("a photo of a car and a tree next to a car", ("car", "tree")),
        ("", ()),
    ],
)
def test_nouns_keep_their_adjectives(caption: str, nouns: tuple[str, ...]) -> None:
    assert nouns_of(caption) == nouns


def test_a_noun_means_its_nearest_class_unless_it_is_farther_than_the_mean() -> None:
    near = np.array([[0.9, 0.1], [0.2, 0.7], [0.3, 0.1]])
    found = nearest_names(("cat", "tree", "idea"), ("animal", "plant"), near)
    assert found == {"cat": "animal", "tree": "plant"}
    assert nearest_names((), ("animal",), np.zeros((0, 1))) == {}
