"""A batch as a person handles it, without a window."""

from __future__ import annotations

import pytest
import tifffile

from napari_zeroseg.batch import run as batch_run
from napari_zeroseg.batch.choice import NO_CLASSES, NO_FOLDER, NO_IMAGES, Choice, missing, what_is_sent
from napari_zeroseg.batch.desk import BatchDesk
from napari_zeroseg.batch.ledger import DONE, FAILED
from napari_zeroseg.batch.places import Places, images_in
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.saved.reading import read_saved
from tests.batch.test_one import corrected
from tests.fakes import squares

REMOTE = {"segmenter": "embedded:contours", "detector": "embedded:regions"}


class Here:
    """Does what is asked for at once, and can be called off from within."""

    def __init__(self) -> None:
        self.cancellation = Cancellation()
        self.closed = False

    def do(self, work, on_done, on_problem):
        self.cancellation = Cancellation()
        try:
            with cancelled_by(self.cancellation):
                done = work()
        except Exception as problem:  # noqa: BLE001
            on_problem(problem)
        else:
            on_done(done)

    def tell(self, listener, *said):
        listener(*said)

    def cancel(self):
        self.cancellation.cancel()

    def close(self):
        self.closed = True


@pytest.fixture
def beside():
    return Here()


@pytest.fixture
def desk(beside, farm, images, recipe):
    made = BatchDesk(beside)
    made.choose(folder=images, out=images.parent / "out")
    made.take_recipe(recipe)
    return made


def told(desk):
    return {line.path.name: line.status for line in desk.lines}


def test_what_is_missing_is_told_in_order(tmp_path, images, recipe):
    assert missing(Choice(), recipe, 0) == NO_FOLDER
    assert missing(Choice(folder=tmp_path), recipe, 0) == NO_IMAGES
    assert missing(Choice(folder=images), Recipe(), 3) == NO_CLASSES
    assert missing(Choice(folder=images, recipe_file=images), None, 3) == "Choose a recipe file."
    assert "results" in missing(Choice(folder=images), recipe, 3)
    assert missing(Choice(folder=images, out=tmp_path), recipe, 3) == ""


def test_words_are_sent_only_when_that_is_agreed_to(images, recipe):
    sending = recipe.model_copy(update={"backends": {"refiner": "openai:small@https://api.example.org/v1"}})
    choice = Choice(folder=images, out=images)
    assert what_is_sent(sending) == "words to api.example.org"
    remote = {role: f"remote:https://gpu.lab:8765#{name}" for role, name in REMOTE.items()}
    assert what_is_sent(recipe.model_copy(update={"backends": remote})) == "images to gpu.lab:8765"
    assert what_is_sent(recipe) == ""
    assert "api.example.org" in missing(choice, sending, 3)
    assert missing(Choice(folder=images, out=images, agreed=True), sending, 3) == ""


def test_images_are_found_by_name_wherever_they_lie(images):
    out = images / "out"
    for name in ("out/a.tif", "UPPER.TIF", ".hidden.tif", "notes.txt", "x.zarr/inside.tif"):
        (images / name).parent.mkdir(exist_ok=True)
        (images / name).touch()
    found = [str(path.relative_to(images)) for path in images_in(images, "*.tif *.zarr", out)]
    assert found == ["UPPER.TIF", "a.tif", "b.tif", "bad.tif", "more/a.tif", "x.zarr"]
    assert len(images_in(images, "*.tif", out, below=False)) == 4
    assert images_in(images / "nowhere", "*.tif") == []


def test_a_batch_fills_the_table_as_it_goes_on(desk):
    assert told(desk) == {"a.tif": "", "b.tif": "", "bad.tif": ""}
    seen = []
    desk.line_changed.connect(lambda number: seen.append((desk.lines[number].path.name, desk.pace.done)))
    desk.start()
    assert told(desk) == {"a.tif": DONE, "b.tif": DONE, "bad.tif": FAILED}
    assert [name for name, _ in seen] == ["a.tif", "b.tif", "bad.tif", "a.tif", "bad.tif"]
    assert [done for _, done in seen] == [1, 2, 2, 3, 4]
    bad = next(line for line in desk.lines if line.status == FAILED)
    assert "could not be read" in bad.problem
    assert desk.lines[0].counts == {"bright": 2, "grey": 1}
    assert (desk.summary.done, desk.summary.failed, desk.report) == (3, 1, desk.summary.report)
    assert not desk.running


def test_what_was_done_before_is_known_when_the_folder_is_chosen_again(desk, images):
    desk.start()
    again = BatchDesk(Here())
    again.choose(folder=images, out=images.parent / "out")
    assert told(again) == told(desk)
    assert again.report == desk.report


