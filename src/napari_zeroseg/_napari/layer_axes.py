"""What the axes of an image layer mean: by its labels, by its file, or by what a person said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg._napari.ownership import full_resolution
from napari_zeroseg.core.axes import axes_choices
from napari_zeroseg.core.errors import BadImageError, ZeroSegError
from napari_zeroseg.core.volume import Grid
from napari_zeroseg.export.images import told_volume
from napari_zeroseg.export.units import unit_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image

    from napari_zeroseg.core.volume import Volume

TITLES = {"T": "t", "Z": "z", "C": "c", "Y": "y", "X": "x"}
_LETTERS = {
    name: letter
    for letter, names in {
        "T": "t time frame",
        "Z": "z depth slice",
        "C": "c ch channel channels",
        "Y": "y row rows",
        "X": "x col column columns",
    }.items()
    for name in names.split()
}


def letters_of(labels: Sequence[str]) -> str:
    """Return the meaning of axis labels, "?" for those that have none."""
    return "".join(_LETTERS.get(label.lower().strip(), "?") for label in labels)


def placed(axes: str, scale: Sequence[float], units: Sequence[object]) -> Grid:
    """Return where pixels lie by a layer's scale and units; without a scale where it has none.

    Parameters
    ----------
    axes : str
        A letter for each of the axes.
    scale, units : sequence
        Of the layer, one for each axis; "pixel" is no unit.
    """
    names = {axis: unit_name(unit) for axis, unit in zip(axes, units, strict=True)}
    known = any(names.values()) or any(size != 1 for size in scale)
    sizes = {axis: float(size) for axis, size in zip(axes, scale, strict=True)} if known else {}
    return Grid(axes, scale=sizes, units={axis: name for axis, name in names.items() if name and known})


def layer_axes(image: Image) -> str:
    """Return the meaning of a layer's axes without colour, empty where nothing tells it.

    Raises
    ------
    ZeroSegError
        When the labels say that the last two axes are not rows and columns.
    """
    letters = letters_of(image.axis_labels)
    if set(letters[-2:]) & set("TZC") or set(letters[:-2]) & set("YX"):
        raise ZeroSegError(
            f"By its axis labels, the last two axes of '{image.name}' are not rows and columns.",
            remedy="Open it with rows and columns last, or mend the labels of the layer.",
        )
    leading = letters[:-2]
    if "?" not in leading and len(set(leading)) == len(leading):
        return f"{leading}YX"
    choices = layer_choices(image)
    return choices[0] if len(choices) == 1 else ""


def layer_choices(image: Image) -> tuple[str, ...]:
    """Return what the axes of a layer can mean, the likeliest first."""
    shape = full_resolution(image).shape[: image.ndim]
    choices = (axes for axes in axes_choices(shape) if "S" not in axes)
    # a channel beside true colour is none
    return tuple(axes for axes in choices if not (image.rgb and "C" in axes))


def tell_axes(image: Image, axes: str) -> None:
    """Name the axes of a layer, in its labels, where viewer, files and other plugins find them.

    Empty ``axes`` take the names away.
    """
    image.axis_labels = tuple(TITLES[a] for a in axes) or tuple(str(n) for n in range(-image.ndim, 0))


def file_of(image: Image) -> Volume | None:
    """Return what the file of a layer tells, None where there is none of this shape.

    It may take a while: to be called beside the window.
    """
    path = image.source.path
    if path is None:
        return None
    try:
        volume = told_volume(Path(path), on_disk=True)
    except BadImageError:
        return None
    same = tuple(volume.data.shape) == tuple(full_resolution(image).shape)
    return volume if same and (image.rgb == volume.rgb) else None
