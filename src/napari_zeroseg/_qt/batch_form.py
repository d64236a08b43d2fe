"""What a batch is done to, by what recipe, and where its results go."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QComboBox, QFileDialog, QFormLayout, QLineEdit, QSpinBox, QWidget

from napari_zeroseg._qt.fold import Fold
from napari_zeroseg._qt.path_line import PathLine
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg.batch.choice import what_is_sent
from napari_zeroseg.batch.farm import usual_workers
from napari_zeroseg.batch.places import Places
from napari_zeroseg.methods.choice import CHOICES

if TYPE_CHECKING:
    from napari_zeroseg.batch.choice import Choice
    from napari_zeroseg.batch.desk import BatchDesk
    from napari_zeroseg.core.recipe import Recipe

RECIPES = "Recipes, records, saved work (*.json *.zeroseg)"
OWN, OF_RESULTS, OTHER = "The settings of this window", "The recipe of these results", "A recipe file…"
MOST_WORKERS = 512


class BatchForm(QWidget):
    """Every field shows a part of the desk's choice, and changes it.

    Parameters
    ----------
    desk : BatchDesk
        Whose choice it is.
    """

    def __init__(self, desk: BatchDesk) -> None:
        super().__init__()
        self._desk = desk
        self.folder = PathLine(
            "Folder with images", "The folder with your images; you can drop it, or one of its images, here"
        )
        self.names = QLineEdit()
        self.below = QCheckBox("in its folders too")
        self.recipe = QComboBox()
        self.described = TextLine()
        self.out = PathLine("Folder for results", "Tables, report and masks go here; it is made if need be")
        self.agreed = QCheckBox()
        self._build_more()
        self._build()
        self._connect()
        self.show_choice()

    def _build_more(self) -> None:
        self.workers = QSpinBox()
        self.workers.setRange(0, MOST_WORKERS)
        self.workers.setToolTip(
            "Processes that work on images side by side. By default one for each core, and a single one\n"
            "for large models, which each of them would load anew"
        )
        self.scheduler = QLineEdit()
        self.scheduler.setPlaceholderText("this machine")
        self.scheduler.setToolTip(
            "Address of the Dask scheduler of a cluster, such as tcp://host:8786.\n"
            "Its workers must see the same files under the same names"
        )
        self.axes = QLineEdit()
        self.axes.setPlaceholderText("as the files tell")
        self.axes.setToolTip(
            "What the axes of the files mean, where they do not tell it, such as ZCYX:\n"
            "T time, Z depth, C channels, Y rows, X columns, S colours"
        )
        self.suggested_only = QCheckBox("Leave out classes that do not seem to be in an image")
        self.suggested_only.setToolTip("By default every class is looked for in every image")
        self.force = QCheckBox("Do again what is done already")
        self.force.setToolTip("What you corrected by hand stays even so")
        content = QWidget()
        form = QFormLayout(content)
        form.setContentsMargins(0, 0, 0, 0)
        for name, field in (("Workers", self.workers), ("Scheduler", self.scheduler), ("Axes", self.axes)):
            field.setAccessibleName(name)
            form.addRow(name, field)
        form.addRow(self.suggested_only)
        form.addRow(self.force)
        self.more = Fold(content)
        self.more.show_heading("More", "Workers, clusters, axes, and what is done again")

    def _build(self) -> None:
        self.names.setAccessibleName("Names of the images")
        self.names.setToolTip("Which files are images: patterns such as *.tif *.png")
        self.below.setToolTip("Look for images in the folders of the folder too")
        self.recipe.setAccessibleName("Recipe")
        self.recipe.setToolTip(
            "What is done to every image: what you set in the ZeroSeg dock, or a file with a recipe,\n"
            "a record or saved work"
        )
        self.agreed.setToolTip(
            "What the models of this recipe need is sent for every image.\n"
            "Words are tags, captions and class names; images go to a server that you chose"
        )
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Images", self.folder)
        form.addRow("", row(self.names, self.below))
        form.addRow("Recipe", self.recipe)
        form.addRow("", self.described)
        form.addRow("Results", self.out)
        layout = column(self)
        layout.addLayout(form)
        layout.addWidget(self.more)
        layout.addWidget(self.agreed)

    def _connect(self) -> None:
        choose = self._desk.choose
        self.folder.chosen.connect(lambda path: choose(folder=path))
        self.out.chosen.connect(lambda path: choose(out=path))
        self.recipe.activated.connect(self._on_recipe_activated)
        self.workers.valueChanged.connect(lambda count: choose(count=count or None))
        for line, field in ((self.names, "names"), (self.scheduler, "scheduler"), (self.axes, "axes")):
            line.editingFinished.connect(partial(self._on_line_edited, line, field))
        for box, field in (
            (self.below, "below"), (self.suggested_only, "suggested_only"), (self.force, "force"),
            (self.agreed, "agreed"),
        ):  # fmt: skip
            box.toggled.connect(lambda on, field=field: choose(**{field: on}))

    def _on_line_edited(self, line: QLineEdit, field: str) -> None:
        if line.isModified():
            line.setModified(False)
            self._desk.choose(**{field: line.text().strip()})

    def _on_recipe_activated(self, place: int) -> None:
        if self.recipe.itemText(place) == OWN:
            self._desk.choose(recipe_file=None)
        elif self.recipe.itemText(place) == OTHER:
            self._ask_for_recipe()

    def _ask_for_recipe(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Recipe", "", RECIPES)
        if path:
            self._desk.choose(recipe_file=Path(path))
        self.show_choice()

    def show_choice(self) -> None:
        """Show what is chosen."""
        choice = self._desk.choice
        self.folder.show_path(choice.folder)
        self.out.show_path(choice.out)
        for line, text in (
            (self.names, choice.names), (self.scheduler, choice.scheduler), (self.axes, choice.axes),
        ):  # fmt: skip
            if line.text() != text and not line.isModified():
                line.setText(text)
                line.setCursorPosition(0)
        for box, on in (
            (self.below, choice.below), (self.suggested_only, choice.suggested_only),
            (self.force, choice.force), (self.agreed, choice.agreed),
        ):  # fmt: skip
            box.setChecked(on)
        self._show_recipe()
        self.setEnabled(not self._desk.running)

    def _show_recipe(self) -> None:
        choice, recipe = self._desk.choice, self._desk.recipe
        chosen = _title(choice)
        titles = list(dict.fromkeys((OWN, chosen, OTHER)))
        if titles != [self.recipe.itemText(place) for place in range(self.recipe.count())]:
            self.recipe.clear()
            self.recipe.addItems(titles)
        self.recipe.setCurrentText(chosen)
        self.described.show_text(_described(recipe) if recipe is not None else "")
        usual = usual_workers(recipe) if recipe is not None else 0
        with QSignalBlocker(self.workers):
            self.workers.setSpecialValueText(f"as usual ({usual})" if usual else "as usual")
            self.workers.setValue(choice.count or 0)
        sent = what_is_sent(recipe) if recipe is not None else ""
        self.agreed.setVisible(bool(sent))
        self.agreed.setText(f"I agree to send {sent}")


def _title(choice: Choice) -> str:
    """Return what the recipe is called in the list."""
    if choice.recipe_file is None:
        return OWN
    made_by = choice.out is not None and choice.recipe_file == Places(choice.out).recipe
    return OF_RESULTS if made_by else choice.recipe_file.name


def _described(recipe: Recipe) -> str:
    wanted = ", ".join(recipe.wanted)
    return f"{wanted or 'no class yet'}: {CHOICES[recipe.method].title}, models: {recipe.profile}"
