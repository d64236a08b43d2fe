"""Address, token and models of a server, in a dialogue that sends nothing but the token."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QWidget

from napari_zeroseg._qt.consent_dialog import ConsentDialog
from napari_zeroseg._qt.gui_thread import Background
from napari_zeroseg._qt.models_panel import ModelsPanel
from napari_zeroseg._qt.remote_dialog import RemoteDialog
from napari_zeroseg.backends.llm import keys
from napari_zeroseg.backends.remote import client as clients
from napari_zeroseg.backends.remote.connection import Line
from napari_zeroseg.core.consent import Letter, TextKind
from napari_zeroseg.session.model_files import chosen, needs
from tests.server.served import SOON, TOKEN, forget_servers, served


class AtOnce:
    """Does what it is given here and now."""

    def submit(self, work):
        work()

    def shutdown(self, wait):
        """There is nothing to wait for."""


@pytest.fixture
def background():
    return Background(AtOnce(), lambda function: function())


@pytest.fixture
def keyring(monkeypatch):
    kept = {}
    monkeypatch.setattr(keys, "_in_keyring", lambda server: kept.get(server.url, ""))
    monkeypatch.setattr("keyring.set_password", lambda _service, user, word: kept.__setitem__(user, word))
    monkeypatch.delenv("ZEROSEG_SERVER_TOKEN", raising=False)
    yield kept
    forget_servers()


@pytest.fixture
def panel(qtbot, session, background):
    made = ModelsPanel(session, background, background)
    qtbot.addWidget(made)
    made.show()
    made.fold.heading.setChecked(True)
    yield made
    made.release()


def test_models_of_a_server_take_the_place_of_those_of_this_machine(panel, session, keyring, qtbot):
    with served() as running:
        panel.remote.click()
        dialog = panel.remote_dialog
        assert not dialog.use.isEnabled()
        dialog.url.setCurrentText(running.url)
        dialog.token.setText(TOKEN)
        dialog.connect_to.click()
        assert "offers 4 models" in dialog.status.text()
        assert keyring == {running.url: TOKEN}
        assert dialog.token.text() == ""
        assert dialog.roles["detector"].currentText() == f"embedded:regions on 127.0.0.1:{running.port}"
        # as soon as it has said what it offers, single roles can be given to it as well
        names = [panel.roles["tagger"].itemData(i) for i in range(panel.roles["tagger"].count())]
        there = f"remote:{running.url}#embedded:regions"
        assert there in names
        dialog.use.click()
        assert set(chosen(session.refining.recipe).values()) == {there}
        assert panel.roles["detector"].currentData() == there
        assert "ready" in panel.fold.heading.text()
        (need,) = needs(session.refining.recipe)
        assert (need.place, need.licence) == ("on a server", "BSD-3-Clause")
        box = panel.roles["detector"]
        box.textActivated.emit("embedded:regions")
        assert chosen(session.refining.recipe)["detector"] == "embedded:regions"
        assert chosen(session.refining.recipe)["segmenter"] == there


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("gpu.lab:8765", "not of the form"),
        ("http://192.168.0.7:8765", "others can read your images"),
        ("http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_what_cannot_be_asked_is_told_and_nothing_is_chosen(panel, session, keyring, url, told, monkeypatch):
    monkeypatch.setattr(clients, "Line", lambda address: Line(address, SOON))
    panel.remote.click()
    dialog = panel.remote_dialog
    dialog.url.setCurrentText(url)
    dialog.connect_to.click()
    assert told in dialog.status.text()
    assert not dialog.use.isEnabled()
    assert session.refining.recipe.backends == {}


def test_a_wrong_token_is_told(panel, keyring):
    with served() as running:
        panel.remote.click()
        dialog = panel.remote_dialog
        dialog.url.setCurrentText(running.url)
        dialog.token.setText("this-is-not-the-token")
        dialog.connect_to.click()
        assert "refused the token" in dialog.status.text()
        assert "this-is-not" not in dialog.status.text()


def test_an_answer_that_comes_after_the_dialogue_is_closed_is_dropped(qtbot, session, keyring):
    later, parent, asked = [], QWidget(), []
    qtbot.addWidget(parent)

    class Later(AtOnce):
        def submit(self, work):
            later.append(work)

    dialog = RemoteDialog(
        session, Background(Later(), lambda function: function()), lambda: asked.append(1), parent
    )
    with served() as running:
        dialog.url.setCurrentText(running.url)
        dialog.token.setText(TOKEN)
        dialog.connect_to.click()
        dialog.reject()
        for work in later:
            work()
    assert asked == []


def test_a_recipe_with_a_server_that_was_not_asked_is_shown(panel, session):
    name = "remote:https://gpu.lab:8765#sam2:hiera-large"
    session.refining.choose_models("embedded", {"segmenter": name})
    assert panel.roles["segmenter"].currentText() == "sam2:hiera-large on gpu.lab:8765"
    assert session.refining.recipe.backends["segmenter"] == name


def test_an_image_is_shown_before_it_is_sent(qtbot):
    image = np.zeros((600, 900, 3), np.float32)
    image[:300] = (1, 0, 0)
    letter = Letter(TextKind.IMAGES, "https://gpu.lab:8765", "Image: 900 × 600 pixels", image)
    dialog = ConsentDialog(letter)
    qtbot.addWidget(dialog)
    dialog.show()
    (picture,) = (p for label in dialog.findChildren(QLabel) if not (p := label.pixmap()).isNull())
    shown = picture.toImage()
    assert shown.pixelColor(10, 10).red() == 255
    assert shown.pixelColor(10, shown.height() - 10).red() == 0
    assert max(shown.width(), shown.height()) <= 320
    assert "https://gpu.lab:8765" in dialog.question.text()
    texts = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "No image leaves" not in texts
    assert "further images" in texts
