"""Clusters in a table: shown with the method, named, merged, split and drawn."""

from __future__ import annotations

import pytest

from napari_zeroseg._qt.cluster_panel import ClusterPanel
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source
from tests.session.test_parting import PLAIN


@pytest.fixture
def panel(qtbot) -> ClusterPanel:
    recipe = Recipe(method=Method.FREESEG_DIFF, freeseg=PLAIN)
    session = Session(recipe=recipe.with_vocabulary(Vocabulary.parse("grey; bright")), backends=fake_backends)
    session.open(source())
    panel = ClusterPanel(session)
    qtbot.addWidget(panel)
    yield panel
    panel.release()


def test_clusters_are_named_and_drawn(panel: ClusterPanel) -> None:
    session = panel._session
    assert panel.table.isHidden()
    panel.part.click()
    assert panel.table.rowCount() == 3
    assert [panel.table.cellWidget(n, 2).currentText() for n in range(3)] == ["background", "grey", "bright"]
    box = panel.table.cellWidget(1, 2)
    box.setCurrentText("bright")
    box.activated.emit(box.currentIndex())
    assert session.state.partition.names == (None, "bright", "bright")
    panel.draw.click()
    assert {i.name for i in session.state.instances} == {"bright"}
    assert panel.table.isHidden()


def test_selected_clusters_are_merged_and_split(panel: ClusterPanel) -> None:
    panel.part.click()
    assert not panel.merge.isEnabled()
    panel.table.selectAll()
    assert panel.merge.isEnabled()
    panel.merge.click()
    assert panel.table.rowCount() == 1
    panel.table.selectRow(0)
    panel.split.click()
    assert panel.table.rowCount() == 2
    panel.drop.click()
    assert panel._session.state.partition is None


def test_it_is_shown_with_its_method_alone(panel: ClusterPanel) -> None:
    assert not panel.isHidden()
    panel._session.refining.choose_method(Method.GROUNDED)
    assert panel.isHidden()


def test_rows_and_the_image_choose_the_same_clusters(panel: ClusterPanel) -> None:
    panel.part.click()
    session = panel._session
    panel.table.selectRow(1)
    assert session.chosen_clusters == (1,)
    session.choose_clusters(0, 2)
    assert sorted({i.row() for i in panel.table.selectedIndexes()}) == [0, 2]
    assert panel.merge.isEnabled()
    assert not panel.split.isEnabled()
    session.name_cluster(1, "bright")
    assert panel.table.cellWidget(1, 2).currentText() == "bright"
    assert sorted({i.row() for i in panel.table.selectedIndexes()}) == [0, 2]
    panel.merge.click()
    assert sorted({i.row() for i in panel.table.selectedIndexes()}) == [0]


def test_clusters_stay_in_sight_with_another_method(panel: ClusterPanel) -> None:
    panel.part.click()
    panel._session.refining.choose_method(Method.GROUNDED)
    assert not panel.isHidden()
    panel.drop.click()
    assert panel.isHidden()


def test_a_new_class_can_be_chosen_at_once(panel: ClusterPanel) -> None:
    panel.part.click()
    panel._session.add_classes("third")
    box = panel.table.cellWidget(0, 2)
    assert [box.itemText(n) for n in range(box.count())] == ["background", "grey", "bright", "third"]
