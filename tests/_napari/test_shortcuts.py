"""Keys in a real window: what napari binds itself, and mouse clicks on the canvas."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points
from napari.utils.key_bindings import KeymapHandler, coerce_keybinding

from napari_zeroseg._napari.meanings import meaning_in_napari
from napari_zeroseg._napari.shortcuts import drawing_commands, install_shortcuts, review_commands
from napari_zeroseg.session.keyboard import Keyboard
from napari_zeroseg.session.shortcuts import DISCARD, FLIP, SHORTCUTS, Command, Shortcut
from tests._napari.conftest import Scene


def press(scene: Scene, key: str) -> None:
    """Press a key as the canvas does: the active layer is asked before the viewer."""
    handler = KeymapHandler()
    active = scene.viewer.layers.selection.active
    handler.keymap_providers = [p for p in (active, scene.viewer) if p is not None]
    handler.press_key(key)


@pytest.fixture
def keys(scene: Scene) -> Scene:
    install_shortcuts(scene.viewer, scene.session, drawing_commands(scene.session, scene.view))
    return scene


def test_an_object_is_drawn_with_keys(keys: Scene) -> None:
    session = keys.session
    press(keys, "N")
    assert session.state.draft.name == "bright"
    keys.prompts.add((9, 8))
    press(keys, "S")
    keys.prompts.add((6, 7))
    assert [p.positive for p in session.state.draft.prompt.points] == [True, False]
    press(keys, "Control-Z")
    assert len(session.state.draft.prompt.points) == 1
    press(keys, "Control-Shift-Z")
    assert len(session.state.draft.prompt.points) == 2
    press(keys, "C")
    assert session.state.draft is None
    assert len(session.state.instances) == 1


def test_next_commits_and_stays_with_the_class(keys: Scene) -> None:
    keys.session.begin("grey")
    keys.session.click(10, 45)
    press(keys, "N")
    assert [i.name for i in keys.session.state.instances] == ["grey"]
    assert keys.session.state.draft.name == "grey"
    press(keys, "N")  # nothing clicked yet: the empty draft stays
    assert len(keys.session.state.instances) == 1
    press(keys, "Escape")
    assert keys.session.state.draft is None


def test_next_takes_the_class_whose_layer_is_active(keys: Scene) -> None:
    keys.find("bright", "grey")
    keys.viewer.layers.selection.active = keys.labels("grey")
    press(keys, "N")
    assert keys.session.state.draft.name == "grey"


def test_undo_in_a_class_layer_is_the_session_s(keys: Scene) -> None:
    keys.find("bright")
    layer = keys.labels()
    keys.viewer.layers.selection.active = layer
    before = layer.data.copy()
    layer.paint((20, 20), 5)
    press(keys, "Control-Z")
    np.testing.assert_array_equal(layer.data, before)
    assert keys.session.redo_text == "Paint bright"
    press(keys, "Control-Shift-Z")
    assert layer.data[20, 20] == 5


def test_undo_in_a_layer_of_the_user_is_napari_s(keys: Scene) -> None:
    keys.find("bright")
    own = keys.viewer.add_labels(np.zeros((64, 64), int))
    own.paint((20, 20), 5)
    press(keys, "Control-Z")
    assert not own.data.any()
    assert keys.session.undo_text == "Run"


def test_what_cannot_be_done_says_why(keys: Scene) -> None:
    press(keys, "Control-Shift-Z")
    assert "nothing to redo" in keys.notices[-1]


def test_what_napari_s_prompts_layer_uses_comes_first_there() -> None:
    taken = {*Points.class_keymap, *ViewerModel.class_keymap}
    assert not taken & {coerce_keybinding(s.key) for s in SHORTCUTS if not s.first}


@pytest.fixture
def reviewing(scene: Scene) -> dict[str, object]:
    """Two keys of which one is napari's in a Labels layer and one is its viewer's, with a switch."""
    said: dict[str, object] = {"on": False, "keys": []}
    commands = [
        Command(
            Shortcut(name, key, "", "", first=True),
            lambda key=key: said["keys"].append(key),
            lambda: said["on"],
        )
        for name, key in (("edit", "E"), ("onward", "Right"))
    ]
    said["stop"] = install_shortcuts(scene.viewer, scene.session, commands)
    return said


@pytest.fixture
def napari_s(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Meanings of the same keys in napari, as its window gives them."""
    said: list[str] = []
    for cls, key in ((Labels, "E"), (ViewerModel, "Right")):
        monkeypatch.setitem(
            cls.class_keymap, coerce_keybinding(key), lambda provider, key=key: said.append(key)
        )
    return said


