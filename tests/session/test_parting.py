"""Clusters of the present plane: found, named, merged, split and drawn; every step can be undone."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.compose import semantic_labels
from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.freeseg import FreeSegParameters
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares

PLAIN = FreeSegParameters(crf_iterations=0, place_weight=0, least_share=0, clusters=3)


@pytest.fixture
def session() -> Session:
    """With clusters: 0 the ground, 1 grey, 2 bright."""
    recipe = Recipe(freeseg=PLAIN).with_vocabulary(Vocabulary.parse("grey; bright"))
    session = Session(recipe=recipe, backends=fake_backends)
    session.open(source())
    session.find_clusters()
    return session


def test_clusters_have_names_before_anything_is_drawn(session: Session) -> None:
    partition = session.state.partition
    assert partition is not None
    assert partition.names == (None, "grey", "bright")
    assert not session.state.instances
    assert session.undo_text == "Find clusters"


def test_named_clusters_become_masks(session: Session) -> None:
    session.draw_clusters()
    image = squares()
    expected = np.where(image > 200, 2, np.where(image > 100, 1, 0))
    found = session.state.instances
    assert np.array_equal(semantic_labels(found, session.state.vocabulary, (64, 64)), expected)
    assert {i.provenance.method for i in found} == {"freeseg-diff"}
    assert session.state.partition is None
    assert set(session.state.layered) == {"grey", "bright"}


def test_a_person_decides_on_names(session: Session) -> None:
    session.name_cluster(1, "bright")
    session.name_cluster(2, None)
    session.draw_clusters()
    assert [i.name for i in session.state.instances] == ["bright"]


def test_clusters_are_merged_and_split(session: Session) -> None:
    session.merge_clusters(1, 2)
    assert len(session.state.partition) == 2
    session.split_cluster(1)
    assert session.state.partition.names == (None, "bright", "bright")


def test_every_step_can_be_undone(session: Session) -> None:
    first = session.state.partition
    session.name_cluster(1, None)
    session.merge_clusters(0, 1)
    session.draw_clusters()
    session.undo()
    assert len(session.state.partition) == 2
    assert not session.state.instances
    session.undo()
    session.undo()
    assert session.state.partition is first
    session.drop_clusters()
    assert session.state.partition is None


def test_accepted_masks_keep_their_pixels(session: Session) -> None:
    session.draw_clusters()
    bright = next(i for i in session.state.instances if i.name == "bright")
    session.accept_instances(bright.key)
    session.find_clusters()
    session.name_cluster(2, "grey")
    session.draw_clusters()
    kept = session.state.instance(*bright.key)
    assert kept.mask is bright.mask
    assert not any(i.name == "grey" and i.mask.overlap(kept.mask) for i in session.state.instances)


def test_what_cannot_be_done_says_why(session: Session) -> None:
    with pytest.raises(NotNowError, match="no class"):
        session.name_cluster(0, "dog")
    for number in range(3):
        session.name_cluster(number, None)
    with pytest.raises(NotNowError, match="No cluster has a name"):
        session.draw_clusters()
    session.drop_clusters()
    assert session.readiness[Action.NAME_PARTS] == "Find clusters first."
    with pytest.raises(NotNowError):
        session.merge_clusters(0, 1)
