from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded import tree
from napari_zeroseg.backends.embedded.tree import ComponentTree, component_tree, measure_nodes


@pytest.fixture
def levels() -> np.ndarray:
    """Return bright blobs on a noisy ground, most of which is below a tenth of the range."""
    rng = np.random.default_rng(3)
    spots = np.zeros((120, 150))
    spots[rng.integers(5, 115, 25), rng.integers(5, 145, 25)] = rng.uniform(400, 1200, 25)
    image = ndi.gaussian_filter(spots, 2.5) * 3 + rng.normal(6, 1.5, spots.shape)
    return np.clip(image, 0, 119).astype(np.uint8)


def described(found: ComponentTree, levels: np.ndarray) -> np.ndarray:
    """Return for each pixel what is known of its component and of the one around that."""
    shapes = measure_nodes(found, levels.astype(np.float32))
    rows = np.column_stack((shapes.area, shapes.edge, shapes.ellipse, shapes.convexity, found.level))
    return np.concatenate((rows[found.node], rows[found.parent[found.node]]), axis=2)


def test_bright_components_on_a_sheet_are_those_of_the_plane(
    levels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = component_tree(levels)
    monkeypatch.setattr(tree, "LARGE", 0)
    sparse = component_tree(levels)
    assert len(sparse) == len(plain)
    assert np.array_equal(sparse.starts, plain.starts)
    assert np.allclose(described(sparse, levels), described(plain, levels))
