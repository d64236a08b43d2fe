"""Clusters, their names and their masks, with backends that are easy to follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.core.clusters import with_places
from napari_zeroseg.core.compose import Claims, semantic_labels
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.events import Captioned, Described, Detected, Event, Found
from napari_zeroseg.core.freeseg import FreeSegParameters
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods import freeseg
from napari_zeroseg.methods.job import Job
from tests.fakes import fake_backends, squares

VOCABULARY = Vocabulary.parse("grey; bright")
PLAIN = FreeSegParameters(crf_iterations=0, place_weight=0, least_share=0)


def _job(parameters: FreeSegParameters = PLAIN, *accepted: str) -> Job:
    recipe = Recipe(method=Method.FREESEG_DIFF, freeseg=parameters)
    provenance = Provenance(method="freeseg-diff")
    return Job(VOCABULARY, accepted or VOCABULARY.names, fake_backends(), recipe, provenance)


def _events(job: Job, image: np.ndarray | None = None) -> list[Event]:
    plane = plane_from_array(squares() if image is None else image)
    return list(freeseg.segment(plane, job, Claims(VOCABULARY)))


def _found(events: list[Event]) -> list[Instance]:
    return [event.instance for event in events if isinstance(event, Found)]


def _truth() -> np.ndarray:
    image = squares()
    return np.where(image > 200, 2, np.where(image > 100, 1, 0))


def test_each_piece_of_a_named_cluster_is_proposed() -> None:
    found = _found(_events(_job()))
    assert sorted(i.name for i in found) == ["bright", "bright", "grey"]
    assert np.array_equal(semantic_labels(found, VOCABULARY, (64, 64)), _truth())
    assert all(i.provenance.method == "freeseg-diff" and i.provenance.phrase == i.name for i in found)


def test_the_random_field_keeps_what_the_colours_tell_apart() -> None:
    parameters = FreeSegParameters(place_weight=0)
    found = _found(_events(_job(parameters)))
    assert np.array_equal(semantic_labels(found, VOCABULARY, (64, 64)), _truth())


def test_classes_that_are_not_accepted_are_left_out() -> None:
    events = _events(_job(PLAIN, "grey"))
    assert [i.name for i in _found(events)] == ["grey"]
    detected = next(e for e in events if isinstance(e, Detected))
    assert detected.detections == (Detection((8.0, 40.0, 20.0, 52.0), pytest.approx(0.9), "grey", "grey"),)


def test_looks_are_told_before_anything_is_drawn() -> None:
    described = next(e for e in _events(_job()) if isinstance(e, Described))
    assert [c.attributes.color for c in described.classes] == ["bright", "bright"]


def test_specks_are_left_out() -> None:
    image = squares()
    image[60, 60] = 255
    few = PLAIN.model_copy(update={"least_share": 2 / 64**2})
    assert len(_found(_events(_job(), image))) == 4
    assert len(_found(_events(_job(few), image))) == 3


def test_an_image_without_any_difference_is_all_background() -> None:
    events = list(freeseg.segment(np.zeros((64, 64, 3), np.float32), _job(), Claims(VOCABULARY)))
    assert not _found(events)
    assert next(e for e in events if isinstance(e, Detected)).detections == ()


def test_only_the_likeliest_cluster_keeps_a_class_where_so_wanted() -> None:
    class Unsure:
        def classify(self, image, masks, classes):
            return np.array([[0.5], [0.6], [0.4]], np.float32)

    labels = np.arange(3, dtype=np.uint8)[:, None]
    image = np.zeros((12, 1, 3), np.float32)
    for only_one, names in ((False, ("grey", "grey", None)), (True, (None, "grey", None))):
        job = _job(PLAIN.model_copy(update={"one_cluster_per_class": only_one}), "grey")
        job = replace(job, backends=replace(job.backends, classifier=Unsure()))
        assert freeseg.name(image, labels, job.wanted, job)[0] == names


def test_the_number_of_clusters_goes_with_the_candidates_or_is_given() -> None:
    features = np.repeat(np.eye(3, dtype=np.float32), 40, axis=0).reshape(6, 20, 3)
    count = freeseg.count_of
    assert count(features, 3, PLAIN.model_copy(update={"spare_clusters": 2})) == 5
    assert count(features, 3, PLAIN.model_copy(update={"clusters": 7})) == 7
    assert count(features, 3, PLAIN.model_copy(update={"clusters": "silhouette"})) == 3


def test_places_differ_by_their_distance_as_much_as_is_said() -> None:
    features = np.random.default_rng(0).normal(0, [3, 4], (50, 80, 2)).astype(np.float32)
    placed = with_places(features, 0.5)
    assert np.array_equal(placed[..., :2], features)
    assert placed[..., 2:].std(axis=(0, 1)) == pytest.approx([2.5, 2.5], rel=0.05)
    assert freeseg.with_places(features, 0) is features


def test_clusters_lie_on_the_grid_of_the_features_in_few_bytes() -> None:
    features = np.arange(4, dtype=np.float32).reshape(2, 2, 1)
    labels = freeseg.parted(features, 0, PLAIN)
    assert np.array_equal(labels, [[0, 1], [2, 3]])
    assert labels.dtype == np.uint8


def test_a_large_image_is_drawn_shrunk_and_its_masks_enlarged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freeseg, "MAX_SIDE", 32)
    found = _found(_events(_job()))
    semantic = semantic_labels(found, VOCABULARY, (64, 64))
    assert (semantic == _truth()).mean() > 0.98


class _Words:
    """An encoder that knows what is alike."""

    def encode(self, texts):
        near = {"pale square": "grey", "lamp": "bright"}
        return np.array([[near.get(t, t) == n for n in VOCABULARY.names] for t in texts], np.float32)


@pytest.mark.parametrize("encoder", [_Words(), None], ids=["with an encoder", "with the refiner alone"])
def test_a_caption_can_choose_among_the_accepted_classes(
    monkeypatch: pytest.MonkeyPatch, encoder: _Words | None
) -> None:
    monkeypatch.setattr("napari_zeroseg.methods.freeseg.minilm.installed", lambda: encoder)
    job = _job(PLAIN.model_copy(update={"candidates": "caption"}))
    monkeypatch.setattr(job.backends.captioner, "caption", lambda image: CAPTIONS[encoder is None])
    assert {i.name for i in _found(_events(job))} == {"grey"}


CAPTIONS = ("a pale square on a table", "a grey square")


def test_where_a_caption_names_no_class_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_zeroseg.methods.freeseg.minilm.installed", lambda: None)
    job = _job(PLAIN.model_copy(update={"candidates": "caption"}))
    monkeypatch.setattr(job.backends.captioner, "caption", lambda image: "")
    assert not _found(_events(job))


def test_what_a_caption_names_and_no_class_means_is_an_idea(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_zeroseg.methods.freeseg.minilm.installed", lambda: None)
    job = _job(PLAIN.model_copy(update={"candidates": "caption"}), "grey")
    caption = "a grey square and a bright lamp on a wooden table"
    monkeypatch.setattr(job.backends.captioner, "caption", lambda image: caption)
    (told,) = [e for e in _events(job) if isinstance(e, Captioned)]
    assert told.caption == caption
    # "bright" is a class too, though not an accepted one
    assert [idea.name for idea in told.ideas] == ["wooden table"]


def test_no_caption_is_asked_for_where_classes_are_accepted() -> None:
    assert not [e for e in _events(_job()) if isinstance(e, Captioned)]
