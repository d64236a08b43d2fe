"""Saved work as others than the window read it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.script import Script, Unrecorded
from napari_zeroseg.session.saved.store import SUFFIX, SessionFile

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.session.saved.store import Saved


def read_saved(path: Path) -> Saved:
    """Return the work in a file, which stays as it is.

    Raises
    ------
    BadFileError
        When it is not there, holds no work, is damaged, or is open in a window.
    """
    if not path.is_file():
        raise BadFileError(f"The file '{path}' is not there.")
    with closing(SessionFile(path)) as file:
        saved = file.read()
    if saved is None:
        raise BadFileError(f"'{path}' holds no work.")
    return saved


def read_saved_script(path: Path) -> Script:
    """Return what a person did to an image, from its saved work; raises as :func:`read_saved`."""
    saved = read_saved(path)
    notes = saved.timeline.notes or (Unrecorded(),)
    return Script(saved.image.name, saved.image.shape, notes)


def read_saved_recipe(path: Path) -> Recipe:
    """Return the recipe that saved work was done with; raises as :func:`read_saved`."""
    recipe = read_saved(path).timeline.recipe
    if recipe is None:
        raise BadFileError(
            f"'{path}' was saved by an older version, which kept no recipe.",
            remedy="Open its image in napari, restore the work, and change something.",
        )
    return recipe


def read_any_recipe(path: Path) -> Recipe:
    """Return the recipe in a file, in a record, or in saved work.

    Raises
    ------
    BadFileError
        When there is none.
    """
    return read_saved_recipe(path) if path.suffix == SUFFIX else Recipe.read(path)
