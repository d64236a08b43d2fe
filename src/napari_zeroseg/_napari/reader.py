"""What napari's File ▸ Open gets from records, class images and other tools' annotations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils import CyclicLabelColormap

from napari_zeroseg._napari.layer_axes import TITLES
from napari_zeroseg._napari.shades import instance_colors
from napari_zeroseg.core.compose import instance_labels
from napari_zeroseg.export.conversion import read_annotations
from napari_zeroseg.export.formats import recognised
from napari_zeroseg.export.label_tiff import LABELS
from napari_zeroseg.export.tiff import read_label_tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_zeroseg.core.annotations import Annotations
    from napari_zeroseg.core.vocabulary import TargetClass

    LayerData = tuple[Any, dict[str, Any], str]
    Reader = Callable[[str | list[str]], list[LayerData]]


def get_reader(path: str | list[str]) -> Reader | None:
    """Return a reader for files of this plugin and of the tools that it speaks with, None for others."""
    first = Path(path if isinstance(path, str) else path[0])
    # other label images are left to napari, which opens them as images or as labels
    known = _is_semantic(first) or _is_of_classes(first) or recognised(first) not in (None, LABELS)
    return _read_all if known else None


def _is_semantic(path: Path) -> bool:
    return path.name.endswith("_semantic.tif")


def _is_of_classes(path: Path) -> bool:
    return path.name.endswith(f"_{LABELS.name}{LABELS.suffix}")


def _read_all(paths: str | list[str]) -> list[LayerData]:
    files = [paths] if isinstance(paths, str) else paths
    return [layer for file in files for layer in _read(Path(file))]


def _read(path: Path) -> list[LayerData]:
    if _is_semantic(path):
        return [(read_label_tiff(path), {"name": path.stem, "metadata": {}}, "labels")]
    return [_layer(found, target) for found in read_annotations(path) for target in found.vocabulary]


def _layer(annotations: Annotations, target: TargetClass) -> LayerData:
    grid = annotations.grid
    planes = [
        instance_labels(annotations.on_plane(plane), target.name, annotations.shape) for plane in grid.planes
    ]
    labels = np.stack(planes).reshape(*grid.depth, *annotations.shape)
    placed = {
        "axis_labels": tuple(TITLES[axis] for axis in grid.axes),
        "scale": tuple(grid.scale.get(axis, 1) for axis in grid.axes),
        "units": tuple(grid.units.get(axis, "pixel") for axis in grid.axes),
    }
    found = annotations.of(target.name)
    locked = {i.id for i in found} - {i.id for i in found if not i.locked}
    table = instance_colors(target.color, locked, max((i.id for i in found), default=0))
    meta = {
        "name": target.name,
        "metadata": {"zeroseg": {"color": target.color}},
        "colormap": CyclicLabelColormap(colors=table),
    }
    return labels, meta | (placed if grid.scale else {}), "labels"
