"""Which models look at the image: one line, and behind it the choice, what they need, and the download."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QFormLayout, QPushButton, QWidget

from napari_zeroseg._qt.encoded_care import EncodedCare
from napari_zeroseg._qt.fold import Fold
from napari_zeroseg._qt.machine_dialog import MachineDialog
from napari_zeroseg._qt.model_care import ModelCare
from napari_zeroseg._qt.model_fetch import ModelFetch
from napari_zeroseg._qt.need_model import NeedModel
from napari_zeroseg._qt.remote_dialog import RemoteDialog
from napari_zeroseg._qt.section import TextLine, column
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.table import FittedTable
from napari_zeroseg.session.model_files import PROFILE_NAMES, VISION_ROLES, Need, choices, chosen, needs
from napari_zeroseg.session.remote_models import title_of

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.session.session import Session

TEACHES = "Which models tag, caption, detect and segment"


class ModelsPanel(SessionView):
    """Choose a profile, or another model for one role, and fetch what is missing.

    Parameters
    ----------
    session : Session
        Whose models they are.
    background : Background
        Where the disk and the machine are looked at, which may take a second.
    downloads : Background
        Where files come down.
    """

    def __init__(self, session: Session, background: Background, downloads: Background) -> None:
        super().__init__(session)
        self._background = background
        self.profile = QComboBox()
        self.roles = {role: QComboBox() for role in VISION_ROLES}
        self.needs = NeedModel()
        self.table = FittedTable(self.needs, (0, 80, 62, 82))
        self.warning = TextLine()
        self.fetch = ModelFetch(downloads, self._show)
        self.care = ModelCare(downloads, self._show)
        self.encoded = EncodedCare(background)
        self.machine = QPushButton("What works here…")
        self.machine_dialog: MachineDialog | None = None
        self.remote = QPushButton("Models of a server…")
        self.remote_dialog: RemoteDialog | None = None
        content = QWidget()
        self.fold = Fold(content)
        self._build(content)
        self._connect()
        self.fold.show_heading("Models", TEACHES)
        self._show()

    def _build(self, content: QWidget) -> None:
        self.profile.addItems(PROFILE_NAMES)
        self.profile.setAccessibleName("Profile")
        self.profile.setToolTip("A choice of models that go together; embedded needs no download")
        form = self._form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Profile", self.profile)
        for role, box in self.roles.items():
            box.setAccessibleName(role.capitalize())
            form.addRow(role.capitalize(), box)
        self.machine.setToolTip("Devices, memory, packages and models, and what to type for what is missing")
        self.remote.setToolTip("Let another machine compute for this one; it gets images after you agree")
        layout = column(content)
        layout.addLayout(form)
        parts = (self.table, self.warning, self.fetch, self.care, self.remote, self.machine, self.encoded)
        for part in parts:
            layout.addWidget(part)
        column(self).addWidget(self.fold)

    def _connect(self) -> None:
        self.profile.textActivated.connect(self._on_profile_chosen)
        for role, box in self.roles.items():
            box.textActivated.connect(partial(self._on_backend_chosen, role))
        self.table.selectionModel().selectionChanged.connect(self._on_row_selected)
        self.machine.clicked.connect(self._on_machine_clicked)
        self.remote.clicked.connect(self._on_remote_clicked)
        self._listen(self._session.refining.changed, self._show)

    def release(self) -> None:
        self.fetch.stop()
        super().release()

    def _on_profile_chosen(self, name: str) -> None:
        self._try(self._session.refining.choose_models, name, {})

    def _on_backend_chosen(self, role: str, title: str) -> None:
        box = self.roles[role]
        name = box.itemData(box.findText(title))
        recipe = self._session.refining.recipe
        others = {r: n for r, n in recipe.backends.items() if r in VISION_ROLES}
        self._try(self._session.refining.choose_models, recipe.profile, {**others, role: name})

    def _on_row_selected(self, *_: object) -> None:
        rows = self.table.chosen_rows()
        self.care.show_need(self.needs.row(rows[0]) if len(rows) == 1 else None)

    def _on_machine_clicked(self) -> None:
        self.machine_dialog = MachineDialog(self._background, self)
        self.machine_dialog.show()

    def _on_remote_clicked(self) -> None:
        self.remote_dialog = RemoteDialog(self._session, self._background, self._show, self)
        self.remote_dialog.finished.connect(self._on_remote_finished)
        self.remote_dialog.show()

    def _on_remote_finished(self, *_: object) -> None:
        self.remote_dialog = None

    def _show(self) -> None:
        recipe = self._session.refining.recipe
        self.profile.setCurrentText(recipe.profile)
        names = chosen(recipe)
        for role, box in self.roles.items():
            self._form.setRowVisible(box, role in names)
            _fill(box, choices(role), names.get(role, ""))
        self._background.do(partial(needs, recipe), partial(self._on_looked_up, recipe), self._on_problem)

    def _on_looked_up(self, recipe: Recipe, found: tuple[Need, ...]) -> None:
        if chosen(recipe) != chosen(self._session.refining.recipe):
            return  # another choice was made meanwhile, and is being looked up
        self.needs.show_needs(found)
        self._on_row_selected()
        missing = [need for need in found if not need.is_here]
        self.fetch.show_missing(missing)
        self.warning.show_text(_warning(found))
        changed = any(role in recipe.backends for role in VISION_ROLES)
        state = "some are not here yet" if missing else "ready"
        self.fold.show_heading(f"Models: {recipe.profile}{', changed' if changed else ''} ({state})", TEACHES)

    def _on_problem(self, problem: Exception) -> None:
        self.warning.show_text(f"The models could not be looked up: {problem}")


def _fill(box: QComboBox, names: tuple[str, ...], present: str) -> None:
    """Show the names of backends, and which one is chosen; it may be on a server that was not asked yet."""
    box.clear()
    for name in dict.fromkeys((*names, *filter(None, (present,)))):
        box.addItem(title_of(name), name)
    box.setCurrentIndex(box.findData(present))


def _warning(found: tuple[Need, ...]) -> str:
    """Return what stands in the way, and the licences and terms of what is to be downloaded."""
    problems = [f"{need.name}: {need.problem}" for need in found if need.problem]
    licences = [
        f"{n.name}: {n.licence}{n.terms and f'; accept its terms first: {n.terms}'}"
        for n in found
        if not n.is_here
    ]
    return "\n".join((*problems, *licences))
