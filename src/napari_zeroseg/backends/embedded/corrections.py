"""What clicks say about an earlier mask, and about where an outline can run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.contours import ANGLES, Contours, Frames, Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.depths import DepthMap
    from napari_zeroseg.core.prompt import Point

    Floats = NDArray[np.float32]

PIXEL = 0.5
SURE = 0.8
"""Part of the distance from a click to the wrong outline over which the click surely speaks."""
LEAST_LEFT = 0.1
"""Least part of its distance that is left of a click's meant radius."""
SHIFT = 1.8
"""An outline moves by this many times its distance to a click on a thin error: those who click
on the middle of an error mean its far side."""
DOUBT = 3.0
"""Around a click on an error, the earlier mask is doubted to so many times its distance."""


@dataclass(frozen=True, slots=True)
class Click:
    """A place that is inside or outside, and how far an earlier mask is wrong about it.

    Parameters
    ----------
    row, col : float
    inside : bool
    error : float
        Distance in pixels to the outline of the earlier mask; negative where the mask agrees,
        0 where there is none.
    """

    row: float
    col: float
    inside: bool
    error: float

    @property
    def wrong(self) -> bool:
        """Whether the earlier mask contradicts the click."""
        return self.error > 0


def clicks_of(points: Sequence[Point], prior: DepthMap | None) -> tuple[Click, ...]:
    """Compare points with an earlier mask."""
    clicks = []
    for point in points:
        depth = 0.0 if prior is None else float(prior.at(point.y, point.x))
        clicks.append(Click(point.y, point.x, point.positive, -depth if point.positive else depth))
    return tuple(clicks)


def shifted(prior: DepthMap, clicks: Sequence[Click]) -> DepthMap:
    """Move the outline of a mask to the far side of thin errors.

    An outline that is a pixel off in one place mostly is so elsewhere: it moves everywhere,
    but by less the nearer it is to clicks that it agrees with.
    """
    total, weights = np.zeros_like(prior.values), np.zeros_like(prior.values)
    for click in clicks:
        move = SHIFT * max(click.error, PIXEL) if click.wrong else 0.0
        # agreement from afar says nothing about the outline
        says = 1.0 if click.wrong else float(np.exp(-((click.error / 2) ** 2)))
        weight = says / (prior.distance_to(click.row, click.col) ** 2 + 4)
        total += weight * np.float32(move if click.inside else -move)
        weights += weight
    moved = prior.with_values(prior.values + total / weights)
    return edited(moved, clicks, least_only=True)


def edited(prior: DepthMap, clicks: Sequence[Click], *, least_only: bool = False) -> DepthMap:
    """Add to a mask, or take from it, the disc that each click speaks for.

    Parameters
    ----------
    prior : DepthMap
    clicks : sequence of Click
    least_only : bool
        Discs of a single grid point, also where the click contradicts the mask.
    """
    depth = prior.values
    for click in clicks:
        # the nearest point of a coarse grid has to be in the disc
        radius = max(PIXEL * prior.step, 0.0 if least_only else click.error)
        disc = radius + np.float32(0.01) - prior.distance_to(click.row, click.col)
        depth = np.maximum(depth, disc) if click.inside else np.minimum(depth, -disc)
    return prior.with_values(depth)


def trust_in(prior: DepthMap, clicks: Sequence[Click]) -> Floats:
    """Return 0..1 per grid point: little around contradicted places, all of it right at them."""
    trust = np.ones_like(prior.values)
    for click in clicks:
        if click.wrong:
            distance = prior.distance_to(click.row, click.col) / np.float32(max(click.error, PIXEL))
            doubted = np.where(distance < 1, 1, 1 - np.exp(-((distance / DOUBT) ** 2)))
            trust = np.minimum(trust, doubted)
    return trust.astype(np.float32)


def limits_of(frames: Frames, clicks: Sequence[Click]) -> Limits:
    """Return the bounds on the radii of contours that leave every click on its side."""
    least, most = np.zeros((len(frames), ANGLES)), np.full((len(frames), ANGLES), np.inf)
    for click in clicks:
        radius = max(PIXEL, SURE * click.error) / frames.sizes
        near, far = _chords(frames.local(click.row, click.col), radius)
        if click.inside:
            least = np.fmax(least, far)
        else:
            most = np.fmin(most, near)
    return Limits(np.minimum(least, most), most)


def _chords(
    local: NDArray[np.float64], radius: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the ray of each angle enters and leaves a disc; NaN where it misses it."""
    angles = np.arange(ANGLES) * 2 * np.pi / ANGLES
    distance = np.hypot(*local.T)[:, None]
    # at least half the angle between two rays, so that no disc falls between them
    reach = np.maximum(radius[:, None], distance * np.sin(np.pi / ANGLES) * 1.01)
    turned = angles - np.arctan2(local[:, 0], local[:, 1])[:, None]
    along, across = distance * np.cos(turned), distance * np.sin(turned)
    half = np.sqrt(np.where(np.abs(across) <= reach, reach**2 - across**2, np.nan))
    far = np.where(along + half > 0, along + half, np.nan)
    near = np.where(along > 0, np.maximum(along - half, 0), np.nan)
    return near, far


def misses(contours: Contours, clicks: Sequence[Click]) -> NDArray[np.float64]:
    """Return how far contours are from the far sides of the errors clicked on, as log ratios.

    A click in the middle of an error has the right outline as far behind it as the wrong one
    is before it.
    """
    frames, missed = contours.frames, np.zeros(len(contours.frames))
    for click in clicks:
        if click.wrong:
            local = frames.local(click.row, click.col)
            distance, beyond = np.hypot(*local.T), click.error / frames.sizes
            angle = np.rint(np.arctan2(local[:, 0], local[:, 1]) * ANGLES / (2 * np.pi)).astype(np.intp)
            meant = np.maximum(distance + (beyond if click.inside else -beyond), LEAST_LEFT * distance)
            radius = contours.radii[np.arange(len(frames)), angle % ANGLES]
            missed += np.abs(np.log(radius / np.maximum(meant, 1e-3)))
    return missed
