"""Clusters of the present plane: found, named, merged, split and drawn; every step can be undone."""

from __future__ import annotations

from dataclasses import replace

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


def test_chosen_clusters_are_those_of_the_present_partition(session: Session) -> None:
    heard = []
    session.clusters_chosen.connect(lambda: heard.append(session.chosen_clusters))
    session.choose_clusters(2, 1, 1)
    session.choose_clusters(1, 2)
    assert heard == [(1, 2)]
    session.name_cluster(1, None)
    assert session.chosen_clusters == (1, 2)
    session.merge_clusters(1, 2)
    assert session.chosen_clusters == (1,)
    session.split_cluster(1)
    assert session.chosen_clusters == (1, 2)
    assert session.undo_text == "Split cluster 2"
    session.undo()
    assert session.chosen_clusters == ()


def test_a_cluster_of_places_that_are_all_alike_stays_whole(session: Session) -> None:
    told = []
    session.noticed.connect(told.append)
    before = session.state
    session.split_cluster(1)
    assert told == ["All places of cluster 2 are alike: it stays whole."]
    assert session.state is before


def test_names_follow_the_classes(session: Session) -> None:
    session.change_class("grey", replace(session.state.vocabulary["grey"], name="dim"))
    assert session.state.partition.names == (None, "dim", "bright")
    session.remove_class("bright")
    assert session.state.partition.names == (None, "dim", None)


def test_without_a_class_the_caption_tells_what_there_is() -> None:
    session = Session(recipe=Recipe(freeseg=PLAIN), backends=fake_backends)
    session.open(source())
    told = []
    session.noticed.connect(told.append)
    session.find_clusters()
    assert session.state.partition.names == (None, None, None)
    assert session.state.caption == "squares on a dark ground"
    assert [idea.name for idea in session.state.ideas] == ["squares", "dark ground"]
    assert "squares, dark ground" in told[0]
    session.add_idea("squares")
    session.name_cluster(2, "squares")
    session.find_clusters()
    assert len(session.state.ideas) == 2
    assert len(told) == 1  # what was told is not told again


def test_steps_hold_no_image_and_no_features(session: Session) -> None:
    session.name_cluster(1, "bright")
    session.merge_clusters(1, 2)
    held = [getattr(session.state.partition, name) for name in ("labels", "names", "scores")]
    assert sum(part.nbytes for part in held if isinstance(part, np.ndarray)) == 64 * 64
