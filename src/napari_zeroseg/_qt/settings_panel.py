"""The numbers of a run, each method its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QPushButton, QSpinBox, QWidget

from napari_zeroseg._qt.fold import Fold
from napari_zeroseg._qt.section import column
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.method import Method
from napari_zeroseg.session.refining import numbers_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from napari_zeroseg.session.session import Session


@dataclass(frozen=True)
class Number:
    """A number that a person may change.

    Parameters
    ----------
    name : str
        In the part of the recipe that belongs to the method.
    title, teaches : str
        For a person.
    most : float
        The largest; the least is 0.
    whole : bool
        Whether it counts something.
    """

    name: str
    title: str
    teaches: str
    most: float = 1
    whole: bool = False


NUMBERS = {
    Method.GROUNDED: (
        Number("box_threshold", "Detection score", "Boxes below this score are dropped: lower finds more"),
        Number(
            "text_threshold",
            "Phrase score",
            "Least score of the words of a phrase, where a detector scores words",
        ),
        Number("nms_iou", "Same object", "Boxes of one class that overlap more than this are one object"),
        Number(
            "cross_class_nms_iou",
            "Same, other class",
            "Boxes of different classes that overlap more than this are one, of the best class; 1 keeps all",
        ),
        Number(
            "refine_points",
            "Points",
            "Points taken from the first mask for a second, better one; 0 leaves the second pass out",
            200,
            whole=True,
        ),
    ),
    Method.FREESEG_DIFF: (
        Number(
            "spare_clusters",
            "Spare clusters",
            "So many clusters more than classes are looked for, for what belongs to no class",
            32,
            whole=True,
        ),
        Number(
            "place_weight",
            "Nearness",
            "How much places that lie apart are told apart for that; 0 goes by their looks alone",
            10,
        ),
        Number(
            "crf_iterations",
            "Rounds at the edges",
            "Rounds of the random field that draws masks to the edges of the image; 0 leaves it out",
            100,
            whole=True,
        ),
    ),
    Method.LMSEG: (
        Number(
            "weight",
            "Weight of words",
            "1 goes by the features that know words alone, 0 by those that know detail; "
            "what was learned has a weight of its own",
        ),
        Number("threshold", "Least probability", "Places where no class is as likely as this stay empty"),
        Number("least_area", "Least area", "Pieces of fewer pixels are left out", 1_000_000, whole=True),
    ),
}


class SettingsPanel(SessionView):
    """Change the numbers of the next run with the chosen method; they are kept in the recipe."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.boxes: dict[str, QDoubleSpinBox | QSpinBox] = {}
        self.caption = QCheckBox("Only what the caption names")
        self.reset = QPushButton("Reset")
        self.foresight = QCheckBox("Prepare what is near while idle")
        self._pages: dict[Method, QWidget] = {}
        content = QWidget()
        self.fold = Fold(content)
        self._build(content)
        self._listen(session.refining.changed, self._show)
        self._show()

    def _build(self, content: QWidget) -> None:
        layout = column(content)
        for method, numbers in NUMBERS.items():
            self._pages[method] = page = QWidget()
            form = QFormLayout(page)
            form.setContentsMargins(0, 0, 0, 0)
            for number in numbers:
                self._add(form, number)
            layout.addWidget(page)
            if method is Method.FREESEG_DIFF:
                form.addRow(self.caption)
        self.caption.setToolTip(
            "Have a caption written, and look for those of the accepted classes alone that it names;\n"
            "what else it names is offered under Suggestions. So it was published"
        )
        self.caption.clicked.connect(self._on_caption_clicked)
        self.reset.setToolTip("Back to the numbers that come with the method")
        self.reset.clicked.connect(self._on_reset_clicked)
        self.foresight.setToolTip(
            "While you draw, encode the next planes and the windows around in the background, so that the "
            "first click there is answered at once; a click comes first at any time"
        )
        self.foresight.setChecked(self._session.foresight)
        self.foresight.toggled.connect(self._session.set_foresight)
        layout.addWidget(self.reset)
        layout.addWidget(self.foresight)
        column(self).addWidget(self.fold)

    def _add(self, form: QFormLayout, number: Number) -> None:
        box = _whole_box(number) if number.whole else _share_box(number)
        box.setToolTip(number.teaches)
        box.setAccessibleName(number.title)
        box.setKeyboardTracking(False)  # 0.2 on the way to 0.25 is no wish
        box.valueChanged.connect(partial(self._on_changed, number.name))
        form.addRow(number.title, box)
        self.boxes[number.name] = box

    @property
    def _numbers(self) -> BaseModel:
        return numbers_of(self._session.refining.recipe)

    def _on_changed(self, name: str, value: float) -> None:
        if getattr(self._numbers, name) != value:
            self._session.refining.set_numbers(**{name: value})

    def _on_caption_clicked(self, ticked: bool) -> None:
        self._session.refining.set_numbers(candidates="caption" if ticked else "accepted")

    def _on_reset_clicked(self) -> None:
        self._session.refining.set_numbers(**self._usual())

    def _usual(self) -> dict[str, Any]:
        """Return what the method comes with of all that is shown here."""
        method, usual = self._session.refining.recipe.method, type(self._numbers)()
        names = [number.name for number in NUMBERS[method]]
        if method is Method.FREESEG_DIFF:
            names.append("candidates")
        return {name: getattr(usual, name) for name in names}

    def _show(self) -> None:
        method, numbers = self._session.refining.recipe.method, self._numbers
        for other, page in self._pages.items():
            page.setVisible(other is method)
        for number in NUMBERS[method]:
            self.boxes[number.name].setValue(getattr(numbers, number.name))
        self.caption.setChecked(self._session.refining.recipe.freeseg.candidates == "caption")
        changed = any(getattr(numbers, name) != value for name, value in self._usual().items())
        self.reset.setEnabled(changed)
        self.fold.show_heading(
            "Settings: changed" if changed else "Settings", "The numbers of the run, kept in the recipe"
        )


def _whole_box(number: Number) -> QSpinBox:
    box = QSpinBox()
    box.setMaximum(round(number.most))
    return box


def _share_box(number: Number) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setMaximum(number.most)
    box.setSingleStep(0.05)
    return box
