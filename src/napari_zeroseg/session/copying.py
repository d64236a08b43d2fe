"""The recipe of a run as text that can be pasted elsewhere and runs there."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.session.source import ImageSource

NO_FILE = "Open an image from a file: what is copied names it."
NO_AXES = "Say what the axes of the image mean: what is copied names the plane by them."
NO_CLASSES = "Name at least one class."

_PYTHON = """\
from pathlib import Path

import napari_zeroseg
from napari_zeroseg.export.images import open_image

recipe = napari_zeroseg.Recipe.model_validate_json({recipe})
image = open_image(Path({path}){axes})
result = napari_zeroseg.segment(image, recipe=recipe, name={name}{plane})
for name in result.vocabulary.names:
    print(name, sum(instance.name == name for instance in result.instances))
"""


@dataclass(frozen=True)
class Copied:
    """A run on a file: what "Copy as Python" and "Copy as command" put onto the clipboard.

    Parameters
    ----------
    recipe : Recipe
        With the accepted classes.
    path : Path
        The image.
    axes : str
        What its axes mean, where the file may not tell it.
    plane : dict of str to int
        Which plane, by the letters of the axes.
    """

    recipe: Recipe
    path: Path
    axes: str
    plane: dict[str, int]

    @classmethod
    def of(cls, recipe: Recipe, source: ImageSource) -> Copied:
        """Return a run on the plane that is shown; :func:`obstacle` says whether there is one."""
        assert source.content is not None
        assert source.content.path is not None
        return cls(recipe.shareable(), source.content.path, _told_axes(source), _plane(source))

    @property
    def json(self) -> str:
        """The recipe without what is usual anyway."""
        return self.recipe.model_dump_json(exclude_defaults=True)

    def as_command(self) -> str:
        """Return a line for a shell of this system; the results go into the folder ``results``."""
        words = ["napari-zeroseg", "run", self.json, str(self.path), "--out", "results"]
        if self.axes:
            words += ["--axes", self.axes]
        if self.plane:
            words += ["--plane", ",".join(f"{axis}={place}" for axis, place in self.plane.items())]
        return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)

    def as_python(self) -> str:
        """Return a script."""
        return _PYTHON.format(
            recipe=_quoted(self.recipe.model_dump_json(exclude_defaults=True, indent=2)),
            path=repr(str(self.path)),
            axes=f", axes={self.axes!r}" if self.axes else "",
            name=repr(self.path.name),
            plane=f", plane={self.plane!r}" if self.plane else "",
        )


def obstacle(recipe: Recipe, source: ImageSource | None) -> str:
    """Return why there is nothing to copy; empty where there is."""
    if source is None or source.content is None or source.content.path is None:
        return NO_FILE
    if not recipe.wanted:
        return NO_CLASSES
    letters = source.axes[: len(source.depth)]
    known = len(letters) == len(source.depth) and letters.isalpha()
    return "" if known or not source.depth else NO_AXES


def _plane(source: ImageSource) -> dict[str, int]:
    return dict(zip(source.axes, source.plane, strict=False))


def _told_axes(source: ImageSource) -> str:
    """Return the axes of a stack; a file of several channels has more of them than the window shows."""
    shown = source.composition
    if not source.depth or shown is None or len(shown.channels) > 1:
        return ""
    return source.axes[: len(source.depth)] + ("YXS" if shown.rgb else "YX")


def _quoted(text: str) -> str:
    """Return a literal that Python reads as the text, over several lines where that is plain to do."""
    return repr(text) if "'''" in text or text.endswith(("'", "\\")) else f"r'''{text}'''"
