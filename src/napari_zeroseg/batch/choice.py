"""What a person chooses before a batch, and what is missing yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.batch.places import images_in
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.language_models import recipient_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.core.recipe import Recipe

NAMES = "*.tif *.tiff *.png *.jpg *.jpeg *.zarr"

NO_FOLDER = "Choose the folder with your images, or drop it here."
NO_IMAGES = "No file in the folder has such a name."
NO_RECIPE = "Choose a recipe file."
NO_CLASSES = "Name and accept classes in the ZeroSeg dock, or choose a recipe file."
NO_OUT = "Choose a folder for the results."


@dataclass(frozen=True, slots=True)
class Choice:
    """Which images, by what, and where to.

    Parameters
    ----------
    folder : Path or None
        Where the images lie.
    names : str
        Patterns of their names.
    below : bool
        Whether folders in the folder are looked into.
    out : Path or None
        The folder for results.
    recipe_file : Path or None
        A recipe, a record or saved work; the settings of the window while none is chosen.
    count : int or None
        Workers; as many as are usual while nobody says it.
    scheduler : str
        Address of a Dask scheduler, empty for this machine.
    axes : str
        What the axes of the files mean where they do not tell it.
    suggested_only : bool
        Leave out classes that do not seem to be in an image.
    force : bool
        Do again what is done.
    agreed : bool
        Whether words, and images, may be sent to the servers that the recipe names.
    """

    folder: Path | None = None
    names: str = NAMES
    below: bool = True
    out: Path | None = None
    recipe_file: Path | None = None
    count: int | None = None
    scheduler: str = ""
    axes: str = ""
    suggested_only: bool = False
    force: bool = False
    agreed: bool = False

    def images(self) -> list[Path]:
        """Return the images that there are now."""
        if self.folder is None:
            return []
        return images_in(self.folder, self.names, self.out, below=self.below)

    def looks_elsewhere(self, other: Choice) -> bool:
        """Return whether other images, or other results of them, are meant."""
        return (self.folder, self.names, self.below, self.out) != (
            other.folder, other.names, other.below, other.out,
        )  # fmt: skip


def missing(choice: Choice, recipe: Recipe | None, images: int) -> str:
    """Return what is to be chosen before a batch can begin; empty when nothing is."""
    if choice.folder is None:
        return NO_FOLDER
    if not images:
        return NO_IMAGES
    if recipe is None or not recipe.wanted:
        return NO_CLASSES if choice.recipe_file is None else NO_RECIPE
    if choice.out is None:
        return NO_OUT
    sent = what_is_sent(recipe)
    return f"Agree to send {sent}, or choose models that send nothing." if sent and not choice.agreed else ""


def what_is_sent(recipe: Recipe) -> str:
    """Return what leaves this machine in a run of a recipe, and where to; empty where nothing does.

    Such as "words to api.openai.com and images to gpu.lab:8765".
    """
    try:
        names = names_of(recipe)
        words = recipient_of(names.get(Role.REFINER, ""))
    except ZeroSegError:  # an unknown profile, which the run tells of
        return ""
    servers = (name.partition(":")[2] for name in names.values() if name.startswith("remote:"))
    images = dict.fromkeys(urlsplit(server).netloc for server in servers)
    return " and ".join(
        (*([f"words to {words}"] if words else []), *(f"images to {host}" for host in images))
    )
