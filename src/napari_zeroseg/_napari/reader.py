"""What napari's File ▸ Open gets from records, class images and COCO annotations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.compose import instance_labels
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.record import KIND
from napari_zeroseg.export.coco import read_coco
from napari_zeroseg.export.record import read_label_files
from napari_zeroseg.export.tiff import read_label_tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    LayerData = tuple[Any, dict[str, Any], str]
    Reader = Callable[[str | list[str]], list[LayerData]]

_BEGINNING = 4096
"""Bytes within which a JSON file has to say what it is."""


def get_reader(path: str | list[str]) -> Reader | None:
    """Return a reader for files of this plugin and of COCO, None for others."""
    first = path if isinstance(path, str) else path[0]
    return _read_all if _kind(Path(first)) else None


def _read_all(paths: str | list[str]) -> list[LayerData]:
    files = [paths] if isinstance(paths, str) else paths
    return [layer for file in files for layer in _read(Path(file))]


def _read(path: Path) -> list[LayerData]:
    kind = _kind(path)
    if kind == "record":
        return [_layer(read_label_tiff(f.path), f.name, f.color) for f in read_label_files(path)]
    if kind == "coco":
        return _coco_layers(path)
    if kind == "semantic":
        return [_layer(read_label_tiff(path), path.stem, "")]
    raise BadFileError(f"'{path.name}' is neither a record, nor COCO annotations, nor a class image.")


def _kind(path: Path) -> str:
    if path.name.endswith("_semantic.tif"):
        return "semantic"
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return ""
    if KIND.encode() in beginning:
        return "record"
    # the key 'annotations' can come after a long list of images
    return "coco" if any(key in beginning for key in (b'"images"', b'"annotations"', b'"categories"')) else ""


def _coco_layers(path: Path) -> list[LayerData]:
    layers = []
    for entry in read_coco(path):
        for target in entry.vocabulary:
            labels = instance_labels(entry.instances, target.name, entry.shape)
            layers.append(_layer(labels, target.name, target.color))
    return layers


def _layer(labels: Any, name: str, color: str) -> LayerData:
    metadata = {"zeroseg": {"color": color}} if color else {}
    return labels, {"name": name, "metadata": metadata}, "labels"
