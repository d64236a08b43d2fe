"""The whole job in one call."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_zeroseg import api
from napari_zeroseg.core.axes import AmbiguousAxesError
from napari_zeroseg.core.channels import Channel, Composition
from napari_zeroseg.core.errors import BadImageError, BadVocabularyError, ZeroSegError
from napari_zeroseg.core.recipe import Parameters, Recipe
from napari_zeroseg.session.session import Session
from tests.fakes import FakeBackend, fake_backends, squares


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    made = FakeBackend()
    monkeypatch.setattr(
        api, "Session", lambda recipe: Session(recipe=recipe, backends=lambda r: fake_backends(r, made))
    )
    return made


def test_labels_and_class_ids(fake: FakeBackend) -> None:
    result = api.segment(squares(), "grey, bright")
    assert np.array_equal(result.semantic(), np.select([squares() > 200, squares() > 0], [2, 1]))
    assert sorted(np.unique(result.labels("bright"))) == [0, 1, 2]
    assert result.labels("bright").dtype == np.int32
    assert result.shape == (64, 64)


def test_every_named_class_is_looked_for_unless_only_suggested_ones_are_wanted(fake: FakeBackend) -> None:
    assert api.segment(squares(), "bright, absent").state.accepted_names == ("bright", "absent")
    only = api.segment(squares(), "bright, absent", suggested_only=True)
    assert only.state.accepted_names == ("bright",)
    nothing = api.segment(squares(), "absent", suggested_only=True)
    assert nothing.instances == ()


def test_classes_can_come_from_the_recipe(fake: FakeBackend) -> None:
    first = api.segment(squares(), "bright: shining")
    again = api.segment(squares(), recipe=first.recipe)
    assert np.array_equal(first.semantic(), again.semantic())


def test_the_record_says_what_made_each_mask(fake: FakeBackend) -> None:
    record = json.loads(json.dumps(api.segment(squares(), "bright", name="a.png").record()))
    assert record["image"] == {"name": "a.png", "height": 64, "width": 64}
    assert record["recipe"]["classes"][0]["name"] == "bright"
    entry = record["instances"][0]
    assert (entry["class"], entry["state"], entry["area_px"]) == ("bright", "proposed", 100)
    assert entry["provenance"]["phrase"] == "bright square"
    assert record["versions"]["numpy"] == np.__version__


def test_progress_is_told(fake: FakeBackend) -> None:
    texts: list[str] = []
    api.segment(squares(), "bright", progress=lambda activity: texts.append(activity.text))
    assert "Drawing masks" in texts


def test_problems_are_raised(monkeypatch: pytest.MonkeyPatch, fake: FakeBackend) -> None:
    with pytest.raises(BadImageError):
        api.segment(np.zeros((64, 64)), "bright")
    with pytest.raises(BadVocabularyError):
        api.segment(squares(), "")
    with pytest.raises(BadVocabularyError):
        api.segment(squares(), recipe=Recipe())

    def broken(image: np.ndarray, classes: object) -> list[object]:
        raise RuntimeError("no luck")

    monkeypatch.setattr(fake, "detect", broken)
    with pytest.raises(ZeroSegError, match="no luck"):
        api.segment(squares(), "bright")


def test_all_planes_of_a_stack_are_one_job(fake: FakeBackend) -> None:
    flat = np.zeros_like(squares())
    stack = np.stack([squares(), squares().T, flat])[None]
    result = api.segment(stack, "grey, bright", axes="TZYX")
    assert result.grid.axes == "TZYX"
    assert result.semantic().shape == result.labels("bright").shape == (1, 3, 64, 64)
    expected = np.select([stack > 200, stack > 0], [2, 1])
    assert np.array_equal(result.semantic(), expected)
    assert result.image.shape == (64, 64, 3)
    assert {i.plane for i in result.pictured} == {(0, 1)}
    record = json.loads(json.dumps(result.record()))
    assert (record["image"]["axes"], record["image"]["depth"]) == ("TZYX", [1, 3])


def test_one_plane_of_a_stack_is_a_picture(fake: FakeBackend) -> None:
    stack = np.stack([squares(), squares().T])
    result = api.segment(stack, "bright", axes="ZYX", plane={"Z": 1})
    assert np.array_equal(result.labels("bright") > 0, squares().T > 200)
    assert result.record()["image"]["planes"] == [[1]]


def test_channels_are_seen_together(fake: FakeBackend) -> None:
    left, right = squares(), squares()
    left[:, 32:], right[:, :32] = 0, 0
    channels = np.stack([left, right])
    white = Composition(channels=(Channel(), Channel()))
    result = api.segment(channels, "bright", axes="CYX", recipe=Recipe(composition=white))
    assert np.array_equal(result.labels("bright") > 0, squares() > 200)
    assert result.recipe.composition == white


def test_an_image_that_is_the_same_everywhere_is_refused(fake: FakeBackend) -> None:
    with pytest.raises(BadImageError, match="the same on every plane"):
        api.segment(np.zeros((3, 64, 64)), "bright", axes="ZYX")


@pytest.mark.parametrize("shape", [(5, 64, 64), (3, 64, 64), (5, 2, 64, 64), (2, 64, 64, 3)])
def test_axes_are_not_guessed(fake: FakeBackend, shape: tuple[int, ...]) -> None:
    with pytest.raises(AmbiguousAxesError, match="axes="):
        api.segment(np.zeros(shape, np.uint8), "bright")


def test_a_recipe_for_other_channels_is_refused(fake: FakeBackend) -> None:
    recipe = Recipe(composition=Composition(channels=(Channel(), Channel())))
    with pytest.raises(BadImageError, match="2 channels, but the image has 1"):
        api.segment(squares(), "bright", recipe=recipe)


def _discs(*radii: int) -> np.ndarray:
    rows, cols = np.mgrid[:48, :48]
    return np.stack([20 + 200 * ((rows - 24) ** 2 + (cols - 24) ** 2 < r**2) for r in radii]).astype(np.uint8)


def test_labels_are_carried_through_a_stack_with_empty_planes() -> None:
    stack = _discs(0, 5, 8, 10, 8, 5, 0)
    labels = np.where((np.arange(7) == 3)[:, None, None], (stack > 100) * 5, 0)
    carried = api.propagate(stack, labels, axes="ZYX")
    assert np.array_equal(carried[3], labels[3])
    assert np.array_equal((carried == 5).any(axis=(1, 2)), (stack > 100).any(axis=(1, 2)))
    assert set(np.unique(carried)) == {0, 5}


def test_a_stack_at_several_moments_is_carried_along_one_axis() -> None:
    film = np.stack([_discs(8, 8, 8), _discs(8, 8, 8)])
    labels = np.zeros(film.shape, int)
    labels[0, 1] = film[0, 1] > 100
    carried = api.propagate(film, labels, axes="TZYX", along="Z")
    assert carried[0].any(axis=(1, 2)).all()
    assert not carried[1].any()
    with pytest.raises(ZeroSegError, match="not clear"):
        api.propagate(film, labels, axes="TZYX")
    with pytest.raises(ZeroSegError, match="shape"):
        api.propagate(film, labels[0], axes="TZYX", along="Z")


def test_labels_from_anywhere_are_drawn_to_the_edges():
    image = np.full((60, 60), 20, np.uint8)
    image[20:40, 20:40] = 200
    rough = np.zeros((60, 60), int)
    rough[22:42, 18:38] = 70
    truth = image > 100
    refined = api.refine_edges(image, rough)
    assert refined.dtype == np.int32
    assert set(np.unique(refined)) == {0, 70}
    assert np.mean((refined == 70) != truth) < 0.01 < np.mean((rough == 70) != truth)
    with pytest.raises(ZeroSegError, match="do not lie on"):
        api.refine_edges(image, rough[1:])


def test_a_large_array_on_the_disk_is_read_in_parts(fake: FakeBackend, tmp_path: Path) -> None:
    import zarr

    array = zarr.create_array(tmp_path / "a.zarr", shape=(1500, 300), chunks=(256, 256), dtype="uint8")
    array[40:60, 100:120] = 255
    array[1400:1420, 200:220] = 255
    recipe = Recipe(parameters=Parameters(tile=512, tile_overlap=64))
    result = api.segment(array, "bright", recipe=recipe)
    assert result.shape == (1500, 300)
    assert "image" not in vars(result)
    assert sorted(i.mask.box for i in result.instances) == [(100, 40, 120, 60), (200, 1400, 220, 1420)]
    assert fake.calls["detect"] == 2
