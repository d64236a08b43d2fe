"""The batch in the window: choices, buttons that say why not, a table that fills."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QFileDialog

from napari_zeroseg._qt.batch_model import FOUND, IMAGE, OBJECTS, STATE
from napari_zeroseg._qt.batch_panel import BatchPanel
from napari_zeroseg.batch import desk as desk_module
from napari_zeroseg.batch.desk import BatchDesk
from napari_zeroseg.batch.ledger import CORRECTED, DONE, FAILED, Outcome
from napari_zeroseg.batch.pace import Pace
from napari_zeroseg.batch.run import Summary
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.batch.test_desk import Here

LEFT = Qt.MouseButton.LeftButton
RECIPE = Recipe().with_vocabulary(Vocabulary.parse("bright; grey"))


class Asked:
    """Stands for the batch: keeps what it was asked for, and says what it is told to say."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], dict]] = []
        self.outcomes: list[Outcome] = []
        self.during = lambda: None
        self.left = 0

    def __call__(self, images, recipe, out, *, progress, **options):
        self.calls.append((images, options))
        progress(Pace(0, 0, 4, 0.0))
        for number, outcome in enumerate(self.outcomes, 1):
            progress(Pace(number, int(outcome.status == FAILED), 4, number * 2.0, outcome))
        self.during()
        return Summary(3, 1, 1, 2, self.left, out / "report.html", ())


@pytest.fixture
def batch(monkeypatch):
    made = Asked()
    monkeypatch.setattr(desk_module, "run_batch", made)
    return made


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "images"
    (place / "more").mkdir(parents=True)
    for name in ("a.tif", "b<b>.tif", "c.png", "more/d.tif"):
        (place / name).touch()
    return place


@pytest.fixture
def panel(qtbot, batch):
    made = BatchPanel(BatchDesk(Here()))
    qtbot.addWidget(made)
    made.show()
    yield made
    made.release()


@pytest.fixture
def ready(panel, folder):
    panel._desk.take_recipe(RECIPE)
    panel._desk.choose(folder=folder)
    return panel


def cells(panel, column):
    model = panel.shown
    return [model.index(row, column).data() for row in range(model.rowCount())]


def drop(panel, *paths):
    said = QMimeData()
    said.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = LEFT, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, said, buttons, keys)
    panel.dragEnterEvent(entering)
    if entering.isAccepted():
        panel.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, said, buttons, keys))


def test_an_empty_panel_says_what_to_do(panel):
    assert panel.introduction.isVisible()
    assert not panel.start.isEnabled()
    assert "drop it here" in panel.start.toolTip()
    assert "no class yet" not in panel.form.described.text()


def test_a_folder_is_typed_chosen_or_dropped(qtbot, panel, folder, monkeypatch):
    line = panel.form.folder.line
    line.setFocus()
    qtbot.keyClicks(line, str(folder))
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert panel._desk.choice.folder == folder
    assert panel.form.out.line.text() == f"{folder}-results"
    assert not panel.introduction.isVisible()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder / "more"))
    qtbot.mouseClick(panel.form.folder.browse, LEFT)
    assert cells(panel, IMAGE) == ["d.tif"]
    drop(panel, folder)
    assert cells(panel, IMAGE) == ["a.tif", "b<b>.tif", "c.png", "more/d.tif"]
    drop(panel, folder / "c.png")
    assert panel.form.names.text() == "*.png"
    assert cells(panel, IMAGE) == ["c.png"]
    assert line.text() == str(folder)


def test_what_is_missing_is_said(panel, folder):
    panel._desk.choose(folder=folder)
    assert "Name and accept classes" in panel.reason.text()
    panel._desk.take_recipe(RECIPE)
    assert panel.reason.text() == ""
    assert panel.start.isEnabled()
    assert "bright, grey" in panel.form.described.text()
    assert panel.state.text() == "4 images: 4 waiting."


def test_options_reach_the_batch(qtbot, ready, batch, folder):
    form = ready.form
    assert not form.workers.isVisible()
    form.more.heading.click()
    assert form.workers.isVisible()
    form.workers.setValue(3)
    for line, text in ((form.scheduler, "tcp://host:8786"), (form.axes, "ZYX"), (form.names, "*.tif")):
        line.setFocus()
        line.selectAll()
        qtbot.keyClicks(line, text)
        qtbot.keyClick(line, Qt.Key.Key_Return)
    form.force.click()
    form.suggested_only.click()
    form.below.click()
    qtbot.mouseClick(ready.start, LEFT)
    images, options = batch.calls[0]
    assert images == [str(folder / "a.tif"), str(folder / "b<b>.tif")]
    told = {name: options[name] for name in ("count", "scheduler", "axes", "force", "suggested_only")}
    assert told == {
        "count": 3, "scheduler": "tcp://host:8786", "axes": "ZYX", "force": True, "suggested_only": True,
    }  # fmt: skip


def test_the_table_fills_and_failures_stand_with_their_reason(qtbot, ready, batch, folder):
    batch.outcomes = [
        Outcome(folder / "a.tif", "a", DONE, counts={"bright": 2, "grey": 0}),
        Outcome(folder / "b<b>.tif", "b", FAILED, "It is no image."),
        Outcome(folder / "c.png", "c", CORRECTED, counts={"bright": 1200}),
    ]
    seen = []
    batch.during = lambda: seen.append((ready.meter.text, ready.meter.isVisible(), ready.state.text()))
    qtbot.mouseClick(ready.start, LEFT)
    assert seen == [("3 of 4", True, "3 of 4 images, 0.50 a second, 2 s left")]
    assert cells(ready, STATE) == ["done", "failed", "✓ corrected", "waiting"]
    assert cells(ready, OBJECTS) == ["2", "", "1,200", ""]
    assert cells(ready, FOUND) == ["2 bright", "It is no image.", "1200 bright", ""]
    ready.table.selectRow(1)
    assert ready.detail.text() == "It is no image."
    assert ready.state.text().startswith("3 images done, 1 of them corrected by hand, 1 failed.")
    assert not ready.meter.isVisible()
    assert ready.retry.isEnabled()
    qtbot.mouseClick(ready.retry, LEFT)
    assert batch.calls[1][0] == [str(folder / "b<b>.tif")]


