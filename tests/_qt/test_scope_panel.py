"""Which part and which planes a run looks at: only what has a meaning is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_zeroseg._qt.scope_panel import ScopePanel
from napari_zeroseg.session.scope import Part, Planes
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares


@pytest.fixture
def panel(qtbot):
    session = Session(backends=fake_backends)
    panel = ScopePanel(session)
    qtbot.addWidget(panel)
    yield panel
    panel.release()


def _rows(panel: ScopePanel) -> list[bool]:
    return [panel._form.isRowVisible(row) for row in range(panel._form.rowCount())]


def test_a_small_image_asks_nothing(panel):
    panel._session.open(source())
    assert _rows(panel) == [False, False, False, False]


def test_a_large_image_asks_for_the_part(panel):
    panel._session.open(source(squares(600)))
    assert _rows(panel) == [True, False, False, False]
    panel.part.setCurrentIndex(1)
    panel.part.activated.emit(1)
    assert panel._session.reach.part is Part.VISIBLE


def test_a_stack_asks_for_planes_and_a_range_for_its_ends(panel):
    panel._session.open(replace(source(), depth=(9,), plane=(0,)))
    assert _rows(panel) == [False, True, False, False]
    panel.planes.setCurrentIndex(panel.planes.findData(Planes.RANGE))
    panel.planes.activated.emit(1)
    assert _rows(panel) == [False, True, True, False]
    panel.last.setValue(6)
    panel.first.setValue(2)
    assert panel._session.reach.span == (2, 6)
    assert panel.last.maximum() == 8


def test_levels_of_a_pyramid_are_kept_in_the_recipe(panel):
    fine = source(squares(128))
    panel._session.open(replace(fine, coarser=(source(squares(64)),)))
    assert [panel.level.itemText(i) for i in range(panel.level.count())] == [
        "0: 128 × 128 px",
        "1: 64 × 64 px",
    ]
    panel.level.activated.emit(1)
    assert panel._session.refining.recipe.parameters.level == 1
    assert panel.level.currentIndex() == 1


def test_what_was_chosen_is_shown_again(panel, qtbot):
    panel._session.reach.choose_planes(Planes.RANGE, (3, 4))
    other = ScopePanel(panel._session)
    qtbot.addWidget(other)
    panel._session.open(replace(source(), depth=(9,), plane=(0,)))
    assert other.planes.currentData() == Planes.RANGE
    assert (other.first.value(), other.last.value()) == (3, 4)
    other.release()
