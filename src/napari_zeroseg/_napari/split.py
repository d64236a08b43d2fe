"""One image layer with an axis of channels into one layer per channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from napari.layers.utils.stack_utils import slice_from_axis
from napari.utils import Colormap

from napari_zeroseg._napari.channel_group import ADDED, BETWEEN
from napari_zeroseg._napari.ownership import full_resolution
from napari_zeroseg.core.channels import default_composition, usual_limits
from napari_zeroseg.core.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.core.channels import Channel

NOT_ADDED = "translucent_no_depth"
OF_NAPARI = {
    "#ff0000": "red",
    "#00ff00": "green",
    "#0000ff": "blue",
    "#00ffff": "cyan",
    "#ff00ff": "magenta",
    "#ffff00": "yellow",
    "#ffffff": "gray",
}
"""Colours that napari has a map of."""


def channels_of(image: Image, axes: str, known: Sequence[tuple[str, str]]) -> tuple[Channel, ...]:
    """Return how the channels of an image are shown; it reads a part of them.

    Parameters
    ----------
    image : Image
        The layer.
    axes : str
        Meaning of its axes, with C.
    known : sequence of (str, str)
        Names and colours of the channels, as far as the file tells them.
    """
    volume = Volume(full_resolution(image), axes)
    parts = [volume.channel(number) for number in range(volume.channel_count)]
    usual = default_composition(parts, known).channels
    return tuple(
        channel.model_copy(update={"limits": usual_limits(part), "name": channel.name or f"channel {number}"})
        for number, (channel, part) in enumerate(zip(usual, parts, strict=True), 1)
    )


def split_layers(image: Image, axes: str, channels: Sequence[Channel]) -> list[Image]:
    """Return a layer per channel, at the place of the image, which share its pixels.

    napari's own split drops rotation, shear and affine transforms; this keeps them.
    """
    axis = axes.index("C")
    labels = tuple(label for number, label in enumerate(image.axis_labels) if number != axis)
    place = {**_without(image, axis), "axis_labels": labels}
    levels = image.data if image.multiscale else [image.data]
    made = []
    for number, channel in enumerate(channels):
        data = [slice_from_axis(level, axis=axis, element=number) for level in levels]
        made.append(
            Image(
                data if image.multiscale else data[0],
                multiscale=image.multiscale,
                name=f"{image.name}{BETWEEN}{channel.name}",
                colormap=_colormap(channel),
                contrast_limits=_distinct(channel.limits),
                blending=ADDED if number else NOT_ADDED,
                metadata=image.metadata,
                **place,
            )
        )
    return made


def _colormap(channel: Channel) -> Colormap | str:
    red, green, blue = (round(part * 255) for part in channel.colors[-1])
    name = f"#{red:02x}{green:02x}{blue:02x}"
    return OF_NAPARI.get(name) or Colormap([(*color, 1) for color in channel.colors], name=name)


def _distinct(limits: tuple[float, float] | None) -> tuple[float, float] | None:
    return limits if limits is None or limits[0] < limits[1] else (limits[0], limits[0] + 1)


def _without(image: Image, axis: int) -> dict[str, Any]:
    """Return the transform of an image without one axis."""
    size = image.ndim
    shear = np.eye(size)
    shear[np.triu_indices(size, 1)] = image.shear
    square = {"rotate": image.rotate, "shear": shear, "affine": image.affine.affine_matrix}
    return {
        "scale": np.delete(image.scale, axis),
        "translate": np.delete(image.translate, axis),
        "units": tuple(unit for number, unit in enumerate(image.units) if number != axis),
        **{name: np.delete(np.delete(matrix, axis, 0), axis, 1) for name, matrix in square.items()},
    }
