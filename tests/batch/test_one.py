"""One image: what is written, and what a person has corrected."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from napari_zeroseg.batch.ledger import CORRECTED, DONE, FAILED, UNCHANGED
from napari_zeroseg.batch.one import prepare, process
from napari_zeroseg.batch.places import Item
from napari_zeroseg.core.consent import PERSON, Letter, TextKind
from napari_zeroseg.core.script import is_by_a_person
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.export.images import open_image
from napari_zeroseg.session.replaying import replay
from napari_zeroseg.session.saved.reading import read_saved
from napari_zeroseg.session.saved.store import SessionFile
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares

pytestmark = pytest.mark.usefixtures("fake")


def item(images, name="a", **more) -> Item:
    return Item(images / f"{name}.tif", name, **more)


def corrected(path, saved) -> None:
    """Save the work of a batch as a person leaves it: one mask gone, one painted."""
    session = Session(backends=fake_backends)
    session.open(source())
    session.restore(saved.timeline)
    session.delete_instances(("bright", 1))
    session.paint("grey", (0, 0), np.full((3, 5), 9, np.int32))
    with closing(SessionFile(path)) as file:
        file.write(saved.image, session.timeline)


def test_files_numbers_and_the_work_are_written(images, order):
    outcome = process(item(images), order)
    assert (outcome.status, outcome.problem) == (DONE, "")
    assert outcome.counts == {"bright": 2, "grey": 1}
    assert {path.name for path in order.places.results("a").iterdir()} == set(outcome.files)
    assert "a_semantic.tif" in outcome.files
    assert order.places.thumbnail("a").read_bytes()[:2] == b"\xff\xd8"
    assert [row["class"] for row in outcome.rows] == ["bright", "bright", "grey"]
    assert outcome.memory > 0
    assert not list(order.places.out.rglob(".zeroseg-*"))


def test_the_work_can_be_gone_on_with_and_replayed(images, order):
    process(item(images), order)
    saved = read_saved(order.places.work_file(images / "a.tif"))
    assert len(saved.timeline.present.instances) == 3
    assert saved.timeline.recipe.wanted == ("bright", "grey")
    assert not is_by_a_person(saved.timeline.notes)
    session = replay(saved.timeline.notes, lambda _: source(tifffile.imread(images / "a.tif")), fake_backends)
    assert [i.key for i in session.state.instances] == [i.key for i in saved.timeline.present.instances]


@pytest.mark.parametrize("beside", [True, False])
def test_what_a_person_corrected_is_the_result_and_stays(images, order, beside):
    process(item(images), order)
    work = order.places.work_file(images / "a.tif")
    mine = images / "a.tif.zeroseg" if beside else work
    corrected(mine, read_saved(work))
    before = mine.read_bytes()
    outcome = process(item(images), order)
    assert outcome.status == CORRECTED
    assert outcome.counts == {"bright": 1, "grey": 2}
    assert {row["state"] for row in outcome.rows} == {"proposed", "edited"}
    assert mine.read_bytes() == before
    grey = tifffile.imread(order.places.results("a") / "a_grey.tif")
    assert (grey[:3, :5] == 9).all()


def test_work_in_which_a_person_did_no_more_than_rename_stays_too(images, order):
    process(item(images), order)
    work = order.places.work_file(images / "a.tif")
    saved = read_saved(work)
    session = Session(backends=fake_backends)
    session.open(source())
    session.restore(saved.timeline)
    session.change_class("grey", replace(session.state.vocabulary["grey"], color="#123456"))
    with closing(SessionFile(work)) as file:
        file.write(saved.image, session.timeline)
    before = work.read_bytes()
    assert process(item(images), order).status == DONE
    assert work.read_bytes() == before


def test_work_of_a_larger_image_of_the_same_name_is_not_taken(images, order):
    process(item(images), order)
    corrected(images / "a.tif.zeroseg", read_saved(order.places.work_file(images / "a.tif")))
    tifffile.imwrite(images / "a.tif", np.pad(squares(), 5))
    assert process(item(images), order).status == DONE


def test_work_that_is_open_in_a_window_is_left_alone(images, order):
    process(item(images), order)
    work = order.places.work_file(images / "a.tif")
    with closing(SessionFile(work)):
        outcome = process(item(images), order)
    assert outcome.status == FAILED
    assert "Another window" in outcome.problem
    assert process(item(images), order).status == DONE


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"II*\0 no image", "could not be read"), (b"", "could not be read"), (None, "could not be read")],
)
def test_a_file_that_is_no_image_is_told(images, order, content, message):
    path = images / "bad.tif"
    path.unlink() if content is None else path.write_bytes(content)
    outcome = process(item(images, "bad"), order)
    assert outcome.status == FAILED
    assert message in outcome.problem or "No such file" in outcome.problem
    assert not order.places.results("bad").exists()


def test_the_same_content_is_not_done_twice(images, order, fake):
    first = process(item(images), order)
    calls = dict(fake.calls)
    again = process(item(images, content=first.content, files=first.files), order)
    assert again.status == UNCHANGED
    assert fake.calls == calls


def test_files_of_classes_that_are_gone_go_too(images, order):
    first = process(item(images), order)
    fewer = replace(order, recipe=order.recipe.with_vocabulary(Vocabulary.parse("bright")))
    mine = order.places.results("a") / "notes.txt"
    mine.touch()
    process(item(images, files=first.files), fewer)
    assert not (order.places.results("a") / "a_grey.tif").exists()
    assert (order.places.results("a") / "a_bright.tif").exists()
    assert mine.exists()


def test_stacks_are_measured_on_every_plane(tmp_path, order):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.stack([squares(), squares()[::-1]]), metadata={"axes": "ZYX"}, imagej=True)
    outcome = process(Item(path, "stack"), order)
    assert {row["plane"] for row in outcome.rows} == {"0", "1"}
    one = process(Item(path, "stack"), replace(order, plane={"Z": 1}))
    assert {row["plane"] for row in one.rows} == {"1"}
    assert open_image(path).depth == (2,)


def test_what_nobody_foresaw_is_an_outcome_too(images, order, monkeypatch):
    def broken(*_):
        raise RuntimeError("of all things")

    monkeypatch.setattr("napari_zeroseg.batch.one.open_image", broken)
    assert process(item(images), order).problem == "RuntimeError: of all things"


def test_a_worker_sends_images_where_the_person_agreed_and_nowhere_else():
    prepare(agreed=False, images_to=["https://gpu.lab:8765"])

    def may(kind, recipient):
        return PERSON.ask(Letter(kind, recipient, ""))

    assert may(TextKind.IMAGES, "https://gpu.lab:8765")
    assert not may(TextKind.IMAGES, "https://other.lab")
    assert not may(TextKind.SCENE, "https://gpu.lab:8765")
