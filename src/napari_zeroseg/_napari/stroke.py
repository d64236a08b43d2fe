"""A stroke that is drawn on the canvas with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.layers import Layer

    Place = tuple[float, float]

STEP = 6.0  # screen pixels between places; a shorter way is a click


def follow_stroke(
    layer: Layer, event: Any, show: Callable[[list[Place]], None], done: Callable[[list[Place]], None]
) -> Iterator[None]:
    """Collect the places of a drag as napari goes through it: on press, on every move, on release.

    Parameters
    ----------
    layer : Layer
        In whose pixels the places are.
    event : napari mouse event
        Of the press; napari changes it with the mouse.
    show : callable
        Gets the places so far, (x, y) in pixels, when there is a new one.
    done : callable
        Gets all of them at the end; not called for a click.
    """
    latest, places = np.array(event.pos), [_place(layer, event)]
    yield
    while event.type == "mouse_move":
        if np.linalg.norm(event.pos - latest) >= STEP:
            latest = np.array(event.pos)
            places.append(_place(layer, event))
            show(places)
        yield
    if len(places) > 1:
        done([*places, _place(layer, event)])


def _place(layer: Layer, event: Any) -> Place:
    y, x = layer.world_to_data(event.position)[-2:]
    return float(x), float(y)