def test_a_key_is_napari_s_until_it_is_meant(
    scene: Scene, reviewing: dict[str, object], napari_s: list[str]
) -> None:
    scene.find("bright")
    scene.viewer.layers.selection.active = scene.labels()
    for key in ("E", "Right"):
        press(scene, key)
    assert (napari_s, reviewing["keys"]) == (["E", "Right"], [])
    reviewing["on"] = True
    for key in ("E", "Right"):
        press(scene, key)
    assert (napari_s, reviewing["keys"]) == (["E", "Right"], ["E", "Right"])


def test_in_a_layer_of_the_user_napari_s_key_comes_first(
    scene: Scene, reviewing: dict[str, object], napari_s: list[str]
) -> None:
    scene.viewer.add_labels(np.zeros((64, 64), int))
    reviewing["on"] = True
    press(scene, "E")
    assert (napari_s, reviewing["keys"]) == (["E"], [])


def test_a_layer_that_is_left_to_the_user_has_napari_s_keys_again(
    scene: Scene, reviewing: dict[str, object], napari_s: list[str]
) -> None:
    scene.find("bright")
    layer = scene.labels()
    reviewing["on"] = True
    scene.view.close()
    scene.viewer.layers.selection.active = layer
    press(scene, "E")
    assert (napari_s, reviewing["keys"]) == (["E"], [])


def test_uninstalling_gives_the_layers_their_keys_back(
    scene: Scene, reviewing: dict[str, object], napari_s: list[str]
) -> None:
    scene.find("bright")
    reviewing["on"] = True
    reviewing["stop"]()
    scene.viewer.layers.selection.active = scene.labels()
    press(scene, "E")
    assert (napari_s, reviewing["keys"]) == (["E"], [])


def test_napari_s_own_keys_come_first(keys: Scene) -> None:
    key = coerce_keybinding("C")
    if key in Image.class_keymap:
        layer = keys.viewer.layers["squares"]
        layer.contrast_limits = (1, 2)
        press(keys, "C")
        assert tuple(layer.contrast_limits) != (1, 2)
    assert coerce_keybinding("N") not in {**Image.class_keymap, **Labels.class_keymap}


def test_uninstalling_gives_the_keys_back(scene: Scene) -> None:
    before = dict(scene.viewer.keymap)
    scene.viewer.bind_key("N", lambda viewer: None)
    commands = (*drawing_commands(scene.session, scene.view), *review_commands(scene.session))
    uninstall = install_shortcuts(scene.viewer, scene.session, commands)
    assert len(scene.viewer.keymap) == len(SHORTCUTS)
    uninstall()
    assert len(scene.viewer.keymap) == len(before) + 1


def test_a_changed_key_holds_at_once_in_the_viewer_and_in_layers(scene: Scene) -> None:
    keyboard = Keyboard()
    commands = drawing_commands(scene.session, scene.view)
    uninstall = install_shortcuts(scene.viewer, scene.session, commands, keyboard)
    press(scene, "N")
    keyboard.change(FLIP, "K")
    press(scene, "S")
    assert scene.session.hand.positive
    press(scene, "K")
    assert not scene.session.hand.positive
    keyboard.change(DISCARD, "Q")
    press(scene, "Q")
    assert scene.session.state.draft is None
    uninstall()
    assert not scene.viewer.keymap


def test_what_a_key_means_in_napari_is_known() -> None:
    assert meaning_in_napari("C") == "auto contrast once"
    assert "activate labels fill mode" in meaning_in_napari("F")
    assert meaning_in_napari("Control-Shift-Alt-K") == ""
