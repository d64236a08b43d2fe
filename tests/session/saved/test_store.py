"""The file: whole or as it was, locked, and clear about what is damaged."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import zlib
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_zeroseg.core.compose import Erasure
from napari_zeroseg.core.errors import BadFileError, ZeroSegError
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.partition import Partition
from napari_zeroseg.core.prompt import Prompt
from napari_zeroseg.core.script import Unrecorded
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.history import Timeline
from napari_zeroseg.session.saved import document, store
from napari_zeroseg.session.saved.packing import Packer, digest
from napari_zeroseg.session.saved.store import BusyFileError, SessionFile, UnsavedError
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.state import Draft, State
from tests.fakes import fake_backends, source

IMAGE = document.ImageSpec(name="squares", shape=(64, 64), fingerprint="0" * 32)


def worked() -> Session:
    """Suggestions, decisions, accepted, drawn and deleted masks, a draft, and steps on both sides."""
    session = Session(backends=fake_backends)
    session.open(source())
    session.add_classes("bright: white, square; grey")
    session.suggest()
    session.accept("bright", "grey")
    session.run()
    session.accept_instances(("bright", 1))
    session.delete_instances(("bright", 2))
    session.begin("grey")
    session.click(10, 45)
    session.click(12, 47, positive=False)
    session.click(13, 47)
    session.undo()
    return session


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    return worked().timeline


@pytest.fixture
def path(tmp_path):
    return tmp_path / "squares.png.zeroseg"


def write(path, timeline) -> None:
    file = SessionFile(path)
    file.write(IMAGE, timeline)
    file.close()


def read(path):
    file = SessionFile(path)
    try:
        return file.read()
    finally:
        file.close()


def test_what_was_written_is_read_with_all_its_steps(path, timeline):
    write(path, timeline)
    saved = read(path)
    assert digest(saved.timeline) == digest(timeline)
    assert len(saved.timeline.past) == 9
    assert [step.text for step in saved.timeline.future] == ["Add point"]
    assert (saved.image, saved.lost) == (IMAGE, "")


def test_what_states_share_is_shared_again(path, timeline):
    write(path, timeline)
    states = [step.before for step in read(path).timeline.past]
    assert states[-1].instances is states[-2].instances
    assert states[-1].vocabulary is states[-2].vocabulary


SAVED_IN = {
    State: document.StateSpec,
    Instance: document.InstanceSpec,
    Erasure: document.ErasureSpec,
    Draft: document.DraftSpec,
    Prompt: document.PromptSpec,
    Partition: document.PartitionSpec,
}


@pytest.mark.parametrize("kind", SAVED_IN, ids=lambda kind: kind.__name__)
def test_every_field_is_saved(kind):
    assert {f.name for f in fields(kind)} == set(SAVED_IN[kind].model_fields)


def parted() -> State:
    """Clusters of a part of the plane, some with names."""
    labels = (np.arange(12, dtype=np.uint8) % 3).reshape(3, 4)
    window = (slice(8, 32), slice(0, 64))
    partition = Partition(labels, ("bright", None, "grey"), (0.9, 0.2, 1.0), (), window)
    return replace(State(Vocabulary.parse("bright; grey")), partition=partition)


def test_clusters_are_saved_with_the_rest(path):
    state = parted()
    write(path, Timeline((), state))
    back = read(path).timeline.present.partition
    assert np.array_equal(back.labels, state.partition.labels)
    assert back.labels.dtype == np.uint8
    for name in ("names", "scores", "plane", "window"):
        assert getattr(back, name) == getattr(state.partition, name)


@pytest.mark.parametrize(
    "changed",
    [
        {"labels": np.full((3, 4), 3, np.uint8)},
        {"scores": (0.5,)},
        {"plane": (4,)},
        {"window": (slice(0, 65), slice(0, 64))},
        {"window": (slice(9, 9), slice(0, 64))},
    ],
    ids=str,
)
def test_clusters_that_fit_no_image_are_not_taken(path, changed):
    state = parted()
    write(path, Timeline((), replace(state, partition=replace(state.partition, **changed))))
    saved = read(path)
    assert saved.timeline.present.partition is None
    assert saved.lost


def test_clusters_of_classes_that_are_not_there_are_refused(path):
    state = parted()
    partition = replace(state.partition, names=("bright", "nowhere", None))
    write(path, Timeline((), replace(state, partition=partition)))
    with pytest.raises(BadFileError, match="contradicts"):
        read(path)


def test_nothing_stays_beside_a_closed_file(path, timeline):
    write(path, timeline)
    assert list(path.parent.iterdir()) == [path]


def test_a_further_step_writes_only_what_is_new(path, timeline):
    file = SessionFile(path)
    file.write(IMAGE, timeline)
    packer = file._packer
    instance = replace(timeline.present.instances[0], score=0.123)
    later = replace(timeline.present, instances=(instance, *timeline.present.instances[1:]))
    file._packer.state(later)
    # the state, its list of instances and the piece of the list that changed; no mask
    assert len(packer.fresh) == 3
    file.close()


def many(count: int) -> State:
    pixels = np.eye(5, dtype=bool)
    masks = [Mask((i // 10, i % 50), pixels) for i in range(count)]
    instances = tuple(Instance(i + 1, "bright", mask, 0.5) for i, mask in enumerate(masks))
    return replace(worked().state, instances=instances, draft=None)


def test_a_change_in_a_long_list_writes_a_small_part_of_it():
    state = many(500)
    packer = Packer()
    packer.state(state)
    whole = sum(map(len, packer.fresh.values()))
    packer.settle()
    gone = replace(state, instances=(*state.instances[:250], *state.instances[251:]))
    packer.state(gone)
    assert sum(map(len, packer.fresh.values())) < whole / 5


def test_what_no_step_needs_any_more_is_deleted(path, timeline, monkeypatch):
    monkeypatch.setattr(store, "SAVES_TO_TIDY", 2)
    file = SessionFile(path)
    file.write(IMAGE, timeline)
    file.write(IMAGE, Timeline((), timeline.present))
    (count,) = file._connection.execute("SELECT count(*) FROM thing").fetchone()
    expected = Packer()
    expected.state(timeline.present)
    assert count == len(expected.fresh)
    file.write(IMAGE, timeline)  # what was deleted is written again
    assert digest(file.read().timeline) == digest(timeline)
    file.close()


def test_a_second_window_is_refused_while_the_first_has_it_open(path, timeline):
    write(path, timeline)
    first = SessionFile(path)
    with pytest.raises(BusyFileError, match="Another window"):
        SessionFile(path)
    first.close()
    SessionFile(path).close()


def test_a_full_disk_leaves_what_was_saved_and_a_later_save_mends_it(path, timeline):
    file = SessionFile(path)
    file.write(IMAGE, Timeline((), State()))
    pages = file._one("PRAGMA page_count")
    file._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(UnsavedError, match="The disk is full"):
        file.write(IMAGE, timeline)
    assert digest(file.read().timeline) == digest(Timeline((), State()))
    file._connection.execute("PRAGMA max_page_count=1000000")
    file.write(IMAGE, timeline)
    assert digest(file.read().timeline) == digest(timeline)
    file.close()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UnsavedError, match="cannot be opened"):
        SessionFile(tmp_path / "none" / "x.zeroseg")


@pytest.mark.parametrize("content", [b"not a database at all" * 50, b"\x89PNG", b"SQLite format 3\0"])
def test_a_foreign_file_is_refused_and_left_as_it_is(path, content):
    path.write_bytes(content)
    with pytest.raises(BadFileError, match="left as it is"):
        SessionFile(path)
    assert path.read_bytes() == content


def test_another_database_is_refused(path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE root (id INTEGER)")
    other.commit()
    other.close()
    with pytest.raises(BadFileError, match="no saved work"):
        SessionFile(path)


def test_triggers_in_a_file_are_refused(path, timeline):
    write(path, timeline)
    tamper(path, "CREATE TRIGGER t AFTER INSERT ON root BEGIN DELETE FROM thing; END")
    with pytest.raises(BadFileError, match="no saved work"):
        SessionFile(path)


def tamper(path, sql, *values):
    connection = sqlite3.connect(path)
    connection.execute(sql, values)
    connection.commit()
    connection.close()


def test_a_newer_version_is_refused(path, timeline):
    write(path, timeline)
    tamper(path, "PRAGMA user_version=3")
    with pytest.raises(BadFileError, match="newer version"):
        SessionFile(path)


def name_of_mask(timeline, index=0) -> str:
    return Packer()._mask(timeline.present.instances[index].mask)


def test_a_mask_that_is_gone_is_told_and_the_rest_is_kept(path, timeline):
    write(path, timeline)
    tamper(path, "DELETE FROM thing WHERE name = ?", name_of_mask(timeline))
    saved = read(path)
    kept = [i.key for i in saved.timeline.present.instances]
    assert kept == [i.key for i in timeline.present.instances[1:]]
    assert "1 masks" in saved.lost


def test_a_mask_with_other_pixels_than_were_saved_is_not_taken(path, timeline):
    write(path, timeline)
    tamper(
        path, "UPDATE thing SET body = ? WHERE name = ?", zlib.compress(b"\0" * 30), name_of_mask(timeline)
    )
    assert "1 masks" in read(path).lost


def test_masks_outside_the_image_are_not_taken(path, timeline):
    file = SessionFile(path)
    file.write(IMAGE.model_copy(update={"shape": (20, 20)}), timeline)
    file.close()
    assert [i.mask.origin for i in read(path).timeline.present.instances] == [(5, 5)]


def test_a_bomb_is_not_unpacked(path, timeline, monkeypatch):
    monkeypatch.setattr("napari_zeroseg.session.saved.packing.MAX_THING", 5000)
    write(path, timeline)
    body = zlib.compress(b"\0" * 100_000)
    tamper(path, "UPDATE thing SET body = ? WHERE name = ?", body, name_of_mask(timeline))
    assert "1 masks" in read(path).lost


def test_steps_that_are_damaged_shorten_the_history(path, timeline):
    write(path, timeline)
    tamper(path, "DELETE FROM thing WHERE name = ?", Packer().state(timeline.past[5].before))
    saved = read(path)
    assert [s.text for s in saved.timeline.past] == [s.text for s in timeline.past[6:]]
    assert "6 steps" in saved.lost


def test_a_file_without_its_present_state_is_refused_and_left(path, timeline):
    write(path, timeline)
    tamper(path, "DELETE FROM thing WHERE name = ?", Packer().state(timeline.present))
    with pytest.raises(BadFileError, match=r"is damaged.*left as it is"):
        read(path)


@pytest.mark.parametrize("root", [b"{}", b"\xff", b'{"version": 2}'])
def test_a_first_page_that_is_none_is_refused(path, timeline, root):
    write(path, timeline)
    tamper(path, "UPDATE root SET body = ?", root)
    with pytest.raises(BadFileError, match="damaged"):
        read(path)


def test_classes_that_no_session_would_take_are_refused(path, timeline):
    broken = replace(timeline.present, layered=("nowhere",))
    write(path, Timeline((), broken))
    with pytest.raises(BadFileError, match="contradicts"):
        read(path)


@cache
def whole_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "whole.zeroseg")
        write(path, worked().timeline)
        return path.read_bytes()


@settings(max_examples=150, deadline=None)
@given(share=st.floats(0, 1), hole=st.integers(0, 2000), keep_length=st.booleans())
def test_a_torn_file_opens_or_says_what_is_lost(share, hole, keep_length):
    whole = whole_file()
    at = round(share * len(whole))
    torn = whole[:at] + (bytes(min(hole, len(whole) - at)) + whole[at + hole :] if keep_length else b"")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "torn.zeroseg")
        path.write_bytes(torn)
        told = ""
        try:
            saved = read(path)
        except ZeroSegError as problem:
            told = str(problem)
        if told:
            assert "damaged" in told or "no saved work" in told
            assert path.read_bytes() == torn
            return
    assert torn != whole or digest(saved.timeline) == digest(worked().timeline)
    if saved is None:  # nothing is left that would say what it was
        assert not torn
    elif digest(saved.timeline) != digest(worked().timeline):
        assert "could not be read" in saved.lost


def test_no_key_gets_into_a_file(path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-user")
    session = worked()
    session.refining.choose("openai:gpt-4o@https://user:sk-secret-of-the-user@example.org/v1")
    write(path, session.timeline)
    things = sqlite3.connect(path).execute("SELECT body FROM thing").fetchall()
    assert not any(b"secret" in zlib.decompress(body) for (body,) in things)


def test_a_file_from_before_there_were_notes_is_read_and_written_on(path, timeline):
    write(path, replace(timeline, notes=(), recipe=None))
    connection = sqlite3.connect(path)
    (body,) = connection.execute("SELECT body FROM root").fetchone()
    root = json.loads(body)
    del root["notes"], root["recipe"]
    connection.execute("UPDATE root SET body = ?", (json.dumps(root).encode(),))
    connection.execute("PRAGMA user_version=1")
    connection.commit()
    connection.close()
    saved = read(path)
    assert digest(saved.timeline) == digest(timeline)
    assert (saved.timeline.notes, saved.timeline.recipe) == ((), None)
    write(path, timeline)
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (store.FORMAT,)
    assert read(path).timeline.notes == timeline.notes
    assert read(path).timeline.recipe == timeline.recipe


def test_damaged_notes_are_told_as_such_and_the_masks_stay(path, timeline):
    write(path, timeline)
    connection = sqlite3.connect(path)
    (body,) = connection.execute("SELECT body FROM root").fetchone()
    connection.execute("DELETE FROM thing WHERE name = ?", (json.loads(body)["notes"],))
    connection.commit()
    connection.close()
    saved = read(path)
    assert digest(saved.timeline) == digest(timeline)
    assert saved.timeline.notes == (Unrecorded(),)


def test_tidying_keeps_notes_and_recipe(path, monkeypatch, timeline):
    monkeypatch.setattr(store, "SAVES_TO_TIDY", 1)
    write(path, timeline)
    assert read(path).timeline.notes == timeline.notes
    assert read(path).timeline.recipe == timeline.recipe
