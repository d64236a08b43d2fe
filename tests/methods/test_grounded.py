"""The method against deterministic backends: which events come, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.backends.registry import Backends
from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.events import Described, Detected, Found, Progress, StageStarted, Suggested, Tagged
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.recipe import Parameters, Recipe
from napari_zeroseg.core.suggestion import Tag
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.methods import grounded
from napari_zeroseg.methods.job import Job
from tests.fakes import FakeBackend, fake_backends, source, squares

VOCABULARY = Vocabulary.parse("bright, grey, absent")
IMAGE = source().pixels


def _segment(backends: Backends, accepted: list[str], parameters: Parameters | None = None) -> list[object]:
    recipe = Recipe(parameters=parameters or Parameters())
    job = Job(VOCABULARY, accepted, backends, recipe, Provenance())
    return list(grounded.segment(IMAGE, job, Claims(VOCABULARY)))


def _found(events: list[object]) -> list[Instance]:
    return [e.instance for e in events if isinstance(e, Found)]


def test_recognition_tags_captions_and_suggests_every_class() -> None:
    events = list(grounded.recognise(IMAGE, VOCABULARY, fake_backends()))
    kinds = [type(e) for e in events if not isinstance(e, StageStarted)]
    assert kinds == [Tagged, Described, Suggested]
    suggested = next(e for e in events if isinstance(e, Suggested)).suggestions
    assert [(s.name, s.confidence) for s in suggested] == [("bright", 0.9), ("grey", 0.9), ("absent", 0.1)]


class OpenFake(FakeBackend):
    """Can be told of classes; knows them by the look that the refiner adds."""

    def tag_among(self, image: np.ndarray, classes: Sequence[TargetClass]) -> list[Tag]:
        return [Tag(c.name, 0.8) for c in classes if c.attributes.color == "bright"]


def test_a_tagger_that_can_be_told_of_classes_is_told_how_they_look() -> None:
    fake = OpenFake()
    events = list(grounded.recognise(IMAGE, VOCABULARY, fake_backends(fake=fake)))
    tagged = next(e for e in events if isinstance(e, Tagged))
    assert {tag.text for tag in tagged.tags} == {"bright", "grey", "absent"}
    assert "tag" not in fake.calls


def test_masks_are_exact_and_come_by_falling_score() -> None:
    found = _found(_segment(fake_backends(), ["bright", "grey"]))
    assert [i.name for i in found] == ["grey", "bright", "bright"]
    assert [i.id for i in found] == [1, 1, 2]
    drawn = sum(i.mask.to_plane((64, 64)) for i in found)
    assert np.array_equal(drawn, squares() > 0)


def test_only_accepted_classes_are_drawn() -> None:
    assert {i.name for i in _found(_segment(fake_backends(), ["bright"]))} == {"bright"}


def test_phrases_are_mapped_once_each_and_remembered_in_the_event() -> None:
    fake = FakeBackend()
    events = _segment(fake_backends(fake=fake), ["bright", "grey"])
    matches = next(e for e in events if isinstance(e, Detected)).matches
    assert {(m.phrase, m.name) for m in matches} == {("bright square", "bright"), ("grey square", "grey")}
    assert fake.calls["match"] == 1


def test_a_phrase_of_no_class_is_dropped() -> None:
    class Stray(FakeBackend):
        def detect(self, image: np.ndarray, classes: object) -> list[Detection]:
            return [Detection((5, 5, 15, 15), 0.9, "teapot"), Detection((40, 30, 50, 40), 0.9, "bright")]

    found = _found(_segment(fake_backends(fake=Stray()), ["bright"]))
    assert [i.provenance.phrase for i in found] == ["bright"]


def test_the_second_pass_asks_with_boxes_and_points() -> None:
    fake = FakeBackend()
    found = _found(_segment(fake_backends(fake=fake), ["grey"], Parameters(refine_points=5)))
    assert fake.calls["segment"] == 2
    assert len(found[0].provenance.points) == 5
    assert all(8 <= p.x < 20 and 40 <= p.y < 52 for p in found[0].provenance.points)


def test_the_second_pass_can_be_left_out() -> None:
    fake = FakeBackend()
    _segment(fake_backends(fake=fake), ["grey"], Parameters(refine_points=0))
    assert fake.calls["segment"] == 1


def test_low_scores_and_doubles_are_left_out() -> None:
    class Doubled(FakeBackend):
        def detect(self, image: np.ndarray, classes: object) -> list[Detection]:
            box = (40.0, 30.0, 50.0, 40.0)
            return [
                Detection(box, 0.9, "bright"),
                Detection(box, 0.8, "bright"),
                Detection((5.0, 5.0, 15.0, 15.0), 0.1, "bright"),
            ]

    events = _segment(fake_backends(fake=Doubled()), ["bright"])
    assert len(next(e for e in events if isinstance(e, Detected)).detections) == 1


def test_a_phrase_of_which_one_word_alone_fits_is_left_out() -> None:
    class Worded(FakeBackend):
        def detect(self, image: np.ndarray, classes: object) -> list[Detection]:
            return [
                Detection((5, 5, 15, 15), 0.3, "bright", "bright", text_score=0.2),
                Detection((40, 30, 50, 40), 0.3, "bright", "bright", text_score=0.1),
            ]

    assert _boxes(_segment(fake_backends(fake=Worded()), ["bright"])) == [(5, 5, 15, 15)]
    all_words = Parameters(text_threshold=0.05)
    assert len(_boxes(_segment(fake_backends(fake=Worded()), ["bright"], all_words))) == 2


def test_a_box_can_be_of_one_class_alone() -> None:
    class Torn(FakeBackend):
        def detect(self, image: np.ndarray, classes: object) -> list[Detection]:
            return [Detection((5, 5, 15, 15), 0.8, n, n) for n in ("bright", "grey")]

    both = _segment(fake_backends(fake=Torn()), ["bright", "grey"])
    assert len(_boxes(both)) == 2
    one = _segment(fake_backends(fake=Torn()), ["bright", "grey"], Parameters(cross_class_nms_iou=0.9))
    assert len(_boxes(one)) == 1


def _boxes(events: list[object]) -> list[tuple[float, ...]]:
    return [d.box for d in next(e for e in events if isinstance(e, Detected)).detections]


def test_where_nothing_is_found_nothing_is_embedded() -> None:
    fake = FakeBackend()
    events = _segment(fake_backends(fake=fake), ["absent"])
    assert not _found(events)
    assert "embed" not in fake.calls


def test_progress_is_reported_per_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounded, "BATCH", 2)
    events = _segment(fake_backends(), ["bright", "grey"])
    steps = [(e.done, e.total) for e in events if isinstance(e, Progress)]
    assert steps == [(2, 3), (3, 3)]


def test_a_backend_can_be_swapped_per_role() -> None:
    other = FakeBackend()
    mixed = replace(fake_backends(), segmenter=other)
    _segment(mixed, ["bright"])
    assert set(other.calls) == {"embed", "segment"}
