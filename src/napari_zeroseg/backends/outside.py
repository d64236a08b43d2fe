"""Other projects' tools that find objects by themselves, where a person has installed them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane


@dataclass(frozen=True, slots=True)
class OutsideTool:
    """A tool of another project; it knows objects, but no words.

    Parameters
    ----------
    name : str
        What a person calls it.
    package : str
        What must be installed.
    label : callable
        Gets a plane, float32 (H, W, 3), RGB in 0..1; returns ids of objects, int of shape (H, W),
        0 elsewhere.
    """

    name: str
    package: str
    label: Callable[[Plane], NDArray[Any]]

    @property
    def is_here(self) -> bool:
        return find_spec(self.package) is not None


def _cellpose(plane: Plane) -> NDArray[Any]:
    from cellpose.models import CellposeModel

    masks: NDArray[Any] = CellposeModel().eval(_as_bytes(plane))[0]
    return masks


def _micro_sam(plane: Plane) -> NDArray[Any]:
    from micro_sam.automatic_segmentation import (
        automatic_instance_segmentation,
        get_predictor_and_segmenter,
    )

    predictor, segmenter = get_predictor_and_segmenter(model_type="vit_b_lm")
    labels: NDArray[Any] = automatic_instance_segmentation(predictor, segmenter, _as_bytes(plane), ndim=2)
    return labels


def _as_bytes(plane: Plane) -> NDArray[np.uint8]:
    return np.asarray(np.rint(plane * 255), np.uint8)


TOOLS = (
    OutsideTool("Cellpose", "cellpose", _cellpose),
    OutsideTool("micro-sam", "micro_sam", _micro_sam),
)


def tools_here() -> tuple[OutsideTool, ...]:
    """Return the tools that are installed."""
    return tuple(tool for tool in TOOLS if tool.is_here)
