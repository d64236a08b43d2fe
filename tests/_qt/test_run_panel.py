"""The run: its button, its reasons, its progress and its Cancel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from qtpy.QtCore import Qt

from napari_zeroseg._qt.activity_bar import ActivityBar
from napari_zeroseg._qt.gui_thread import Background, GuiThread
from napari_zeroseg._qt.run_panel import RunPanel

LEFT = Qt.MouseButton.LeftButton


def test_run_says_what_is_missing_and_then_finds(qtbot, suggested):
    panel = RunPanel(suggested, Background(ThreadPoolExecutor(1), GuiThread()))
    qtbot.addWidget(panel)
    assert not panel.run.isEnabled()
    assert "Accept at least one" in panel.reason.text()
    suggested.accept("bright")
    assert panel.reason.text() == ""
    qtbot.mouseClick(panel.run, LEFT)
    assert len(suggested.state.instances) == 2
    assert "2 bright" in panel.found.text()
    panel.release()


def test_the_bar_shows_the_stage_and_cancels(qtbot, suggested):
    bar = ActivityBar(suggested)
    qtbot.addWidget(bar)
    seen = []

    def stop(activity):
        if activity.running and activity.total:
            seen.append(bar.stage.text())
            qtbot.mouseClick(bar.cancel, LEFT)

    suggested.accept("bright")
    before = suggested.state
    suggested.activity_changed.connect(stop)
    suggested.run()
    assert seen
    assert "of" in seen[0]
    assert suggested.state is before
    assert bar.isHidden()
    bar.release()
