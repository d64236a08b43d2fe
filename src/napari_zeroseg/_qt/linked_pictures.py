"""Pictures side by side that are moved and zoomed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QImage, QPixmap, QResizeEvent, QWheelEvent
from qtpy.QtWidgets import (
    QGraphicsScene,
    QGraphicsView,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ZOOM_PER_NOTCH = 1.25
NOTCH = 120  # eighths of a degree that a wheel turns at a time
TITLE = 24  # pixels that a title takes of the height of its picture's place
LARGEST_ZOOM = 64.0  # screen pixels per pixel of the image


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One of the pictures, all of which have the same size.

    Parameters
    ----------
    title : str
        Stands above it.
    pixels : ndarray of uint8, shape (H, W, 3)
        RGB.
    """

    title: str
    pixels: NDArray[np.uint8]


class LinkedPictures(QWidget):
    """A grid of pictures, as large as there is room for; the wheel zooms all, and dragging moves all."""

    def __init__(self) -> None:
        super().__init__()
        self._views: list[PictureView] = []
        self._cells: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def views(self) -> tuple[PictureView, ...]:
        return tuple(self._views)

    def show_pictures(self, pictures: Sequence[Picture]) -> None:
        """Show these and no others, fitted to their places."""
        for cell in self._cells:
            self._grid.removeWidget(cell)
            cell.deleteLater()
        self._views = [PictureView(picture) for picture in pictures]
        self._cells = [_cell(view) for view in self._views]
        for view in self._views:
            view.looked.connect(partial(self._on_looked, view))
        self._columns = 0
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        if not self._views:
            return
        columns = best_columns(len(self._views), self.width(), self.height(), self._views[0].aspect)
        if columns == self._columns:
            return
        self._columns = columns
        for number, cell in enumerate(self._cells):
            self._grid.removeWidget(cell)
            self._grid.addWidget(cell, *divmod(number, columns))

    def _on_looked(self, leader: PictureView) -> None:
        for view in self._views:
            if view is not leader:
                view.look_as(leader)


def _cell(view: PictureView) -> QWidget:
    cell = QWidget()
    layout = QVBoxLayout(cell)
    layout.setContentsMargins(0, 0, 0, 0)
    title = QLabel(view.accessibleName())
    title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    layout.addWidget(title)
    layout.addWidget(view, 1)
    return cell


def best_columns(count: int, width: int, height: int, aspect: float) -> int:
    """Return how many pictures lie beside each other so that they are as large as can be.

    Parameters
    ----------
    count : int
        Number of pictures.
    width, height : int
        Of the room for all of them, in pixels.
    aspect : float
        Width over height of a picture.
    """

    def width_of_one(columns: int) -> float:
        rows = -(-count // columns)
        return min(width / columns, (height / rows - TITLE) * aspect)

    return max(range(1, count + 1), key=width_of_one)


class PictureView(QGraphicsView):
    """One picture; it is fitted to its place until somebody zooms."""

    looked = Signal()
    """It was moved or zoomed by a person."""

    def __init__(self, picture: Picture) -> None:
        height, width, _ = picture.pixels.shape
        data = picture.pixels.tobytes()
        image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
        scene = QGraphicsScene()
        scene.addPixmap(QPixmap.fromImage(image))
        super().__init__(scene)
        self._scene = scene  # the view does not keep it alive
        self._fitted = True
        self.setAccessibleName(picture.title)
        self.setToolTip("The wheel zooms and dragging moves all pictures; a double click shows all again")
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)  # close to its title
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumSize(120, 120)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._on_moved)
        self._following = False

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self._scene.width() / self._scene.height()

    @property
    def zoom(self) -> float:
        """Screen pixels per pixel of the image."""
        return self.transform().m11()

    def look_as(self, other: PictureView) -> None:
        """Look at the same place as another view."""
        self._following, self._fitted = True, other._fitted
        self.setTransform(other.transform())
        for own, bar in (
            (self.horizontalScrollBar(), other.horizontalScrollBar()),
            (self.verticalScrollBar(), other.verticalScrollBar()),
        ):
            own.setValue(bar.value())
        self._following = False

    def fit(self) -> None:
        """Show all of the picture."""
        self._following, self._fitted = True, True
        self.fitInView(self._scene.sceneRect(), Qt.AspectRatioMode.KeepAspectRatio)
        self._following = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        factor = ZOOM_PER_NOTCH ** (event.angleDelta().y() / NOTCH)
        if self.zoom * factor <= LARGEST_ZOOM:
            self._fitted = False
            self._following = True
            self.scale(factor, factor)
            self._following = False
            self.looked.emit()

    def mouseDoubleClickEvent(self, _event: object) -> None:
        self.fit()
        self.looked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()

    def _on_moved(self) -> None:
        if not self._following:
            self.looked.emit()
