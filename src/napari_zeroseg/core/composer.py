"""From the channels of an image to the picture that models get."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from napari_zeroseg.core.channels import composed, usual_limits
from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.image import FlatImageError, check_finite, check_shape, check_type, is_flat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_zeroseg.core.channels import Channel, Composition
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.volume import Intensities, Window


class Composer:
    """Makes the picture that models get, whole or in windows; both agree in every pixel.

    Parameters
    ----------
    composition : Composition
        How the channels are shown.
    parts : sequence of Intensities
        Its channels, all of the same shape.

    Raises
    ------
    BadImageError
        When these are not the channels of the composition.
    """

    def __init__(self, composition: Composition, parts: Sequence[Intensities]) -> None:
        if len(composition.channels) != len(parts) or composition.rgb != parts[0].rgb:
            raise BadImageError(
                f"The recipe shows {_kind(composition.rgb, len(composition.channels))}, "
                f"but the image has {_kind(parts[0].rgb, len(parts))}.",
                remedy="Save a recipe on an image of this kind, or take 'composition' out of the recipe.",
            )
        self.composition = composition
        self._parts = tuple(parts)

    @property
    def _shown(self) -> Iterator[tuple[Channel, Intensities, tuple[float, float]]]:
        for channel, part, limits in zip(self.composition.channels, self._parts, self.limits, strict=True):
            if channel.on:
                yield channel, part, limits

    @cached_property
    def limits(self) -> tuple[tuple[float, float], ...]:
        """The intensities shown as first and last colour, per channel; for all planes and windows."""
        pairs = zip(self.composition.channels, self._parts, strict=True)
        return tuple(c.limits or (usual_limits(part) if c.on else (0.0, 1.0)) for c, part in pairs)

    def read(self, plane: tuple[int, ...], window: Window | None = None) -> Plane:
        """Return a plane or a window of it: float32, (h, w, 3), RGB in 0..1.

        Raises
        ------
        BadImageError
            When it is no picture that can be segmented; the text says why.
        """
        for part in self._parts:
            check_type(part.dtype)
        if window is None:
            check_shape(self._parts[0].shape, rgb=self._parts[0].rgb)
        raw = [(channel, part.read(plane, window), limits) for channel, part, limits in self._shown]
        if not raw:
            raise BadImageError("No channel is chosen.", remedy="Show at least one channel.")
        for _, values, _ in raw:
            check_finite(values)
        if window is None and all(is_flat(values) for _, values, _ in raw):
            raise FlatImageError(raw[0][1].flat[0])
        return composed(raw)


def _kind(rgb: bool, count: int) -> str:
    if rgb:
        return "true colour" if count == 1 else f"true colour and {count - 1} channels"
    return "1 channel" if count == 1 else f"{count} channels"
