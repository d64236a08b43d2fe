"""What napari's File ▸ Save offers for Labels layers; each layer is a class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg._napari.layer_axes import letters_of, placed
from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.errors import ExportError
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.export.coco import write_coco
from napari_zeroseg.export.names import unique_names
from napari_zeroseg.export.overlay import write_overlay_png
from napari_zeroseg.export.tiff import write_label_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.core.volume import Grid

    LayerData = tuple[Any, dict[str, Any], str]


def write_label_tiffs(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write instance ids: one layer as ``path``, several as ``path`` with their names added."""
    target = Path(path)
    stems = unique_names(_name(layer) for layer in layers)
    if len(layers) == 1:
        files = [target]
    else:
        files = [target.with_name(f"{target.stem}_{stems[_name(layer)]}{target.suffix}") for layer in layers]
    for file, layer in zip(files, layers, strict=True):
        write_label_tiff(file, np.asarray(layer[0]), _grid(layer))
    return [str(file) for file in files]


def write_semantic_tiff(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write class ids in the order of the layers; where layers overlap, the upper one shows."""
    _check_shapes(layers)
    semantic = np.zeros(np.shape(layers[0][0]), np.uint16)
    for number, (labels, _, _) in enumerate(layers, 1):
        semantic[np.asarray(labels) > 0] = number
    write_label_tiff(Path(path), semantic, _grid(layers[0]))
    return [path]


def write_coco_json(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write all objects as COCO annotations."""
    _check_shapes(layers)
    shape = _plane_shape(layers[0])
    write_coco(Path(path), Annotations("", shape, _classes(layers), tuple(_instances(layers))))
    return [path]


def write_overlay(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write the image with all objects drawn over it."""
    (image, meta, _), *labels = sorted(layers, key=lambda layer: layer[2] != "image")
    plane = plane_from_array(np.asarray(image), rgb=bool(meta.get("rgb")), limits=meta.get("contrast_limits"))
    _check_shapes(labels)
    if plane.shape[:2] != _plane_shape(labels[0]):
        raise ExportError(
            "The image and the labels differ in size.", remedy="Choose layers that belong together."
        )
    write_overlay_png(Path(path), plane, _classes(labels), _instances(labels))
    return [path]


def _grid(layer: LayerData) -> Grid | None:
    """Return axes and scale of a layer, as far as its labels tell what the axes are."""
    data, meta, _ = layer
    size = np.ndim(data)
    labels = meta.get("axis_labels") or ("",) * size
    axes = letters_of([*map(str, labels[:-2]), "y", "x"])
    if "?" in axes or "C" in axes or len(set(axes)) < len(axes):
        return None
    grid = placed(axes, meta.get("scale", (1,) * size), meta.get("units") or ("",) * size)
    return replace(grid, depth=tuple(np.shape(data)[:-2]))


def _name(layer: LayerData) -> str:
    return str(layer[1].get("name", "labels"))


def _check_shapes(layers: Sequence[LayerData]) -> None:
    if len({np.shape(data) for data, _, _ in layers}) > 1:
        raise ExportError("The layers differ in size.", remedy="Choose the layers of one image.")


def _plane_shape(layer: LayerData) -> tuple[int, int]:
    shape = np.shape(layer[0])
    if len(shape) != 2:
        raise ExportError(
            f"The layer '{_name(layer)}' has {len(shape)} axes; this format holds single planes.",
            remedy="Save it as label TIFF, or one plane at a time.",
        )
    return shape


def _classes(layers: Sequence[LayerData]) -> Vocabulary:
    return Vocabulary(tuple(TargetClass(_name(layer)) for layer in layers))


def _instances(layers: Sequence[LayerData]) -> list[Instance]:
    return [
        Instance(number, _name(layer), mask, 1.0)
        for layer in layers
        for number, mask in masks_of(np.asarray(layer[0]))
    ]
