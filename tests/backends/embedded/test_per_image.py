from __future__ import annotations

from weakref import ref

import numpy as np
import pytest

from napari_zeroseg.backends.embedded import per_image as module
from napari_zeroseg.backends.embedded.per_image import per_image


class Answer:
    """What is known of an image."""


def plane(value: float) -> np.ndarray:
    return np.full((20, 20, 3), value, np.float32)


def test_the_last_images_are_remembered() -> None:
    asked = []
    find = per_image(lambda image: asked.append(float(image.mean())) or len(asked))
    assert [find(plane(v)) for v in (0, 1, 0, 1)] == [1, 2, 1, 2]
    for value in range(2, 2 + module.CACHED_IMAGES):
        find(plane(value))
    assert find(plane(0)) == 3 + module.CACHED_IMAGES


def test_a_large_image_is_forgotten_before_the_next_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED_PIXELS", 500)
    found: list[ref[Answer]] = []

    @per_image
    def find(image: np.ndarray) -> Answer:
        assert all(answer() is None for answer in found)
        answer = Answer()
        found.append(ref(answer))
        return answer

    find(plane(0))
    assert found[0]() is not None
    find(plane(1))
    assert len(found) == 2
