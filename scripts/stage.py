"""The running program on a screen, driven as by a person, for pictures and films of it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable

import napari
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QPainter, QPixmap
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_zeroseg._widget import ZeroSegWidget

PATIENCE = 300.0  # seconds


class Stage:
    """A window of napari with the dock, as if opened for the first time.

    Parameters
    ----------
    size : tuple of int
        Width and height of the window in pixels.
    theme : str
        ``"dark"`` or ``"light"``.
    """

    def __init__(self, size: tuple[int, int], theme: str = "dark") -> None:
        # what was agreed to and decided on this machine is none of it
        os.environ["NAPARI_ZEROSEG_CONFIG"] = tempfile.mkdtemp(prefix="zeroseg-pictures-")
        os.environ["NAPARI_ZEROSEG_DATA"] = tempfile.mkdtemp(prefix="zeroseg-work-")
        self.viewer = napari.Viewer(show=True)
        self.viewer.theme = theme
        self.window: QWidget = self.viewer.window._qt_window
        self.window.resize(*size)
        self.widget = ZeroSegWidget(self.viewer)
        self.viewer.window.add_dock_widget(self.widget, name="ZeroSeg", area="right")
        self.dock, self.session = self.widget.dock, self.widget.session
        settle(0.5)

    @property
    def canvas(self) -> QWidget:
        return self.viewer.window._qt_viewer.canvas.native

    def close(self) -> None:
        self.viewer.close()

    def grab(self) -> QPixmap:
        """Return a picture of the window, with the question that it asks and the comparison if it is open."""
        picture = self.window.grab()
        for dialog in (self.dock.run.bench, self.dock.models.remote_dialog, self.widget.consent.dialog):
            if dialog is not None and dialog.isVisible():
                _paste(picture, dialog)
        return picture

    def show(self, part: QWidget) -> None:
        """Scroll the dock to one of its parts, once its layout has come to rest."""
        settle(0.5)
        self.dock.show_part(part)
        settle(0.2)

    def wait_for_models(self) -> None:
        """Wait until no run is going on."""
        wait(lambda: not self.session.activity.running)

    def zoom(self, row: float, col: float, zoom: float) -> None:
        """Look at a place of the world, with so many screen pixels to its unit."""
        camera = self.viewer.scene.camera
        camera.center, camera.zoom = (row, col), zoom
        settle(0.1)

    def place_of(self, row: float, col: float) -> QPoint:
        """Return where a place of the world lies on the canvas."""
        camera, canvas = self.viewer.scene.camera, self.canvas
        center = camera.center[-2:]
        return QPoint(
            round((col - center[1]) * camera.zoom + canvas.width() / 2),
            round((row - center[0]) * camera.zoom + canvas.height() / 2),
        )

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key on the canvas."""
        QTest.keyClick(self.canvas, key, modifier)
        settle(0.05)

    def click(self, place: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Click on the canvas."""
        QTest.mouseMove(self.canvas, place)
        QTest.mouseClick(self.canvas, button, pos=place)
        settle(0.05)


def wait(done: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("The models did not answer in time.")
        settle(0.05)


def settle(seconds: float) -> None:
    """Let the window draw what is waiting to be drawn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def _paste(picture: QPixmap, dialog: QWidget) -> None:
    """Put the picture of a dialog, with a frame, into the middle of the window's."""
    size = picture.deviceIndependentSize().toSize()
    place = QPoint((size.width() - dialog.width()) // 2, (size.height() - dialog.height()) // 2)
    painter = QPainter(picture)
    painter.drawPixmap(place, dialog.grab())
    painter.setPen(dialog.palette().color(dialog.foregroundRole()))
    painter.drawRect(QRect(place, dialog.size()))
    painter.end()
