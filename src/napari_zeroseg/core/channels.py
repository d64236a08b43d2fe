"""Channels as a person sees them, composed to the picture that models get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.volume import Intensities, Window

HOT_PIXELS = 0.01
"""Per cent of the values that a range leaves out at either end of images of more than 8 bits."""
SAMPLED = 1 << 22
"""Values of which the range of a large image is taken."""
SAMPLE_PLANES, SAMPLE_SIDE = 16, 256

MAX_COLORS = 1024
MAX_CHANNELS = 100

Share = Annotated[float, Field(ge=0, le=1)]
Color = tuple[Share, Share, Share]
BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
TWO = ((1.0, 0.0, 1.0), (0.0, 1.0, 0.0))
MORE = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
"""Colours of two, and of more channels, where nobody has chosen any: those of napari."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(_Document):
    """How one channel is shown.

    Attributes
    ----------
    name : str
        What a person calls it.
    on : bool
        Whether models get it.
    limits : (float, float) or None
        Intensities that are shown as the first and the last colour. None: taken from each image,
        its whole range at 8 bits, and without a hundredth of a per cent of the values at
        either end above that, so that one hot pixel does not darken the rest.
    gamma : float
        Exponent after scaling.
    colors : tuple of (float, float, float)
        RGB in 0..1, evenly spread from no to full intensity, with straight lines between.
        A channel in true colour has no use for them.
    weight : float
        What the colours are multiplied with before they are added to the other channels.
    """

    name: Annotated[str, Field(max_length=500)] = ""
    on: bool = True
    limits: tuple[float, float] | None = None
    gamma: Annotated[float, Field(gt=0, le=100)] = 1.0
    colors: Annotated[tuple[Color, ...], Field(min_length=2, max_length=MAX_COLORS)] = (BLACK, WHITE)
    weight: Share = 1.0

    @model_validator(mode="after")
    def _check_limits(self) -> Channel:
        if self.limits is not None and not (
            np.isfinite(self.limits).all() and self.limits[0] < self.limits[1]
        ):
            raise ValueError("the lower limit must be below the upper one")
        return self


class Composition(_Document):
    """How the channels of an image become one picture.

    The colours of the channels that are on are added up.

    Attributes
    ----------
    channels : tuple of Channel
        In the order of the image's channels.
    rgb : bool
        Whether the first channel is in true colour.
    """

    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=MAX_CHANNELS)] = (Channel(),)
    rgb: bool = False


def default_composition(parts: Sequence[Intensities], known: Sequence[tuple[str, str]] = ()) -> Composition:
    """Return how channels are shown where nobody has said it.

    Parameters
    ----------
    parts : sequence of Intensities
        The channels.
    known : sequence of (str, str)
        Name and colour ("#rrggbb") per channel, as far as a file tells them.
    """
    count = len(parts)
    usual = [WHITE] if count == 1 else TWO if count == 2 else [MORE[n % len(MORE)] for n in range(count)]
    names = [name for name, _ in known] if len(known) == count else [""] * count
    told = [_rgb(color) for _, color in known] if len(known) == count else [None] * count
    channels = tuple(
        Channel(name=name, colors=(BLACK, color or default))
        for name, color, default in zip(names, told, usual, strict=True)
    )
    return Composition(channels=channels, rgb=parts[0].rgb)


def _rgb(color: str) -> Color | None:
    try:
        red, green, blue = bytes.fromhex(color.removeprefix("#"))
    except ValueError:
        return None
    return (red / 255, green / 255, blue / 255) if red or green or blue else None


def composed(shown: Sequence[tuple[Channel, NDArray[Any], tuple[float, float]]]) -> Plane:
    """Return the sum of the channels' colours: float32, (h, w, 3), clipped to 0..1.

    Parameters
    ----------
    shown : sequence of (Channel, ndarray, (float, float))
        How, what, (h, w) or (h, w, 3), and between which intensities.
    """
    total = colored(*shown[0])
    for channel, values, limits in shown[1:]:
        total += colored(channel, values, limits)
    return np.minimum(total, np.float32(1), out=total)


