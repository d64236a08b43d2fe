"""The whole job in one call."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_zeroseg import api
from napari_zeroseg.core.errors import BadImageError, BadVocabularyError, ZeroSegError
from napari_zeroseg.core.recipe import Recipe
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
