"""The panel teaches when to learn, and says what was learned."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog

from napari_zeroseg._qt.learn_panel import LearnPanel
from napari_zeroseg.backends.lmseg.head import read_head
from napari_zeroseg.core.method import Method
from napari_zeroseg.session.learning import NOTHING_CORRECTED
from napari_zeroseg.session.session import Session
from tests.backends.lmseg.made import head


@pytest.fixture
def panel(qtbot, session: Session):
    panel = LearnPanel(session)
    qtbot.addWidget(panel)
    yield panel
    panel.release()


def test_it_is_there_for_the_method_that_learns(panel: LearnPanel, session: Session) -> None:
    assert panel.isHidden()
    session.refining.choose_method(Method.LMSEG)
    assert not panel.isHidden()
    assert not panel.learn.isEnabled()
    assert panel.reason.text() == NOTHING_CORRECTED
    assert not panel.back.isEnabled()
    assert not panel.save.isEnabled()
    panel.upright.click()
    assert session.recipe.lmseg.upright


def test_corrections_can_be_learned_from(panel: LearnPanel, session: Session, segmented: Session) -> None:
    session.refining.choose_method(Method.LMSEG)
    session.accept_instances(*(i.key for i in session.state.instances))
    assert panel.learn.isEnabled()


def test_what_was_learned_is_told_saved_loaded_and_left(
    panel: LearnPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.refining.choose_method(Method.LMSEG)
    session.use_head(head(), "blood")
    assert panel.known.text().startswith("Learned cell, rim from 3 images.")
    assert "is 0.90, without learning 0.10" in panel.known.text()
    path = tmp_path / "kept.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    panel.save.click()
    assert read_head(path).sha256 == head().sha256
    panel.back.click()
    assert session.recipe.lmseg.head is None
    assert panel.known.text().startswith("Nothing is learned yet")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    panel.load.click()
    assert session.recipe.lmseg.head == head().reference("kept")


def test_a_head_that_is_not_loaded_is_asked_for(panel: LearnPanel, session: Session) -> None:
    session.refining.choose_method(Method.LMSEG)
    session.refining.set_lmseg(head=head().reference("lost").model_copy(update={"sha256": "0" * 64}))
    assert "'lost': load its file" in panel.known.text()
    assert panel.back.isEnabled()
    assert not panel.save.isEnabled()
