"""Each method shows its own numbers, and resets those alone."""

from __future__ import annotations

import pytest

from napari_zeroseg._qt.settings_panel import NUMBERS, SettingsPanel
from napari_zeroseg.core.method import Method
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends


@pytest.fixture
def panel(qtbot) -> SettingsPanel:
    panel = SettingsPanel(Session(backends=fake_backends))
    qtbot.addWidget(panel)
    yield panel
    panel.release()


@pytest.mark.parametrize("method", Method)
def test_the_numbers_are_those_of_the_method(panel: SettingsPanel, method: Method) -> None:
    panel._session.refining.choose_method(method)
    shown = {name for name, box in panel.boxes.items() if box.isVisibleTo(panel.fold._content)}
    assert shown == {number.name for number in NUMBERS[method]}
    assert not panel.reset.isEnabled()


def test_a_number_goes_into_the_recipe_and_back(panel: SettingsPanel) -> None:
    refining = panel._session.refining
    refining.choose_method(Method.FREESEG_DIFF)
    panel.boxes["spare_clusters"].setValue(7)
    panel.caption.click()
    assert (refining.recipe.freeseg.spare_clusters, refining.recipe.freeseg.candidates) == (7, "caption")
    assert panel.fold.heading.text() == "Settings: changed"
    panel.reset.click()
    assert (refining.recipe.freeseg.spare_clusters, refining.recipe.freeseg.candidates) == (4, "accepted")


def test_a_reset_leaves_what_is_not_shown(panel: SettingsPanel) -> None:
    refining = panel._session.refining
    refining.choose_method(Method.LMSEG)
    refining.set_lmseg(upright=True, weight=0.9)
    panel.reset.click()
    assert (refining.recipe.lmseg.upright, refining.recipe.lmseg.weight) == (True, 0.5)
