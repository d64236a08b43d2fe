"""Writing the results for other tools."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QUrl, Signal
from qtpy.QtGui import QDesktopServices, QGuiApplication
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit, QPushButton

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.api import Result
from napari_zeroseg.core.errors import ExportError, NotNowError, ZeroSegError
from napari_zeroseg.export.bundle import Bundle
from napari_zeroseg.export.conversion import read_annotations
from napari_zeroseg.export.format import Part
from napari_zeroseg.export.formats import FORMATS, WRITERS
from napari_zeroseg.export.names import safe_name
from napari_zeroseg.session.bringing import frame_of
from napari_zeroseg.session.copying import Copied, obstacle
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.core.annotations import Annotations
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource, PlaneIndex
    from napari_zeroseg.session.state import State

WRITES = (
    "Writes one label TIFF per class, one TIFF with all classes, an overlay picture and the record "
    "of how they were made."
)
BRINGS = (
    "Open a file of another tool (COCO, QuPath, Fiji, CVAT, Label Studio, …) and take its masks on this "
    "image; undo takes them away"
)
FILES = (
    "Masks (*.json *.geojson *.zip *.roi *.xml *.csv *.tif *.tiff *.png "
    "zarr.json .zattrs data.yaml labelmap.txt)"
)
PYTHON = "Copy a script that runs the accepted classes on this image, with these models and settings"
COMMAND = "Copy the same for a terminal: one line that can be given any number of images"
MANY = "Do what is set here to all images of a folder, with tables and a report"
RUNS_ONLY = (
    "It holds what a run does. To do clicks and strokes again too, export, and give the record to: "
    "napari-zeroseg replay"
)


class ExportPanel(SessionView):
    """Choose a folder, export, see what was written, go on to many images.

    Parameters
    ----------
    session : Session
        Whose results are written.
    background : Background
        Where files are written, so that the window does not wait for them.
    """

    many_wanted = Signal()
    """The same is to be done to many images."""

    def __init__(self, session: Session, background: Background) -> None:
        super().__init__(session)
        self._background = background
        self._writing = ""
        self.folder = QLineEdit(str(Path.home()))
        self.browse = QPushButton("Browse…")
        self.format = QComboBox()
        self.lost = TextLine()
        self.planes = TextLine()
        self.export = ActionButton(
            "Export", Action.EXPORT, f"{WRITES}\nFiles of the same name are replaced", self._start
        )
        self.bring_in = ActionButton("Bring in masks…", Action.BRING_IN, BRINGS, self._on_bring_in)
        self.reason = ReasonLine()
        self.written = TextLine()
        self.show_folder = QPushButton("Show the folder")
        self.copy_python = QPushButton("Copy as Python")
        self.copy_command = QPushButton("Copy as command")
        self.many = QPushButton("Run on many images…")
        self._build()
        self._connect()
        self._show_readiness()

    def _build(self) -> None:
        self.folder.setAccessibleName("Folder for the files")
        self.folder.setToolTip("The folder that the files are written into; it is made if need be")
        self.browse.setToolTip("Choose the folder")
        self.format.setAccessibleName("Further format")
        self.format.setToolTip(
            "Write the masks for another tool as well; below stands what its format cannot keep"
        )
        self.format.addItem("for no other tool", "")
        for name in WRITERS:
            self.format.addItem(FORMATS[name].title, name)
        self.lost.hide()
        self.many.setToolTip(MANY)
        self.show_folder.setToolTip("Open the folder in the file manager")
        self.show_folder.hide()
        layout = column(self)
        layout.addWidget(TextLine(WRITES))
        layout.addLayout(row(self.folder, self.browse))
        layout.addLayout(row(QLabel("Also"), self.format))
        for widget in (self.lost, self.planes, self.export, self.reason):
            layout.addWidget(widget)
        layout.addLayout(row(self.copy_python, self.copy_command))
        layout.addWidget(self.bring_in)
        layout.addWidget(self.many)
        layout.addWidget(self.written)
        layout.addWidget(self.show_folder)

    @property
    def _formats(self) -> tuple[str, ...]:
        name = self.format.currentData()
        return (name,) if name else ()

    def _connect(self) -> None:
        self.format.currentIndexChanged.connect(self._show_losses)
        self.browse.clicked.connect(self._on_browse_clicked)
        self.show_folder.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(self.folder.text()))
        )
        self.many.clicked.connect(self.many_wanted)
        self.copy_python.clicked.connect(lambda: self._copy(Copied.as_python, "script"))
        self.copy_command.clicked.connect(lambda: self._copy(Copied.as_command, "command"))
        self._listen(self._session.changed, self._show_readiness)
        self._listen(self._session.source_changed, self._show_readiness)

    def _show_losses(self) -> None:
        # what becomes of stacks is told by itself, where there is one
        parts = [pair for name in self._formats for pair in FORMATS[name].loses.items()]
        lost = [text for part, text in parts if part is not Part.PLANES]
        kept = "It keeps all of the masks." if self._formats else ""
        self.lost.show_text(" ".join(lost) or kept)
        self._show_planes()

    def _show_planes(self) -> None:
        source = self._session.source
        if source is None or not source.depth:
            self.planes.show_text("")
            return
        if not has_others(self._session.state, source):
            self.planes.show_text("The plane that is shown is written: no other has masks.")
            return
        alone = [FORMATS[name].title for name in self._formats if Part.PLANES in FORMATS[name].loses]
        but = f" {alone[0]} holds no stacks, and gets the plane that is shown." if alone else ""
        self.planes.show_text(f"All {prod(source.depth):,} planes are written.{but}")

    def _show_readiness(self, *_: object) -> None:
        self._show_planes()
        readiness = self._session.readiness
        self.export.show_readiness(readiness, self._writing)
        self.bring_in.show_readiness(readiness, self._writing)
        self.reason.show_readiness(readiness, [Action.EXPORT])
        why_not = obstacle(self._session.recipe, self._session.source)
        for button, teaches in ((self.copy_python, PYTHON), (self.copy_command, COMMAND)):
            button.setEnabled(not why_not)
            button.setToolTip(why_not or f"{teaches}\n{RUNS_ONLY}")

    def _on_browse_clicked(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the files", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _start(self) -> None:
        result, plane = self._result()
        bundle = Bundle(
            Path(self.folder.text()).expanduser(),
            _stem(result),
            result.vocabulary.names,
            formats=self._formats,
            plane=plane if result.grid.depth else None,
        )
        self._show_writing("The files are being written.")
        self._background.do(lambda: bundle.write(result), self._on_written, self._on_problem)

    def _result(self) -> tuple[Result, PlaneIndex]:
        """Return what is exported, all planes where others than the shown one have masks, and that plane."""
        session = self._session
        source, state = session.source, session.state
        assert source is not None
        if has_others(state, source):
            grid = frame_of(source).grid
        else:
            grid, state = source.grid.at(source.plane), replace(state, instances=state.on_plane(source.plane))
        return Result(source.name, source, state, session.recipe, grid, session.notebook.notes), source.plane

    def _copy(self, write: Callable[[Copied], str], what: str) -> None:
        source = self._session.source
        assert source is not None
        QGuiApplication.clipboard().setText(write(Copied.of(self._session.recipe, source)))
        self.written.show_text(f"The {what} is on the clipboard.")

    def _on_bring_in(self) -> None:
        source = self._session.source
        chosen, _ = QFileDialog.getOpenFileName(self, "Masks of another tool", self.folder.text(), FILES)
        if not chosen or source is None:
            return
        path, frame = Path(chosen), frame_of(source)
        self._show_writing("The masks are being read.")
        self._background.do(
            lambda: read_annotations(path, frame=frame),
            partial(self._on_read, source.key, path.name),
            self._on_problem,
        )

    def _on_read(self, image: Hashable, name: str, found: list[Annotations]) -> None:
        self._show_writing("")
        source = self._session.source
        try:
            if source is None or source.key != image:
                raise NotNowError("Another image was chosen while the masks were read.")
            self._session.bring_in_annotations(found[0], name)
        except ZeroSegError as problem:
            self._session.problem_raised.emit(problem)

    def _show_writing(self, text: str) -> None:
        self._writing = text
        self.written.show_text(text)
        self.show_folder.hide()
        self._show_readiness()

    def _on_written(self, paths: tuple[Path, ...]) -> None:
        self._show_writing("")
        self.written.show_text(f"Written: {', '.join(p.name for p in paths)}")
        self.show_folder.show()

    def _on_problem(self, problem: Exception) -> None:
        self._show_writing("")
        self._session.problem_raised.emit(_told(problem))


def has_others(state: State, source: ImageSource) -> bool:
    """Return whether there are masks on other planes than the one that is shown."""
    return bool(source.depth) and any(i.plane != source.plane for i in state.instances)


def _stem(result: Result) -> str:
    plane = () if result.grid.depth else result.source.plane
    return safe_name(result.name) + "".join(f"_{index}" for index in plane)


def _told(problem: Exception) -> ZeroSegError:
    if isinstance(problem, ZeroSegError):
        return problem
    return ExportError(f"The export failed: {type(problem).__name__}: {problem}", kept="Your masks are safe.")
