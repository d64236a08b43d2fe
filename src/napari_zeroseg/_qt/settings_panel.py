"""The numbers of a run: thresholds, overlaps and points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QPushButton, QSpinBox, QWidget

from napari_zeroseg._qt.fold import Fold
from napari_zeroseg._qt.section import column
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.recipe import Parameters

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session

SHARES = (
    ("box_threshold", "Detection score", "Boxes below this score are dropped: lower finds more"),
    ("text_threshold", "Phrase score", "Least score of the words of a phrase, where a detector scores words"),
    ("nms_iou", "Same object", "Boxes of one class that overlap more than this are one object"),
    (
        "cross_class_nms_iou",
        "Same, other class",
        "Boxes of different classes that overlap more than this are one, of the best class; 1 keeps all",
    ),
)
POINTS = (
    "refine_points",
    "Points",
    "Points taken from the first mask for a second, better one; 0 leaves the second pass out",
)
MOST_POINTS = 200


class SettingsPanel(SessionView):
    """Change the numbers of the next run; they are kept in the recipe."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.boxes: dict[str, QDoubleSpinBox | QSpinBox] = {}
        self.reset = QPushButton("Reset")
        self.foresight = QCheckBox("Prepare what is near while idle")
        content = QWidget()
        self.fold = Fold(content)
        self._build(content)
        self._listen(session.refining.changed, self._show)
        self._show()

    def _build(self, content: QWidget) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        for name, title, teaches in SHARES:
            self._add(form, name, title, teaches, _share_box())
        points = QSpinBox()
        points.setRange(0, MOST_POINTS)
        self._add(form, *POINTS, points)
        self.reset.setToolTip("Back to the numbers that come with the method")
        self.reset.clicked.connect(lambda: self._session.refining.set_parameters(Parameters()))
        layout = column(content)
        layout.addLayout(form)
        layout.addWidget(self.reset)
        self.foresight.setToolTip(
            "While you draw, encode the next planes and the windows around in the background, so that the "
            "first click there is answered at once; a click comes first at any time"
        )
        self.foresight.setChecked(self._session.foresight)
        self.foresight.toggled.connect(self._session.set_foresight)
        layout.addWidget(self.foresight)
        column(self).addWidget(self.fold)

    def _add(
        self, form: QFormLayout, name: str, title: str, teaches: str, box: QDoubleSpinBox | QSpinBox
    ) -> None:
        box.setToolTip(teaches)
        box.setAccessibleName(title)
        box.setKeyboardTracking(False)  # 0.2 on the way to 0.25 is no wish
        box.valueChanged.connect(lambda value: self._on_changed(name, value))
        form.addRow(title, box)
        self.boxes[name] = box

    def _on_changed(self, name: str, value: float) -> None:
        old = self._session.refining.recipe.parameters
        if getattr(old, name) != value:
            self._session.refining.set_parameters(old.model_copy(update={name: value}))

    def _show(self) -> None:
        parameters = self._session.refining.recipe.parameters
        for name, box in self.boxes.items():
            box.setValue(getattr(parameters, name))
        changed = parameters != Parameters()
        self.reset.setEnabled(changed)
        self.fold.show_heading(
            "Settings: changed" if changed else "Settings", "The numbers of the run, kept in the recipe"
        )


def _share_box() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0, 1)
    box.setSingleStep(0.05)
    box.setDecimals(2)
    return box