def test_the_table_shows_one_state_and_sorts(ready, batch, folder):
    batch.outcomes = [Outcome(folder / "c.png", "c", FAILED, "No."), Outcome(folder / "a.tif", "a", DONE)]
    ready.start.click()
    ready.filter.setCurrentIndex(ready.filter.findData(FAILED))
    assert cells(ready, IMAGE) == ["c.png"]
    ready.filter.setCurrentIndex(0)
    ready.table.sortByColumn(STATE, Qt.SortOrder.DescendingOrder)
    assert cells(ready, STATE) == ["failed", "done", "waiting", "waiting"]


def test_while_a_batch_runs_it_can_only_be_called_off(qtbot, ready, batch):
    seen = []

    def look():
        enabled = [w.isEnabled() for w in (ready.start, ready.form.folder.line, ready.cancel)]
        seen.append((enabled, ready.reason.text()))
        qtbot.mouseClick(ready.cancel, LEFT)
        seen.append(ready.state.text())

    batch.during, batch.left = look, 2
    qtbot.mouseClick(ready.start, LEFT)
    assert seen == [([False, False, True], ""), "Stopping. What is done stays."]
    assert "2 are left" in ready.state.text()
    assert not ready.cancel.isEnabled()
    assert ready.start.isEnabled()


def test_an_image_is_opened_by_double_click_enter_and_button(qtbot, ready, folder):
    wanted = []
    ready.correction_wanted.connect(wanted.append)
    assert not ready.open.isEnabled()
    ready.table.selectRow(1)
    qtbot.mouseClick(ready.open, LEFT)
    place = ready.table.visualRect(ready.shown.index(0, 0)).center()
    qtbot.mouseClick(ready.table.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(ready.table.viewport(), LEFT, pos=place)
    ready.table.selectRow(2)
    qtbot.keyClick(ready.table, Qt.Key.Key_Return)
    assert [path.name for path in wanted] == ["b<b>.tif", "a.tif", "c.png"]


def test_the_report_opens_in_the_browser(qtbot, ready, batch, folder, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    assert not ready.report.isEnabled()
    ready.start.click()
    qtbot.mouseClick(ready.report, LEFT)
    assert [url.toLocalFile() for url in opened] == [f"{folder}-results/report.html"]


def test_words_are_sent_only_when_ticked(qtbot, ready, batch):
    assert not ready.form.agreed.isVisible()
    sending = replace_refiner("openai:small@https://api.example.org/v1")
    ready._desk.take_recipe(sending)
    assert "api.example.org" in ready.form.agreed.text()
    assert not ready.start.isEnabled()
    ready.form.agreed.click()
    qtbot.mouseClick(ready.start, LEFT)
    assert batch.calls[0][1]["agreed"]


def replace_refiner(name):
    return RECIPE.model_copy(update={"backends": {"refiner": name}})


def choose(panel, title):
    place = panel.form.recipe.findText(title)
    panel.form.recipe.setCurrentIndex(place)
    panel.form.recipe.activated.emit(place)


def test_results_keep_their_recipe_until_a_person_says_otherwise(qtbot, ready, batch):
    qtbot.mouseClick(ready.start, LEFT)
    ready._desk.take_recipe(RECIPE.looking_for(["grey"]))
    assert ready.form.recipe.currentText() == "The recipe of these results"
    assert ready.form.described.text().startswith("bright, grey:")
    choose(ready, "The settings of this window")
    assert ready.form.described.text().startswith("grey:")


def test_a_recipe_file_is_chosen_and_left_again(ready, tmp_path, monkeypatch):
    Recipe().with_vocabulary(Vocabulary.parse("coin")).write(tmp_path / "coins.json")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "coins.json"), ""))
    choose(ready, "A recipe file…")
    assert ready.form.recipe.currentText() == "coins.json"
    assert ready.form.described.text().startswith("coin:")
    choose(ready, "The settings of this window")
    assert ready.form.described.text().startswith("bright, grey:")


def test_a_problem_is_told_until_the_next_start(qtbot, ready, batch):
    def fail():
        raise ZeroSegError("The disk is full.", remedy="Free some space.")

    batch.during = fail
    qtbot.mouseClick(ready.start, LEFT)
    assert "Free some space." in ready.problem.text()
    batch.during = lambda: None
    qtbot.mouseClick(ready.start, LEFT)
    assert ready.problem.text() == ""


def test_names_of_files_are_text(ready):
    tip = ready.model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert not Qt.mightBeRichText(tip)


def test_thousands_of_rows_are_told_one_by_one(ready, batch, folder):
    lines = [replace(ready._desk.lines[0], path=folder / f"{n:05}.tif") for n in range(5000)]
    ready.model.show_lines(lines, folder)
    changes = []
    ready.model.dataChanged.connect(lambda first, last: changes.append((first.row(), last.row())))
    ready.model.show_line(4000, replace(lines[4000], status=DONE))
    assert changes == [(4000, 4000)]
    assert ready.shown.rowCount() == 5000
