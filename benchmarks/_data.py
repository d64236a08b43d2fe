"""Reads data sets of images with truth: ``images/``, ``labels/``, ``meta.json``."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skimage.io import imread

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

ROOT = Path(os.environ.get("ZEROSEG_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True, eq=False)
class Sample:
    """One image with its truth.

    Parameters
    ----------
    stem : str
        File name without suffix.
    kind : str
        The way of imaging, as the data set names it.
    image : ndarray
        As stored: (H, W) or (H, W, 3).
    labels : ndarray of int, shape (H, W)
        Instance or class ids, 0 is background.
    """

    stem: str
    kind: str
    image: NDArray[Any]
    labels: NDArray[np.integer]


def samples(name: str) -> Iterator[Sample]:
    """Yield the images of a data set in the order of its ``meta.json``, or of their names."""
    folder = ROOT / name
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    stems = [{"stem": path.stem} for path in sorted((folder / "images").glob("*.png"))]
    items = meta.get("items", stems)
    for item in items if "stem" in items[0] else stems:
        stem = item["stem"]
        kind = item.get("modality") or item.get("dataset") or name
        yield Sample(stem, kind, _read(folder / "images", stem), _read(folder / "labels", stem))


def _read(folder: Path, stem: str) -> NDArray[Any]:
    array: NDArray[Any] = imread(folder / f"{stem}.png")
    return array