def test_a_folder_for_results_is_proposed_beside_the_images(images):
    desk = BatchDesk(Here())
    desk.choose(folder=images)
    assert desk.choice.out == images.with_name("images-results")
    desk.choose(folder=images / "more")
    assert desk.choice.out == images.with_name("images-results")


def test_the_recipe_of_results_counts_on_until_another_is_chosen(desk, farm, images, recipe):
    desk.choose(force=True)
    desk.start()
    assert not desk.choice.force
    other = Recipe().with_vocabulary(Vocabulary.parse("grey"))
    again = BatchDesk(Here())
    again.take_recipe(other)
    again.choose(folder=images, out=images.parent / "out")
    assert again.recipe == recipe
    (images / "bad.tif").unlink()
    farm.done.clear()
    again.start()
    assert farm.done == []
    again.choose(recipe_file=None)
    assert again.recipe == other
    again.start()
    assert len(farm.done) == 3
    assert again.recipe == other
    assert again.lines[0].counts == {"grey": 1}


def test_only_what_failed_is_tried_again(desk, farm, images):
    desk.start()
    with pytest.raises(NotNowError, match="No image has failed"):
        BatchDesk(Here()).retry()
    farm.done.clear()
    tifffile.imwrite(images / "bad.tif", squares())
    tifffile.imwrite(images / "new.tif", squares())
    desk.retry()
    assert farm.done == ["bad.tif"]
    assert told(desk)["bad.tif"] == DONE
    desk.start()
    assert farm.done == ["bad.tif", "new.tif"]
    assert desk.summary.skipped == 4


def test_a_batch_that_is_called_off_keeps_what_is_done_and_goes_on(desk, farm, beside, monkeypatch):
    def stop(number: int) -> None:
        if desk.pace.done == 1:
            desk.cancel()
            assert desk.stopping

    def interruptible_farm(_client, items, order, work, *, alone):
        for outcome in farm(None, items, order, work, alone=alone):
            if beside.cancellation.cancelled:
                raise CancelledError
            yield outcome

    monkeypatch.setattr(batch_run, "done_by", interruptible_farm)
    desk.line_changed.connect(stop)
    desk.start()
    desk.line_changed.disconnect(stop)
    assert (desk.summary.done, desk.summary.left, desk.running) == (1, 3, False)
    assert desk.summary.report.is_file()
    farm.done.clear()
    desk.start()
    assert (desk.summary.skipped, desk.summary.left) == (1, 0)


def test_what_a_person_corrected_is_taken_in(desk, images):
    desk.start()
    work = Places(images.parent / "out").work_file(images / "b.tif")
    corrected(work, read_saved(work))
    desk.start()
    assert told(desk)["b.tif"] == "corrected"
    assert desk.summary.corrected == 1


def test_what_the_window_has_open_is_lent_first(farm, images, recipe, beside):
    asked = []
    desk = BatchDesk(beside, lambda: asked.append(list(farm.done)))
    desk.choose(folder=images, out=images.parent / "out")
    desk.take_recipe(recipe)
    desk.start()
    assert asked == [[]]


def test_a_recipe_file_counts_in_place_of_the_window(desk, images, tmp_path):
    other = Recipe().with_vocabulary(Vocabulary.parse("grey"))
    other.write(tmp_path / "grey.json")
    desk.choose(recipe_file=tmp_path / "grey.json")
    assert desk.recipe == other
    desk.start()
    assert desk.lines[0].counts == {"grey": 1}
    problems = []
    desk.problem_raised.connect(problems.append)
    (tmp_path / "none.json").write_text("{")
    desk.choose(recipe_file=tmp_path / "none.json")
    assert desk.recipe is None
    assert len(problems) == 1
    desk.choose(recipe_file=None)
    assert desk.recipe.wanted == ("bright", "grey")


def test_what_stops_a_batch_is_told_and_another_can_begin(desk, images, recipe):
    problems = []
    desk.problem_raised.connect(problems.append)
    (images.parent / "out").touch()  # a file where the folder would be
    desk.start()
    assert len(problems) == 1
    assert not desk.running
    (images.parent / "out").unlink()
    desk.start()
    assert desk.summary.done == 3


def test_nothing_begins_while_a_batch_runs(desk):
    refused = []

    def again(_number: int) -> None:
        with pytest.raises(NotNowError):
            desk.start()
        refused.append(True)

    desk.line_changed.connect(again)
    desk.start()
    assert refused
