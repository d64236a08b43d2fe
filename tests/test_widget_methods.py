"""In the real window: clusters are named before they are masks, and methods are compared on one image."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QItemSelectionModel, Qt
from qtpy.QtWidgets import QFileDialog

from napari_zeroseg._qt.outcome_model import IOU, NAME
from napari_zeroseg._qt.suggestion_model import ACCEPT
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.methods.choice import CHOICES
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares
from tests.session.test_parting import PLAIN
from tests.test_widget import LEFT, Person, canvas_place, work_in

GROUND, GREY, BRIGHT = range(3)
"""The clusters of the squares."""


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def person(qtbot, viewer) -> Person:
    return work_in(qtbot, viewer, Session(recipe=Recipe(freeseg=PLAIN), backends=fake_backends))


def choose(person: Person, method: Method) -> None:
    box, place = person.dock.method.method, tuple(CHOICES).index(method)
    box.setCurrentIndex(place)
    box.activated.emit(place)


def show(person: Person, cluster: int, name: str) -> None:
    box = person.dock.clusters.table.cellWidget(cluster, 2)
    box.setCurrentText(name)
    box.activated.emit(box.currentIndex())


def chosen_rows(person: Person) -> list[int]:
    return sorted({index.row() for index in person.dock.clusters.table.selectedIndexes()})


def test_clusters_are_found_named_merged_split_and_accepted(qtbot, person, viewer) -> None:
    image = viewer.add_image(squares(), name="image")
    clusters, canvas = person.dock.clusters, viewer.window._qt_viewer.canvas.native
    person.name_classes("grey", "bright")
    choose(person, Method.FREESEG_DIFF)
    person.press(clusters.part)
    person.wait()
    assert clusters.table.rowCount() == 3
    assert "Clusters" in viewer.layers

    qtbot.wait(50)
    qtbot.mouseClick(canvas, LEFT, pos=canvas_place(viewer, image, 45, 12))
    assert chosen_rows(person) == [GREY]
    qtbot.mouseClick(canvas, LEFT, Qt.KeyboardModifier.ShiftModifier, canvas_place(viewer, image, 10, 10))
    assert chosen_rows(person) == [GREY, BRIGHT]
    person.press(clusters.merge)
    assert clusters.table.rowCount() == 2
    assert chosen_rows(person) == [1]
    person.press(clusters.split)
    person.wait()
    assert clusters.table.rowCount() == 3
    assert set(chosen_rows(person)) == {1, 2}
    bright = viewer.layers["Clusters"].data[10, 10] - 1
    show(person, bright, "bright")
    show(person, 3 - bright, "grey")

    person.press(clusters.draw)
    person.wait()
    assert "Clusters" not in viewer.layers
    person.press(person.dock.refine.accept_all)
    assert all(i.locked for i in person.session.state.instances)
    pixels = squares()
    assert np.array_equal(viewer.layers["bright"].data > 0, pixels > 200)
    assert np.array_equal(viewer.layers["grey"].data > 0, (pixels > 100) & (pixels <= 200))

    while person.dock.history.undo.isEnabled():
        person.press(person.dock.history.undo)
    assert list(viewer.layers) == [image]


def test_what_the_caption_names_becomes_a_class(person, viewer) -> None:
    viewer.add_image(squares(), name="image")
    choose(person, Method.FREESEG_DIFF)
    person.press(person.dock.clusters.part)  # no class is needed to look
    person.wait()
    ideas = person.dock.guidance.ideas
    assert [button.accessibleName() for button in ideas.buttons] == [
        "Add squares as class",
        "Add dark ground as class",
    ]
    person.press(ideas.buttons[0])
    show(person, BRIGHT, "squares")
    person.press(person.dock.clusters.draw)
    person.wait()
    assert np.array_equal(viewer.layers["squares"].data > 0, squares() > 200)


def test_methods_are_compared_and_the_masks_of_the_best_are_taken(
    qtbot, person, viewer, tmp_path, monkeypatch
) -> None:
    viewer.add_image(squares(), name="image")
    person.name_classes("grey", "bright")
    person.press(person.dock.suggestions.suggest)
    person.decide("bright", ACCEPT)
    person.decide("grey", ACCEPT)
    person.press(person.dock.run.run)
    person.session.accept_all_instances("bright")
    person.press(person.dock.run.compare)
    bench = person.dock.run.bench.panel
    qtbot.waitUntil(lambda: len(bench.model.chosen) >= 3, timeout=10_000)
    person.press(bench.compare)
    person.wait()
    assert [one.name for one in person.session.outcomes] == [f"{m}, embedded" for m in Method]
    qtbot.waitUntil(lambda: len(bench.pictures.views) == 4, timeout=10_000)

    best = max(range(3), key=lambda row: float(bench.model.data(bench.model.index(row, IOU))))
    name = bench.model.data(bench.model.index(best, NAME))
    bench.table.selectionModel().select(
        bench.model.index(best, NAME),
        QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
    )
    person.press(bench.take)
    assert person.session.undo_text == f"Take the masks of {name}"
    assert np.array_equal(viewer.layers["bright"].data > 0, squares() > 200)
    path = tmp_path / "methods.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    person.press(bench.save)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "method,objects,seconds,memory_mb,mean_iou,iou bright,problem"
    assert len(lines) == 4
    person.dock.run.bench.close()
