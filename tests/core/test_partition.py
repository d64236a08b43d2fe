"""Clusters that a person names, merges and splits."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.partition import Partition, compact, nearest

FEATURES = np.repeat(np.array([[1, 5, 9, 20]], np.float32), 2, axis=0)[..., None]


@pytest.fixture
def partition() -> Partition:
    """Three clusters in columns of 4, 2 and 2; the first has bright and dark places."""
    labels = np.repeat(np.array([[0, 0, 1, 2]], np.uint8), 4, axis=0).repeat(2, axis=1)
    return Partition(labels, ("sky", None, "road"), (0.9, 0.8, 0.7))


def test_shares_are_parts_of_the_image(partition: Partition) -> None:
    assert partition.shares == (0.5, 0.25, 0.25)


def test_a_name_that_a_person_gives_is_certain(partition: Partition) -> None:
    named = partition.named(1, "tree")
    assert named.names == ("sky", "tree", "road")
    assert named.scores == (0.9, 1.0, 0.7)
    assert named.named(0, None).names == (None, "tree", "road")


def test_merged_clusters_have_the_name_of_the_largest(partition: Partition) -> None:
    merged = partition.merged([2, 0])
    assert merged.names == ("sky", None)
    assert np.array_equal(merged.labels[0], [0, 0, 0, 0, 1, 1, 0, 0])
    assert partition.merged_number([2, 0]) == 0
    assert partition.merged_number([1, 2]) == 1
    assert partition.merged([1, 2]).names == ("sky", None)


def test_a_split_parts_a_cluster_where_its_places_differ(partition: Partition) -> None:
    split = partition.split(0, FEATURES)
    assert split.names == ("sky", None, "road", "sky")
    assert np.array_equal(split.labels[0], [0, 0, 3, 3, 1, 1, 2, 2])
    assert partition.split(1, FEATURES) is partition


def test_names_follow_a_change_of_the_classes(partition: Partition) -> None:
    changed = partition.renamed({"sky": "air", "road": None}.get)
    assert changed.names == ("air", None, None)
    assert changed.labels is partition.labels


def test_labels_take_few_bytes_and_every_step_shares_them(partition: Partition) -> None:
    assert partition.named(0, None).labels is partition.labels
    assert partition.split(0, FEATURES).labels.dtype == partition.merged([0, 1]).labels.dtype == np.uint8
    assert compact(np.array([256]), 257).dtype == np.uint16


def test_labels_come_to_another_grid_by_nearest_neighbour() -> None:
    labels = np.array([[1, 2], [3, 4]], np.int32)
    assert np.array_equal(nearest(labels, (2, 6)), [[1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]])
    assert np.array_equal(nearest(nearest(labels, (8, 6)), (2, 2)), labels)
