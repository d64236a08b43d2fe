"""What the command line is told of axes, planes and channels."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from napari_zeroseg.core.channels import BLACK, WHITE, default_composition
from napari_zeroseg.core.errors import BadImageError

if TYPE_CHECKING:
    from napari_zeroseg.core.channels import Composition
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.volume import Volume


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how files of more than one plane are read."""
    add_axes_and_plane(parser)
    parser.add_argument(
        "--channels",
        type=_channels,
        metavar="N,…",
        help="which channels models get, counted from 0 (default: those of the recipe, or all)",
    )


def add_axes_and_plane(parser: argparse.ArgumentParser) -> None:
    """Add what says where in a file to look."""
    add = parser.add_argument
    add(
        "--axes",
        metavar="AXES",
        help="what the axes of the files mean, such as ZCYX: T time, Z depth, C channels, Y rows, X "
        "columns, S colour; needed where a file does not tell it",
    )
    add(
        "--plane",
        type=_plane,
        metavar="AXIS=N,…",
        help="where to look along time or depth, counted from 0, such as T=0,Z=5 (default: everywhere)",
    )


def _plane(text: str) -> dict[str, int]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    try:
        return {axis.strip().upper(): int(place) for axis, _, place in pairs}
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no plane; write it like T=0,Z=5") from error


def _channels(text: str) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' are no channels; write them like 0,2") from error


def composition_of(volume: Volume, recipe: Recipe, channels: frozenset[int] | None) -> Composition:
    """Return how the recipe, or the file, shows the channels; with only the chosen ones on.

    Raises
    ------
    BadImageError
        When there is no such channel.
    """
    parts = [volume.channel(number) for number in range(volume.channel_count)]
    shown = recipe.composition or default_composition(parts, volume.channels)
    if channels is None:
        return shown
    strange = channels - set(range(len(parts)))
    if strange:
        raise BadImageError(
            f"The image has no channel {min(strange)}.", remedy=f"It has {len(parts)}, counted from 0."
        )
    if recipe.composition is None and len(channels) == 1:
        shown = _in_grey(shown)
    chosen = tuple(c.model_copy(update={"on": n in channels}) for n, c in enumerate(shown.channels))
    return shown.model_copy(update={"channels": chosen})


def _in_grey(shown: Composition) -> Composition:
    """Return how a channel is looked at alone where nobody has chosen colours."""
    plain = (c.model_copy(update={"colors": (BLACK, WHITE)}) for c in shown.channels)
    return shown.model_copy(update={"channels": tuple(plain)})
