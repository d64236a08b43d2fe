"""What the axes of an array mean: time, depth, channels, rows, columns, colour samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from napari_zeroseg.core.errors import BadImageError

NAMES = {
    "T": "time",
    "Z": "depth",
    "C": "channel",
    "Y": "row",
    "X": "column",
    "S": "colour",
}
"""Letters of axes, as TIFF, ImageJ, OME and OME-Zarr use them, and what they stand for."""
UNKNOWN = "Q"
"""What stands for an axis whose meaning nobody has told."""
SAMPLES = (3, 4)
FEW_CHANNELS = 10
"""Images of more channels are rare: there, time and depth are offered first."""


def parse_axes(text: str, shape: Sequence[int]) -> str:
    """Return axes that a person typed, checked against a shape.

    Parameters
    ----------
    text : str
        One letter of TZCYXS per axis, such as ``"ZCYX"``; small letters do too.
    shape : sequence of int
        Of the array.

    Raises
    ------
    BadImageError
        When the letters do not fit the shape, or do not make an image.
    """
    axes = text.strip().upper()
    problem = _problem(axes, shape)
    if problem:
        raise BadImageError(f"The axes '{text}' cannot be: {problem}", remedy=_offer(shape))
    return axes


def _problem(axes: str, shape: Sequence[int]) -> str:
    strange = sorted(set(axes) - set(NAMES))
    if strange:
        return f"'{strange[0]}' is none of {', '.join(NAMES)}."
    if len(set(axes)) < len(axes):
        return "an axis is named twice."
    if len(axes) != len(shape):
        return f"the image has {len(shape)} axes, of {spelled(shape)}."
    if not set("YX") <= set(axes):
        return "rows (Y) and columns (X) are needed."
    if "S" in axes and shape[axes.index("S")] not in SAMPLES:
        return f"colour (S) has 3 or 4 samples, not {shape[axes.index('S')]}."
    return ""


def checked_axes(axes: str | None, shape: Sequence[int]) -> str:
    """Return the axes of an image where it is clear what they are.

    Parameters
    ----------
    axes : str or None
        What the file tells; None, or letters such as "Q" and "I", where it does not.
    shape : sequence of int
        Of the array.

    Raises
    ------
    BadImageError
        When the meaning of an axis is not told; the text says what to type.
    """
    if axes is not None and not _problem(axes, shape):
        return axes
    choices = axes_choices(shape)
    if len(choices) == 1:
        return choices[0]
    raise AmbiguousAxesError(shape)


class AmbiguousAxesError(BadImageError):
    """Nothing tells what the axes of an array of a shape mean."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        super().__init__(
            f"The image has {len(shape)} axes, of {spelled(shape)}, and nothing tells what they mean.",
            remedy=_offer(shape),
        )


def spelled(shape: Sequence[int]) -> str:
    """Return a shape as a person reads it: "75 × 2 × 75 × 75"."""
    return " × ".join(map(str, shape))


def _offer(shape: Sequence[int]) -> str:
    choices = axes_choices(shape)
    if not choices:
        return "Save the planes that you mean as images of their own."
    meant = "; ".join(f"{axes} for {meaning(axes, shape)}" for axes in choices[:3])
    return f"Say it with --axes (in Python: axes=), one letter per axis: {meant}."


def axes_choices(shape: Sequence[int]) -> list[str]:
    """Return what the axes of an array can mean, the likeliest first; rows and columns come last.

    Colour samples are only offered along a last axis of 3 or 4, and two meanings that differ in
    axes of one position alone are one.
    """
    choices: list[str] = []
    if len(shape) > 2 and shape[-1] in SAMPLES:
        choices += [f"{lead}YXS" for lead in _leads(shape[:-3], "TZ")]
    choices += [f"{lead}YX" for lead in _leads(shape[:-2], "TZC")]
    distinct: dict[str, str] = {}
    for axes in choices:
        distinct.setdefault("".join(a if n > 1 else "1" for a, n in zip(axes, shape, strict=True)), axes)
    return list(distinct.values())


def _leads(shape: Sequence[int], letters: str) -> list[str]:
    """Return the orders of stacked axes and channels, the likeliest first; depth lies within time."""
    orders = ["".join(order) for order in permutations(letters, len(shape))]
    return sorted(
        (order for order in orders if "ZT" not in order.replace("C", "")),
        key=lambda order: (_channel_rank(order, shape), "Z" not in order),
    )


def _channel_rank(lead: str, shape: Sequence[int]) -> int:
    if "C" not in lead:
        return 1
    size = shape[lead.index("C")]
    return 0 if 1 < size <= FEW_CHANNELS and size == min(n for n in shape if n > 1) else 2


def meaning(axes: str, shape: Sequence[int]) -> str:
    """Return in words what axes make of a shape, such as "48 depths of 130 × 130"."""
    sizes = dict(zip(axes, shape, strict=True))
    counted: Mapping[str, str] = {"T": "time points", "Z": "depths", "C": "channels"}
    stacked = [f"{sizes[a]} {_counted(counted[a], sizes[a])}" for a in axes if a in counted]
    size = f"{sizes['X']} × {sizes['Y']} pixels" + (" in colour" if "S" in sizes else "")
    return " of ".join([*stacked, size])


def _counted(plural: str, count: int) -> str:
    return plural.removesuffix("s") if count == 1 else plural


def stacked(axes: str) -> str:
    """Return the axes along which an image has planes: all but channels, rows, columns and colour."""
    return "".join(a for a in axes if a not in "CYXS")
