"""The offer of earlier work and the line that says when it was saved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_zeroseg._qt.restore_bar import RestoreBar
from napari_zeroseg._qt.saved_line import SavedLine
from napari_zeroseg.session.runner import InlineExecutor
from napari_zeroseg.session.saved.autosave import Autosave
from napari_zeroseg.session.saved.content import Content
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares

LEFT = Qt.MouseButton.LeftButton


def opened(folder):
    session = Session(backends=fake_backends)
    autosave = Autosave(session, executor=InlineExecutor(), delay=0)
    session.open(replace(source(), content=Content(squares(), folder / "squares.png")))
    return session, autosave


@pytest.fixture
def earlier(tmp_path):
    session, autosave = opened(tmp_path)
    session.add_classes("bright, grey")
    session.suggest()
    session.accept("bright")
    session.run()
    session.accept_all_instances("bright")
    autosave.close()
    return session


@pytest.fixture
def bar(qtbot, earlier, tmp_path):
    session, autosave = opened(tmp_path)
    made = RestoreBar(session, autosave)
    qtbot.addWidget(made)
    yield made
    made.release()
    autosave.close()


def test_earlier_work_is_offered_in_words_and_taken_up(qtbot, bar, earlier):
    assert not bar.isHidden()
    assert "2 bright accepted" in bar.text.text()
    qtbot.mouseClick(bar.restore, LEFT)
    assert bar.isHidden()
    assert len(bar._session.state.instances) == len(earlier.state.instances)
    assert bar._session.undo_text == "Accept 2 instances"


def test_it_says_which_file_is_kept_by_who_starts_anew(qtbot, bar):
    assert "squares.png.zeroseg" in bar.anew.toolTip()
    qtbot.mouseClick(bar.anew, LEFT)
    assert bar.isHidden()
    assert bar._session.state.instances == ()


def test_the_line_says_when_and_where_and_why_not(qtbot, tmp_path, monkeypatch):
    session, autosave = opened(tmp_path)
    line = SavedLine(session, autosave)
    qtbot.addWidget(line)
    assert line.line.text() == "Autosave"
    session.add_classes("bright")
    assert line.line.text() == "Saved just now"
    assert "squares.png.zeroseg" in line.line.toolTip()
    line.on.trigger()
    assert line.line.text() == "Autosave is off"
    assert not line.beside.isEnabled()
    line.on.trigger()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "chosen"))
    line.elsewhere.trigger()
    assert autosave.status.path.parent == tmp_path / "chosen"
    assert "chosen" in line.elsewhere.text()
    line.beside.trigger()
    assert autosave.settings.folder is None
    line.release()
    autosave.close()
