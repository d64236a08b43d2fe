"""Keys that a person changed, and the file they are kept in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_zeroseg.session.keyboard import Keyboard, KeyRefusedError, keep_keys
from napari_zeroseg.session.shortcuts import BOX, COMMIT, NEXT, SHORTCUTS, UNDO, spelled


def at_once(work, on_done, on_problem) -> None:
    try:
        done = work()
    except Exception as problem:  # noqa: BLE001 - as the window's thread does
        on_problem(problem)
    else:
        on_done(done)


def kept(path: Path) -> Keyboard:
    keyboard = Keyboard()
    keep_keys(keyboard, at_once, path)
    return keyboard


def test_the_usual_keys_are_keys_that_can_be_chosen_and_each_is_one_only() -> None:
    keyboard = Keyboard()
    usual = [s.key for s in SHORTCUTS]
    assert len(set(usual)) == len(usual)
    assert len({s.name for s in SHORTCUTS}) == len(usual)
    for shortcut in SHORTCUTS:
        keyboard.change(shortcut, shortcut.key)
    assert not keyboard.chosen


def test_a_changed_key_is_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = kept(path)
    first.change(COMMIT, "Shift-K")
    assert (first.key_of(COMMIT), first.text_of(COMMIT)) == ("Shift-K", "Shift+K")
    second = kept(path)
    assert second.key_of(COMMIT) == "Shift-K"
    second.reset()
    assert kept(path).chosen == {}


def test_a_key_of_another_shortcut_is_refused(tmp_path: Path) -> None:
    keyboard = Keyboard()
    with pytest.raises(KeyRefusedError, match="'Commit the object'"):
        keyboard.change(BOX, "C")
    keyboard.change(COMMIT, "K")
    keyboard.change(BOX, "C")
    assert keyboard.key_of(BOX) == "C"


@pytest.mark.parametrize("key", ["?", "", "Control-", "é", "Control-é", "AB", "F13", "Hyper-A", "A\n"])
def test_a_key_that_napari_cannot_name_is_refused(key: str) -> None:
    with pytest.raises(KeyRefusedError, match="no name"):
        Keyboard().change(BOX, key)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"keys": {"commit": "rm -rf"}}', '{"keys": {"commit": ["C"]}}', '{"version": 2}',
     '{"keys": {}, "run": "x"}', json.dumps({"keys": {"commit": "C" * 60}})],
)  # fmt: skip
def test_a_file_that_is_no_list_of_keys_leaves_the_usual_ones(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    keyboard = kept(path)
    assert keyboard.chosen == {}
    keyboard.change(COMMIT, "K")
    assert kept(path).key_of(COMMIT) == "K"


def test_keys_in_a_file_that_clash_are_the_usual_ones(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": {"commit": "N", "box": "K", "gone": "Q"}}))
    keyboard = kept(path)
    assert (keyboard.key_of(COMMIT), keyboard.key_of(NEXT), keyboard.key_of(BOX)) == ("C", "N", "K")


def test_two_keys_that_were_exchanged_are_exchanged_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keyboard = kept(path)
    keyboard.change(COMMIT, "K")
    keyboard.change(BOX, "C")
    keyboard.change(COMMIT, "B")
    again = kept(path)
    assert (again.key_of(COMMIT), again.key_of(BOX)) == ("B", "C")


def test_a_key_is_spelled_for_a_person() -> None:
    assert spelled(UNDO.key) == "Ctrl+Z"
    assert spelled("Escape") == "Esc"
