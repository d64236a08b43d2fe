"""Work is saved by itself, found again and never written over."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from napari_zeroseg.session.runner import InlineExecutor
from napari_zeroseg.session.saved import autosave as autosave_module
from napari_zeroseg.session.saved.autosave import Autosave
from napari_zeroseg.session.saved.content import Content
from napari_zeroseg.session.saved.offer import ago
from napari_zeroseg.session.saved.packing import Packer, digest
from napari_zeroseg.session.saved.places import SavingSettings, data_folder
from napari_zeroseg.session.saved.store import BusyFileError, SessionFile
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares


class Desk:
    """A session that is saved at once on an image in a folder."""

    def __init__(self, folder, image=None, name="squares.png", **options) -> None:
        self.session = Session(backends=fake_backends)
        self.problems: list[str] = []
        self.session.problem_raised.connect(lambda p: self.problems.append(str(p)))
        self.autosave = Autosave(self.session, executor=InlineExecutor(), delay=0)
        self.open(folder, image, name, **options)

    def open(self, folder, image=None, name="squares.png", key=None) -> None:
        image = squares() if image is None else image
        path = folder / name if folder is not None else None
        made = source(image, key or name)
        self.session.open(replace(made, content=Content(image, path)))

    def work(self) -> None:
        self.session.add_classes("bright, grey")
        self.session.suggest()
        self.session.accept("bright", "grey")
        self.session.run()
        self.session.accept_instances(("bright", 1))

    def close(self):
        self.autosave.close()
        return digest(self.session.timeline)


def held_in(path):
    file = SessionFile(path)
    try:
        return digest(file.read().timeline)
    finally:
        file.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "squares.png.zeroseg"


def test_every_change_is_saved_beside_the_image(tmp_path, path):
    desk = Desk(tmp_path)
    desk.work()
    assert desk.autosave.status.path == path
    desk.session.undo()
    assert desk.close() == held_in(path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_mere_look_at_an_image_leaves_no_file(tmp_path):
    desk = Desk(tmp_path)
    desk.work()
    desk.open(tmp_path, name="other.png")
    desk.close()
    assert [p.name for p in tmp_path.iterdir()] == ["squares.png.zeroseg"]


def test_each_image_has_its_own_file(tmp_path):
    desk = Desk(tmp_path)
    desk.work()
    first = digest(desk.session.timeline)
    desk.open(tmp_path, name="other.png")
    desk.session.add_classes("third")
    assert desk.close() == held_in(tmp_path / "other.png.zeroseg")
    assert held_in(tmp_path / "squares.png.zeroseg") == first


def test_saved_work_is_offered_and_taken_up_with_its_history(tmp_path, path):
    before = Desk(tmp_path)
    before.work()
    expected = before.close()
    desk = Desk(tmp_path)
    text = desk.autosave.offer.text()
    assert "1 bright accepted, 2 proposed, 2 decisions" in text
    assert "changed" not in text
    desk.autosave.restore()
    assert desk.autosave.offer is None
    assert digest(desk.session.timeline) == expected
    desk.session.undo()
    assert not desk.session.state.instance("bright", 1).locked
    assert desk.close() == held_in(path)


def test_new_work_never_overwrites_what_is_offered(tmp_path, path):
    before = Desk(tmp_path)
    before.work()
    old = before.close()
    desk = Desk(tmp_path)
    desk.session.add_classes("third")
    between = digest(desk.session.timeline)
    desk.autosave.restore()
    desk.session.undo()
    assert desk.close() == held_in(path) != old
    assert held_in(tmp_path / "squares.png-2.zeroseg") == between


def test_who_starts_anew_finds_the_old_file_as_it_was(tmp_path, path):
    before = Desk(tmp_path)
    before.work()
    old = before.close()
    desk = Desk(tmp_path)
    desk.autosave.start_anew()
    assert desk.autosave.offer is None
    desk.session.add_classes("third")
    new = desk.close()
    assert held_in(path) == old
    assert held_in(tmp_path / "squares.png-2.zeroseg") == new
    assert Desk(tmp_path).autosave.offer.path.name == "squares.png-2.zeroseg"  # the later one


def test_an_image_with_other_pixels_or_another_size(tmp_path):
    first = Desk(tmp_path)
    first.work()
    first.close()
    changed = squares()
    changed[60, 60] = 9
    assert "The image has changed" in Desk(tmp_path, changed).autosave.offer.text()
    assert Desk(tmp_path, squares(80)).autosave.offer is None


def test_two_layers_of_one_file_are_told_apart(tmp_path):
    desk = Desk(tmp_path, name="two.tif")
    desk.work()
    first = digest(desk.session.timeline)
    other = np.flipud(squares()).copy()
    made = source(other, "second")
    desk.session.open(replace(made, content=Content(other, tmp_path / "two.tif")))
    desk.session.add_classes("third")
    second = desk.close()
    assert desk.problems == []
    assert held_in(tmp_path / "two.tif.zeroseg") == first
    assert held_in(tmp_path / "two.tif-2.zeroseg") == second
    again = Desk(tmp_path, other, "two.tif", key="second")
    again.autosave.restore()
    assert digest(again.session.timeline) == second


def test_an_array_without_a_file_is_known_by_its_values(tmp_path):
    desk = Desk(None)
    desk.work()
    expected = desk.close()
    assert desk.autosave.status.path.parent == data_folder()
    assert Desk(None, np.flipud(squares()).copy()).autosave.offer is None
    again = Desk(None)
    again.autosave.restore()
    assert digest(again.session.timeline) == expected


def test_a_second_window_says_so_and_saves_elsewhere(tmp_path, path):
    first, second = Desk(tmp_path), None
    first.work()
    second = Desk(tmp_path)
    assert "Another window" in second.problems[0]
    second.session.add_classes("third")
    assert second.autosave.status.path != path
    assert second.close() == held_in(second.autosave.status.path)
    assert first.close() == held_in(path)


def test_a_folder_that_cannot_be_written_is_told_once_and_the_users_own_is_taken(tmp_path):
    (tmp_path / "file").touch()
    desk = Desk(tmp_path / "file")  # a folder that is none
    desk.work()
    assert len(desk.problems) == 1
    assert "instead" in desk.problems[0]
    assert desk.autosave.status.path.parent == data_folder()
    assert desk.close() == held_in(desk.autosave.status.path)


def test_where_no_place_takes_it_the_work_goes_on_and_is_tried_again(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NAPARI_ZEROSEG_DATA", str(tmp_path / "file" / "data"))
    desk = Desk(tmp_path / "file")
    desk.work()
    assert len(desk.problems) == 1
    assert desk.autosave.status.problem
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    desk.autosave._saver._save_pending()
    assert not desk.autosave.status.problem
    assert desk.close() == held_in(tmp_path / "file" / "squares.png.zeroseg")


def test_a_full_disk_sends_the_whole_work_to_another_one(tmp_path, path):
    desk = Desk(tmp_path)
    desk.session.add_classes("third")
    (journal,) = desk.autosave._saver._journals.values()
    # the disk takes no more in this folder
    journal._places = journal._places[1:]
    connection = journal._file._connection
    connection.execute(f"PRAGMA max_page_count={journal._file._one('PRAGMA page_count')}")
    before = digest(journal._file.read().timeline)
    desk.work()
    assert "The disk is full" in desk.problems[0]
    assert "instead" in desk.problems[0]
    assert desk.autosave.status.path.parent == data_folder()
    assert desk.close() == held_in(desk.autosave.status.path)
    assert held_in(path) == before or len(held_in(path)) > len(before)


def test_a_damaged_file_is_said_and_left_and_work_goes_on_in_another(tmp_path, path):
    path.write_bytes(b"nonsense" * 500)
    desk = Desk(tmp_path)
    assert "left as it is" in desk.problems[0]
    desk.work()
    assert desk.close() == held_in(tmp_path / "squares.png-2.zeroseg")
    assert path.read_bytes() == b"nonsense" * 500


def test_what_is_damaged_in_a_file_is_said_with_the_offer(tmp_path, path):
    desk = Desk(tmp_path)
    desk.work()
    desk.close()
    connection = sqlite3.connect(path)
    mask = Packer()._mask(desk.session.state.instance("bright", 1).mask)
    connection.execute("DELETE FROM thing WHERE name = ?", (mask,))
    connection.commit()
    connection.close()
    assert "what could not be read: 1 masks" in Desk(tmp_path).autosave.offer.text()


def test_an_image_that_is_gone_lets_go_of_its_file_with_all_that_was_done(tmp_path, path):
    desk = Desk(tmp_path)
    desk.work()
    expected = digest(desk.session.timeline)
    desk.session.forget("squares.png")
    assert held_in(path) == expected
    desk.open(tmp_path)
    desk.autosave.restore()
    assert digest(desk.session.timeline) == expected


def test_layers_that_go_with_their_image_are_not_lost(tmp_path, path):
    desk = Desk(tmp_path)
    desk.work()
    expected = digest(desk.session.timeline)
    desk.session.remove_layer("grey")
    desk.session.remove_layer("bright")
    desk.session.forget("squares.png")
    assert held_in(path) == expected


def test_a_layer_that_was_removed_before_stays_removed(tmp_path, path, monkeypatch):
    desk = Desk(tmp_path)
    desk.work()
    monkeypatch.setattr(autosave_module, "BREATH", 0.0)
    desk.session.remove_layer("grey")
    expected = digest(desk.session.timeline)
    desk.session.forget("squares.png")
    assert held_in(path) == expected


def test_a_chosen_folder_and_off_are_kept_for_the_next_session(tmp_path):
    chosen = tmp_path / "chosen"
    desk = Desk(tmp_path)
    desk.work()
    desk.autosave.set_settings(SavingSettings(folder=chosen))
    (file,) = chosen.glob("*.zeroseg")
    assert desk.close() == held_in(file)
    again = Desk(tmp_path)
    assert again.autosave.offer.path == file
    again.autosave.set_settings(SavingSettings(on=False))
    assert again.autosave.offer is None
    again.session.add_classes("third")
    again.close()
    assert list(chosen.glob("*.zeroseg")) == [file]
    assert Desk(tmp_path).autosave.settings == SavingSettings(on=False)


def test_the_thread_of_the_session_does_not_wait_for_the_disk(tmp_path, path):
    session = Session(backends=fake_backends)
    autosave = Autosave(session, delay=30)  # nothing is saved meanwhile
    session.open(replace(source(), content=Content(squares(), tmp_path / "squares.png")))
    session.add_classes("bright, grey")
    session.suggest()
    assert not path.exists()
    autosave.close()  # saves at once what waits
    autosave._saver._executor.shutdown(wait=True)
    assert held_in(path) == digest(session.timeline)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (0, "just now"),
        (1, "1 second ago"),
        (150, "2 minutes ago"),
        (7200, "2 hours ago"),
        (90_000, "1 day ago"),
    ],
)
def test_ages_in_words(age, text):
    assert ago(timedelta(seconds=age)) == text


@pytest.mark.parametrize("shape", [(64, 64), (3000, 2000), (40, 600, 700), (2, 3, 900, 900), (2000, 2000, 3)])
def test_a_fingerprint_does_not_read_all_and_tells_images_apart(shape):
    counted = Counting(shape, 1)
    assert Content(counted).fingerprint() != Content(Counting(shape, 2)).fingerprint()
    assert Content(Counting(shape, 1)).fingerprint() == Content(Counting(shape, 1)).fingerprint()
    assert counted.read <= 1 << 20


class Counting:
    """Counts the values that are read."""

    def __init__(self, shape, value):
        self.shape, self.dtype, self.value, self.read = shape, np.dtype("uint8"), value, 0

    def __getitem__(self, index):
        part = np.full([s.stop - s.start for s in index], self.value, np.uint8)
        self.read += part.size
        return part


def test_a_window_may_outlive_the_thread_that_saves(tmp_path):
    executor = ThreadPoolExecutor(1)
    session = Session(backends=fake_backends)
    autosave = Autosave(session, executor=executor, delay=0)
    session.open(replace(source(), content=Content(squares(), tmp_path / "squares.png")))
    session.add_classes("bright")
    executor.shutdown()  # as Python does when it ends, before the last widgets go
    autosave.close()
    assert autosave.status.path == tmp_path / "squares.png.zeroseg"


def test_a_file_is_lent_until_more_is_saved(tmp_path, path):
    desk = Desk(tmp_path)
    desk.work()
    with pytest.raises(BusyFileError):
        SessionFile(path)
    desk.autosave.lend()
    assert held_in(path) == digest(desk.session.timeline)
    desk.session.undo()
    with pytest.raises(BusyFileError):
        SessionFile(path)
    assert desk.close() == held_in(path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_what_is_done_while_somebody_reads_the_file_goes_into_another(tmp_path, path):
    desk = Desk(tmp_path)
    desk.work()
    desk.autosave.lend()
    reader = SessionFile(path)
    desk.session.undo()
    reader.close()
    other = path.with_name("squares.png-2.zeroseg")
    assert desk.autosave.status.path == other
    assert desk.close() == held_in(other)


def test_the_work_on_one_image_is_kept_elsewhere(tmp_path):
    desk = Desk(None)
    desk.autosave.keep_in(tmp_path / "one.png", tmp_path / "work")
    desk.open(tmp_path, name="one.png")
    desk.work()
    assert desk.autosave.status.path.parent == tmp_path / "work"
    desk.open(tmp_path, name="two.png")
    desk.session.paint("bright", (0, 0), np.ones((2, 2), np.int32))
    assert desk.autosave.status.path == tmp_path / "two.png.zeroseg"
    desk.close()
