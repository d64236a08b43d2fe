"""Methods that look at all of a plane at once: a large plane is shrunk for them, and their masks enlarged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_zeroseg.core.events import Detected, Event
from napari_zeroseg.core.tiles import placed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.mask import Box
    from napari_zeroseg.core.tiles import Window
    from napari_zeroseg.methods.choice import Grants, Run
    from napari_zeroseg.methods.job import Job


@dataclass(frozen=True)
class View:
    """What a method sees of a plane.

    Parameters
    ----------
    pixels : ndarray of float32, shape (h, w, 3)
        RGB in 0..1.
    window : tuple of slice or None
        The part of the plane that it shows (rows, columns), in pixels of the plane; None for all of it.
    origin : tuple of int
        Row and column of its first pixel, in its own pixels.
    factor : tuple of float
        Pixels of the plane per pixel of the view, along rows and columns.
    """

    pixels: Plane
    window: Window | None = None
    origin: tuple[int, int] = (0, 0)
    factor: tuple[float, float] = (1.0, 1.0)


def segment(view: View, job: Job, claims: Grants, run: Run) -> Iterator[Event]:
    """Run a method on a view; its events come in pixels of the plane.

    Parameters
    ----------
    view : View
        What is looked at.
    job : Job
        What is looked for.
    claims : Grants
        Gives the pixels of the plane.
    run : callable
        The method.
    """
    for event in run(view.pixels, job, _Placing(claims, view)):
        if isinstance(event, Detected):
            boxes = tuple(replace(d, box=_on_plane(d.box, view)) for d in event.detections)
            yield replace(event, detections=boxes, window=view.window)
        else:
            yield event


class _Placing:
    """Grants on the plane what is proposed in a view."""

    def __init__(self, claims: Grants, view: View) -> None:
        self._claims, self._view = claims, view

    def claim(self, proposal: Instance) -> Instance | None:
        return self._claims.claim(placed(proposal, self._view.origin, self._view.factor))


def _on_plane(box: Box, view: View) -> Box:
    (top, left), (down, along) = view.origin, view.factor
    x0, y0, x1, y1 = box
    return ((x0 + left) * along, (y0 + top) * down, (x1 + left) * along, (y1 + top) * down)
