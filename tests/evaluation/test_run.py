"""A run: what is written, what is not done twice, and what is told of failures."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from napari_zeroseg import api
from napari_zeroseg.backends.embedding_limits import VARIABLE
from napari_zeroseg.core.consent import PERSON
from napari_zeroseg.core.errors import ExportError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.evaluation import one
from napari_zeroseg.evaluation.datasets import open_dataset
from napari_zeroseg.evaluation.document import Evaluation
from napari_zeroseg.evaluation.folder import open_folder
from napari_zeroseg.evaluation.run import LEDGER, NothingScoredError, evaluate
from napari_zeroseg.session.session import Session
from tests.evaluation import layouts
from tests.fakes import FakeBackend, fake_backends, squares


@pytest.fixture
def dataset(tmp_path):
    layouts.folder(tmp_path / "data")
    return open_folder(tmp_path / "data")


@pytest.fixture
def seen(tmp_path, monkeypatch):
    """A data set of one image that deterministic backends see as it is."""
    fake = FakeBackend()
    monkeypatch.setattr(
        api, "Session", lambda recipe: Session(recipe=recipe, backends=lambda r: fake_backends(r, fake))
    )
    monkeypatch.setattr(one, "backends_of", lambda recipe: fake_backends(recipe, fake))
    root, image = tmp_path / "seen", squares()
    objects = (image > 200).astype(np.uint8)
    objects[30:40, 40:50] = 2
    objects[image == 128] = 3
    for name, array in {
        "images": image,
        "masks": (image > 200) + 2 * (image == 128),
        "objects": objects,
    }.items():
        (root / name).mkdir(parents=True)
        tifffile.imwrite(root / name / "a.tif", array.astype(np.uint8))
    (root / "classes.txt").write_text("0 background\n1 bright\n2 grey\n")
    return open_folder(root)


def test_what_is_found_as_it_is_scores_in_full(seen, tmp_path):
    done = evaluate(seen, Recipe(), tmp_path / "out", count=1, clicks=5)
    scores = {name: score.value for name, score in done.evaluation.scores.items()}
    assert scores == dict.fromkeys(scores, 1.0)
    assert {"miou", "macc", "aacc", "boundary", "ap", "ap50", "ap75", "pq", "sq", "rq", "f1"} == scores.keys()
    clicks = done.evaluation.clicks
    assert (clicks.objects, clicks.to90, clicks.iou1, clicks.failed90) == (3, 1.0, 1.0, 0.0)
    assert [c.objects for c in done.evaluation.classes] == [None, 2, 1]


def test_all_files_are_written_and_the_document_can_be_read(dataset, guessed, tmp_path):
    done = evaluate(dataset, Recipe(), tmp_path / "out", count=1, resamples=50)
    assert done.picture.read_bytes().startswith(b"\x89PNG")
    assert Evaluation.model_validate_json(done.document.read_bytes()) == done.evaluation
    assert done.evaluation.confusion == tuple(map(tuple, json.loads(done.document.read_text())["confusion"]))
    assert sum(map(sum, done.evaluation.confusion)) == 3 * 48 * 64 - 3 * 60
    report = done.report.read_text()
    assert f"| mIoU | {100 * done.evaluation.scores['miou'].value:.1f} |" in report
    assert "![Which classes are taken for which](confusion.png)" in report
    # a recipe can be taken from it, as from a record
    assert Recipe.read(done.document).wanted == ("bright", "grey")


def test_the_process_is_left_as_it_was(dataset, guessed, tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    before = PERSON.ask
    evaluate(dataset, Recipe(), tmp_path / "out", count=1, limit=1, agreed=True, resamples=5)
    assert VARIABLE not in os.environ
    assert PERSON.ask is before


def test_the_recipe_s_own_words_are_used_and_its_other_classes_are_background(dataset, guessed, tmp_path):
    recipe = Recipe().with_vocabulary(Vocabulary.parse("Grey: dull; debris: tiny"))
    done = evaluate(dataset, recipe, tmp_path / "out", count=1, resamples=5)
    wanted = done.evaluation.recipe.vocabulary
    assert wanted.names == ("bright", "Grey", "debris")
    assert [c.attributes.text() for c in wanted] == ["white, square", "dull", "tiny"]
    assert [c.name for c in done.evaluation.classes] == ["background", "bright", "grey"]
    assert "and 1 of the recipe's own" in done.report.read_text()


def test_nothing_is_done_twice_unless_it_has_changed(dataset, guessed, tmp_path):
    out = tmp_path / "out"
    assert evaluate(dataset, Recipe(), out, count=1, limit=2, resamples=5).skipped == 0
    guessed.clear()
    done = evaluate(dataset, Recipe(), out, count=1, resamples=5)
    assert (done.skipped, set(guessed)) == (2, {"c.jpg"})
    guessed.clear()
    mask = dataset.samples[0].values
    mask.write_bytes(mask.read_bytes() + b"\0")
    evaluate(dataset, Recipe(), out, count=1, resamples=5)
    assert set(guessed) == {"a.jpg"}
    guessed.clear()
    assert evaluate(dataset, Recipe(), out, count=1, force=True, resamples=5).skipped == 0
    other = Recipe(parameters=Recipe().parameters.model_copy(update={"box_threshold": 0.5}))
    assert evaluate(dataset, other, out, count=1, resamples=5).skipped == 0


def test_the_first_images_are_scored_alone_and_the_report_says_so(dataset, guessed, tmp_path):
    done = evaluate(dataset, Recipe(), tmp_path / "out", count=1, limit=2, resamples=5)
    assert (done.evaluation.images, done.evaluation.available) == (2, 3)
    assert "- **Images:** 2 of 3" in done.report.read_text()


def test_images_that_fail_are_told_and_the_rest_is_scored(dataset, guessed, tmp_path):
    dataset.samples[1].path.write_bytes(b"no image")
    tifffile.imwrite(dataset.samples[2].path.with_suffix(".tif"), np.zeros((9, 9), np.uint8))
    dataset.samples[2].path.unlink()
    done = evaluate(open_folder(dataset.samples[0].path.parents[1]), Recipe(), tmp_path / "out", count=1)
    assert done.evaluation.images == 1
    problems = {failure.image: failure.problem for failure in done.evaluation.failures}
    assert "could not be read" in problems["b"]
    assert "its truth (48, 64)" in problems["c"]
    assert "## Images without scores" in done.report.read_text()
    assert done.evaluation.scores["miou"].low is None  # one image says nothing of others


def test_when_no_image_can_be_scored_the_first_problem_is_told(dataset, tmp_path):
    for sample in dataset.samples:
        sample.path.write_bytes(b"no image")
    with pytest.raises(NothingScoredError, match=r"None of the 3 images.*could not be read"):
        evaluate(dataset, Recipe(), tmp_path / "out", count=1)


def test_another_run_in_the_same_folder_is_refused(dataset, guessed, tmp_path, monkeypatch):
    def meanwhile(sample, exam):
        evaluate(dataset, Recipe(), tmp_path / "out", count=1)

    monkeypatch.setattr("napari_zeroseg.evaluation.run.examine", meanwhile)
    with pytest.raises(ExportError, match="writing into"):
        evaluate(dataset, Recipe(), tmp_path / "out", count=1)


def test_the_scores_do_not_depend_on_the_order_in_which_images_are_done(dataset, guessed, tmp_path):
    first = evaluate(dataset, Recipe(), tmp_path / "a", count=1, resamples=20).evaluation
    evaluate(dataset, Recipe(), tmp_path / "b", count=1, limit=1)
    second = evaluate(dataset, Recipe(), tmp_path / "b", count=1, resamples=20).evaluation
    assert first.scores == second.scores
    assert (tmp_path / "b" / LEDGER).is_file()


def test_what_is_done_with_every_image_goes_to_other_processes(dataset):
    exam = one.Exam(Recipe(), dataset.classes, dataset.told_apart)
    sample, same = pickle.loads(pickle.dumps((dataset.samples[0], exam)))
    assert (sample, same) == (dataset.samples[0], exam)
    assert same.key == exam.key != replace(exam, clicks=1).key


def test_a_data_set_that_was_moved_and_another_one_go_into_the_same_folder(dataset, guessed, tmp_path):
    out = tmp_path / "out"
    evaluate(dataset, Recipe(), out, count=1, resamples=5)
    (tmp_path / "data").rename(tmp_path / "moved")
    assert evaluate(open_folder(tmp_path / "moved"), Recipe(), out, count=1, resamples=5).skipped == 0
    layouts.dram(tmp_path)
    done = evaluate(open_dataset("dram", tmp_path), Recipe(), out, count=1, resamples=5)
    assert (done.evaluation.images, len(done.evaluation.classes)) == (2, 12)
