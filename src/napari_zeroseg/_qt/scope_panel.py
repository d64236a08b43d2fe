"""How far a run goes: which part of a plane, which planes, at which level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QFormLayout, QSpinBox, QWidget

from napari_zeroseg._qt.section import row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.session.scope import Part, Planes

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource

PARTS = {
    Part.ALL: ("all of it", "The whole plane; a large one is looked at in tiles"),
    Part.VISIBLE: (
        "what the canvas shows",
        "The part that you see now; proposals elsewhere stay as they are",
    ),
}
PLANES = {
    Planes.SHOWN: ("this one", "The plane that the sliders stand on"),
    Planes.RANGE: ("from – to", "Some planes along the last slider"),
    Planes.ALL: ("all of them", "Every plane of the image, in one step that can be undone"),
}
WORTH_A_PART = 512
"""Side in pixels from which it is worth running on a part of a plane."""


class ScopePanel(SessionView):
    """Choose what the next run looks at; what has no meaning for the image is hidden."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.part, self.planes, self.level = QComboBox(), QComboBox(), QComboBox()
        self.first, self.last = QSpinBox(), QSpinBox()
        self._span = QWidget()
        self._form = QFormLayout(self)
        self._build()
        self._connect()
        self._show()

    def _build(self) -> None:
        for box, texts in ((self.part, PARTS), (self.planes, PLANES)):
            for number, (value, (text, teaches)) in enumerate(texts.items()):
                box.addItem(text, value)
                box.setItemData(number, teaches, 3)  # the tooltip's role
        for widget, name, teaches in (
            (self.part, "Run on", "Which part of the plane is looked at"),
            (self.planes, "Planes", "Which planes of the stack or film are looked at"),
            (self.first, "First plane", "The first plane that is looked at"),
            (self.last, "Last plane", "The last plane that is looked at"),
            (self.level, "Level", "A coarser level is faster, and misses what is small"),
        ):
            widget.setAccessibleName(name)
            widget.setToolTip(teaches)
        span = row(self.first, self.last)
        self._span.setLayout(span)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.addRow("Run on", self.part)
        self._form.addRow("Planes", self.planes)
        self._form.addRow("From, to", self._span)
        self._form.addRow("Level", self.level)

    def _connect(self) -> None:
        session = self._session
        self.part.activated.connect(lambda: session.reach.choose_part(self.part.currentData()))
        self.planes.activated.connect(self._on_planes_chosen)
        self.first.valueChanged.connect(self._on_planes_chosen)
        self.last.valueChanged.connect(self._on_planes_chosen)
        self.level.activated.connect(self._on_level_chosen)
        self._listen(session.reach.changed, self._show)
        self._listen(session.refining.changed, self._show)
        self._listen(session.source_changed, self._show)

    def _on_planes_chosen(self) -> None:
        span = (self.first.value(), self.last.value())
        self._session.reach.choose_planes(self.planes.currentData(), span)

    def _on_level_chosen(self, level: int) -> None:
        parameters = self._session.refining.recipe.parameters
        self._session.refining.set_parameters(parameters.model_copy(update={"level": level}))

    def _show(self, *_: object) -> None:
        source, reach = self._session.source, self._session.reach
        deep = source is not None and any(size > 1 for size in source.depth)
        self._form.setRowVisible(self.part, source is not None and max(source.shape) >= WORTH_A_PART)
        self._form.setRowVisible(self.planes, deep)
        self._form.setRowVisible(self._span, deep and reach.planes is Planes.RANGE)
        self._form.setRowVisible(self.level, source is not None and bool(source.coarser))
        self.part.setCurrentIndex(self.part.findData(reach.part))
        self.planes.setCurrentIndex(self.planes.findData(reach.planes))
        if source is not None:
            self._show_span(source)
            self._show_levels(source)

    def _show_span(self, source: ImageSource) -> None:
        highest = source.depth[-1] - 1 if source.depth else 0
        for box, value in zip((self.first, self.last), self._session.reach.span, strict=True):
            with QSignalBlocker(box):
                box.setRange(0, max(highest, value))
                box.setValue(value)

    def _show_levels(self, source: ImageSource) -> None:
        with QSignalBlocker(self.level):
            self.level.clear()
            for number, level in enumerate((source, *source.coarser)):
                height, width = level.shape
                self.level.addItem(f"{number}: {width} × {height} px", number)
            chosen = self._session.refining.recipe.parameters.level
            self.level.setCurrentIndex(min(chosen, len(source.coarser)))
