"""The part of the measurement ``formats`` that needs a screen; prints its rows as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.formats import CLASSES, files, told
from napari_zeroseg.api import volume_source
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.export.images import open_image
from scripts.stage import Stage, settle, wait

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Layer

SCALE, SHIFT, DEGREES = (2.0, 0.5), (7.0, -3.0), 30.0


def main() -> None:
    """Open, place, run and check every file."""
    stage = Stage((1280, 800))
    rows = {path.name: _shown(stage, path) for path in files()}
    stage.close()
    print(json.dumps(rows))


def _shown(stage: Stage, path: Path) -> dict[str, Any]:
    viewer, session = stage.viewer, stage.session
    (image,) = viewer.open(str(path), plugin="napari")
    _place(image)
    wait(lambda: session.source is not None and "being asked" not in session.source.blocked)
    axes, asked = told(path)
    assert bool(session.source.choices) == asked
    if asked:
        stage.dock.image.question.choices[axes].click()
    if "C" in axes:
        stage.dock.image.question.split.click()
        wait(lambda: len(viewer.layers) > 1)
    settle(0.2)
    assert not session.source.blocked
    same = _same_headless(stage, path, axes)
    session.add_classes(CLASSES)
    session.suggest()
    stage.wait_for_models()
    session.accept(*session.state.vocabulary.names)
    session.run()
    stage.wait_for_models()
    layer = viewer.layers["cell"]
    row = {
        "layers": len(viewer.layers) - 1,
        "labels": "×".join(map(str, layer.data.shape)),
        "same picture": same,
    }
    row |= {"on the grid": _on_the_grid(layer, session.source.plane)}
    session.remove_class("cell")
    viewer.layers.clear()
    settle(0.2)
    return row


def _place(image: Layer) -> None:
    """Put an image somewhere: anisotropic, rotated and moved."""
    lead = image.ndim - 2
    image.scale = (*[3.0] * lead, *SCALE)
    image.translate = (*[0.0] * lead, *SHIFT)
    rotation = np.eye(image.ndim)
    rotation[lead:, lead:] = _turn()
    image.rotate = rotation


def _turn() -> np.ndarray[Any, Any]:
    cosine, sine = np.cos(np.deg2rad(DEGREES)), np.sin(np.deg2rad(DEGREES))
    return np.array([[cosine, -sine], [sine, cosine]])


def _on_the_grid(layer: Layer, plane: tuple[int, ...]) -> bool:
    """Return whether a pixel of a mask is found at the place that the transform says."""
    pixel = np.argwhere(layer.data[plane])[0]
    world = _turn() @ (pixel * SCALE) + SHIFT
    found = np.round(layer.world_to_data((*(3.0 * place for place in plane), *world))).astype(int)
    return tuple(found) == (*plane, *pixel) and bool(layer.data[tuple(found)])


def _same_headless(stage: Stage, path: Path, axes: str) -> bool:
    """Return whether the recipe of the window makes the same picture of the file, pixel by pixel."""
    source = stage.session.source
    recipe = Recipe.model_validate_json(stage.session.recipe.model_dump_json())
    headless = volume_source(path.name, open_image(path, axes), recipe.composition).on(source.plane)
    return bool(np.array_equal(headless.pixels, source.pixels))


if __name__ == "__main__":
    main()
