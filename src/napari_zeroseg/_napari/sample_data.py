"""Images to begin with, from the files that scikit-image brings along: no download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    LayerData = tuple[Any, dict[str, Any], str]


def immunohistochemistry() -> list[LayerData]:
    """Return a stained section of colon: brown where a protein is, blue nuclei (RGB, 512 × 512)."""
    from skimage import data

    return [(data.immunohistochemistry(), {"name": "immunohistochemistry", "rgb": True}, "image")]


def coins() -> list[LayerData]:
    """Return bright coins on a dark, unevenly lit ground (grey, 303 × 384)."""
    from skimage import data

    return [(data.coins(), {"name": "coins"}, "image")]


def cell() -> list[LayerData]:
    """Return one cell in phase contrast (grey, 660 × 550)."""
    from skimage import data

    return [(data.cell(), {"name": "cell"}, "image")]
