"""Clusters over the image: in place, in colours, and gone with them."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_zeroseg._napari.cluster_layer import ClusterLayer
from napari_zeroseg._napari.ownership import image_key
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares
from tests.session.test_parting import PLAIN


def test_clusters_lie_over_the_image_until_they_are_drawn() -> None:
    viewer = ViewerModel()
    image = viewer.add_image(squares(), scale=(2, 3), translate=(5, 7))
    recipe = Recipe(freeseg=PLAIN).with_vocabulary(Vocabulary.parse("grey; bright"))
    session = Session(recipe=recipe, backends=fake_backends)
    view = ClusterLayer(viewer, session)
    session.open(source(key=image_key(image)))
    session.find_clusters()
    layer = viewer.layers["Clusters"]
    expected = np.select([squares() > 200, squares() > 100], [3, 2], 1)
    assert np.array_equal(layer.data, expected)
    assert tuple(layer.scale) == (2, 3)
    assert layer.translate == pytest.approx((5, 7))
    assert viewer.layers.selection.active is image
    session.merge_clusters(1, 2)
    assert set(np.unique(viewer.layers["Clusters"].data)) == {1, 2}
    session.draw_clusters()
    assert "Clusters" not in viewer.layers
    view.close()