def colored(channel: Channel, values: NDArray[Any], limits: tuple[float, float]) -> Plane:
    """Return one channel in its colours: float32, (h, w, 3)."""
    shade = _scaled(values, limits)
    if channel.gamma != 1:
        shade **= np.float32(channel.gamma)
    shade = shade if values.ndim == 3 else _in_colors(shade, channel.colors)
    return np.ascontiguousarray(shade * np.float32(channel.weight) if channel.weight != 1 else shade)


def _scaled(values: NDArray[Any], limits: tuple[float, float]) -> NDArray[np.float32]:
    low, high = limits
    span = high - low if high > low else 1.0
    # integers of 32 bits and more differ by less than float32 can tell far from zero
    exact: NDArray[np.floating[Any]] = values.astype(np.float64 if values.dtype.itemsize >= 4 else np.float32)
    exact -= low
    exact /= span
    scaled = exact.astype(np.float32, copy=False)
    return np.clip(scaled, 0, 1, out=scaled)


def _in_colors(shade: NDArray[np.float32], colors: Sequence[Color]) -> NDArray[np.float32]:
    table = np.asarray(colors, np.float32)
    steps = np.diff(table, axis=0)
    if len(steps) == 1:  # most maps are of this kind, and large images too
        straight: NDArray[np.float32] = table[0] + shade[..., None] * steps[0]
        return straight
    place = shade * np.float32(len(steps))
    before = np.minimum(place.astype(np.intp), len(steps) - 1)
    mixed: NDArray[np.float32] = (
        table[before] + (place - before.astype(np.float32))[..., None] * steps[before]
    )
    return mixed


def usual_limits(part: Intensities) -> tuple[float, float]:
    """Return the intensities to show as black and white where nobody has chosen any.

    They are those of all planes together, so that a plane looks alike alone and in its stack.
    Of a large image only a sample is read, the same at every call.
    """
    if part.rgb:
        return _usual_in_color(part)
    return _range(_sample(part))


def _usual_in_color(part: Intensities) -> tuple[float, float]:
    if part.dtype.kind == "u" and part.dtype.itemsize == 1:
        return 0.0, 255.0
    values = _sample(part)
    # colours of floating point are in 0..1 by custom
    if part.dtype.kind == "f" and values.size and values.min() >= 0 and values.max() <= 1:
        return 0.0, 1.0
    return _range(values)


def _range(values: NDArray[Any]) -> tuple[float, float]:
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if values.dtype.itemsize > 1:
        robust = np.percentile(values, (HOT_PIXELS, 100 - HOT_PIXELS))
        if robust[1] > robust[0]:
            low, high = float(robust[0]), float(robust[1])
    return low, high


def _sample(part: Intensities) -> NDArray[Any]:
    """Return finite values: all of an image of moderate size, else windows spread over planes."""
    values = np.concatenate([part.read(plane, window).ravel() for plane, window in _spread(part)])
    return values[np.isfinite(values)] if values.dtype.kind == "f" else values


def _spread(part: Intensities) -> Iterator[tuple[tuple[int, ...], Window | None]]:
    count = int(np.prod(part.depth, dtype=np.int64))
    size = int(np.prod(part.shape, dtype=np.int64))
    if count * size <= SAMPLED:
        yield from ((plane, None) for plane in np.ndindex(*part.depth))
        return
    chosen = np.unique(np.linspace(0, count - 1, SAMPLE_PLANES).round().astype(int))
    per_plane = SAMPLED // len(chosen)
    for number in chosen:
        plane = tuple(int(i) for i in np.unravel_index(number, part.depth)) if part.depth else ()
        windows = [None] if size <= per_plane else list(_windows(part.shape, per_plane))
        yield from ((plane, window) for window in windows)


def _windows(shape: tuple[int, ...], values: int) -> Iterator[Window]:
    """Yield windows in even distances, which together hold about so many values."""
    height, width = shape[:2]
    across = max(1, int(np.sqrt(values / (SAMPLE_SIDE**2 * int(np.prod(shape[2:]))))))
    for top in np.unique(np.linspace(0, max(0, height - SAMPLE_SIDE), across).astype(int)):
        for left in np.unique(np.linspace(0, max(0, width - SAMPLE_SIDE), across).astype(int)):
            yield slice(int(top), int(top) + SAMPLE_SIDE), slice(int(left), int(left) + SAMPLE_SIDE)
