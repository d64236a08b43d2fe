"""From the image layers that a viewer shows to the plane that a session works on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg._napari.channel_group import group_name
from napari_zeroseg._napari.layer_axes import layer_choices, placed
from napari_zeroseg._napari.ownership import full_resolution, image_key
from napari_zeroseg.core.axes import UNKNOWN
from napari_zeroseg.core.channels import Channel, Composition
from napari_zeroseg.core.composer import Composer
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.volume import Intensities
from napari_zeroseg.session.saved.content import Content
from napari_zeroseg.session.source import ImageSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import Dims
    from napari.layers import Image
    from napari.utils import Colormap

    from napari_zeroseg.core.volume import Grid
    from napari_zeroseg.session.source import PlaneIndex

TABLE = 256
"""Colours that are kept of a colormap with more than two."""
DIGITS = 4
"""Of a colour in a recipe: far below what a screen shows."""
MAX_NAME = 500
ASK_FIRST = "Say first what the axes of the image mean."
SPLIT_FIRST = "Show the channels of the image together first."
UNCLEAR = "The image has more axes than time, depth and channels: open a part of it."


def image_source(group: Sequence[Image], dims: Dims, axes: str, waiting: str = "") -> ImageSource:
    """Return the plane of images that are shown together, to be read later on the models' thread.

    Contrast limits, gamma, colours and visibility are taken as they are now; nothing is
    computed here.

    Parameters
    ----------
    group : sequence of Image
        The images, from below; the lowest one names them.
    dims : Dims
        The sliders.
    axes : str
        Meaning of the axes; empty where nobody has told it.
    waiting : str
        Why the meaning is not asked for yet.

    Raises
    ------
    ZeroSegError
        When they are not shown as one of their planes.
    """
    base = group[0]
    plane = shown_plane(base, dims)
    parts = [intensities(image) for image in group]
    composer = Composer(composition_of(group), parts)
    choices = () if axes or waiting else layer_choices(base)
    sizes = dict(zip(axes, parts[0].depth, strict=False))
    return ImageSource(
        key=image_key(base),
        name=group_name(group),
        shape=(parts[0].shape[0], parts[0].shape[1]),
        read=composer.read,
        plane=plane,
        depth=parts[0].depth,
        composition=composer.composition,
        content=Content(full_resolution(base), _file_of(base)),
        grid=_grid(base, axes, plane),
        axes=axes,
        choices=choices,
        blocked=waiting or _reason(axes, choices, sizes.get("C", 1)),
        coarser=_coarser(group, composer.composition, plane),
    )


def _grid(image: Image, axes: str, plane: PlaneIndex) -> Grid:
    """Return the plane, and how far apart pixels lie, along the stacked axes too where these are known."""
    known = axes if len(axes) == image.ndim else "YX"
    where = placed(known, image.scale[-len(known) :], image.units[-len(known) :])
    return replace(where, axes="YX", planes=(plane,))


def _coarser(group: Sequence[Image], composition: Composition, plane: PlaneIndex) -> tuple[ImageSource, ...]:
    """Return the coarser levels of images that all have as many."""
    count = min(len(image.data) if image.multiscale else 1 for image in group)
    base, found = group[0], list[ImageSource]()
    for level in range(1, count):
        parts = [_part(image, image.data[level]) for image in group]
        shape = (parts[0].shape[0], parts[0].shape[1])
        read = Composer(composition, parts).read
        found.append(ImageSource(image_key(base), base.name, shape, read, plane, parts[0].depth))
    return tuple(found)


def _reason(axes: str, choices: tuple[str, ...], channels: int) -> str:
    if channels > 1:
        return SPLIT_FIRST
    return "" if axes else ASK_FIRST if choices else UNCLEAR


def composition_of(group: Sequence[Image]) -> Composition:
    """Return how images that are shown together are composed."""
    if len(group) == 1:
        # looked at on its own, an image counts although it is hidden
        return Composition(channels=(channel_of(group[0]).model_copy(update={"on": True}),), rgb=group[0].rgb)
    base, *added = (channel_of(image) for image in group)
    weights = [round(float(image.opacity), DIGITS) for image in group[1:]]
    others = (c.model_copy(update={"weight": w}) for c, w in zip(added, weights, strict=True))
    return Composition(channels=(base, *others), rgb=group[0].rgb)


def _file_of(image: Image) -> Path | None:
    # napari keeps addresses on the web there too
    opened = image.source.path
    return Path(opened) if opened and "://" not in opened else None


def channel_of(image: Image) -> Channel:
    """Return how an image is shown."""
    if image.rgb:
        return Channel(name=image.name[:MAX_NAME], on=image.visible)
    low, high = (float(limit) for limit in image.contrast_limits)
    return Channel(
        name=image.name[:MAX_NAME],
        on=image.visible,
        limits=(low, high) if low < high else None,
        gamma=float(image.gamma),
        colors=colors_of(image.colormap),
    )


def intensities(image: Image) -> Intensities:
    """Return what an image layer holds, at full resolution."""
    return _part(image, full_resolution(image))


def _part(image: Image, array: Any) -> Intensities:
    return Intensities(array, UNKNOWN * (image.ndim - 2) + ("YXS" if image.rgb else "YX"))


def shown_plane(image: Image, dims: Dims) -> PlaneIndex:
    """Return the indices of an image's axes that are not shown, empty for a 2D image.

    Raises
    ------
    ZeroSegError
        When it is shown in 3D, along other axes than its last two, or not at all.
    """
    if dims.ndisplay != 2:
        raise ZeroSegError("The viewer shows the image in 3D.", remedy="Switch to 2D to work on one plane.")
    extra = dims.ndim - image.ndim
    if [axis - extra for axis in dims.displayed] != [image.ndim - 2, image.ndim - 1]:
        raise ZeroSegError(
            "The viewer shows the image along other axes than its last two.",
            remedy="Roll or transpose the axes back.",
        )
    indices = np.round(image.world_to_data(dims.point)).astype(int)[:-2]
    shape = full_resolution(image).shape
    if any(not 0 <= index < size for index, size in zip(indices, shape, strict=False)):
        raise ZeroSegError("The sliders stand outside the image.", remedy="Move them to one of its planes.")
    return tuple(int(index) for index in indices)


def colors_of(colormap: Colormap) -> tuple[tuple[float, float, float], ...]:
    """Return a colormap as evenly spread colours, as they look on a black ground."""
    plain = colormap.low_color is None and colormap.high_color is None
    straight = plain and str(colormap.interpolation) == "linear" and len(colormap.colors) == 2
    colors = colormap.colors if straight else colormap.map(np.linspace(0, 1, TABLE))
    seen = np.clip(colors[:, :3] * colors[:, 3:], 0, 1).round(DIGITS).tolist()
    return tuple((red, green, blue) for red, green, blue in seen)
