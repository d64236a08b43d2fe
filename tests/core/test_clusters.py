"""k-means: groups that belong to the features, not to the order of the places."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.clusters import LEARNED_FROM, clustered, silhouette_count

CENTERS = np.array([[0, 0, 5], [4, 0, 0], [0, 4, 0], [9, 9, 9]], np.float32)


def _places(each: int, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.permutation(np.repeat(np.arange(len(CENTERS)), each))
    return (CENTERS[truth] + spread * rng.standard_normal((len(truth), 3))).astype(np.float32), truth


def test_groups_are_found_and_numbered_by_their_centres() -> None:
    places, truth = _places(30)
    labels = clustered(places.reshape(4, 30, 3), 4)
    assert labels.shape == (4, 30)
    assert labels.dtype == np.int32
    by_first = np.argsort([places[truth == t].mean(axis=0)[0] for t in range(4)])
    assert np.array_equal(labels.ravel(), np.argsort(by_first)[truth])


@pytest.mark.parametrize("each", [100, LEARNED_FROM // 2], ids=["all", "a part is learned from"])
def test_labels_go_with_the_pixels_when_those_are_permuted(each: int) -> None:
    places, _ = _places(each, spread=2.0)  # groups that run into each other have many doubtful places
    order = np.random.default_rng(8).permutation(len(places))
    assert np.array_equal(clustered(places[order], 5), clustered(places, 5)[order])


def test_the_same_seed_gives_the_same_labels() -> None:
    places, _ = _places(100, spread=2.0)
    assert np.array_equal(clustered(places, 6, seed=4), clustered(places, 6, seed=4))


def test_labels_are_the_nearest_centres_of_their_own_groups() -> None:
    places, _ = _places(200, spread=1.5)
    labels = clustered(places, 4)
    means = np.stack([places[labels == label].mean(axis=0) for label in range(4)])
    far = ((places[:, None] - means) ** 2).sum(axis=2)
    assert (far.argmin(axis=1) == labels).mean() > 0.99  # up to the last step of Lloyd's iteration


def test_no_more_groups_than_places_that_differ() -> None:
    assert np.array_equal(np.unique(clustered(np.ones((8, 8, 2), np.float32), 5)), [0])


def test_silhouette_finds_the_number_of_groups() -> None:
    assert silhouette_count(_places(50)[0], range(2, 8)) == 4
    assert silhouette_count(np.ones((8, 8, 2), np.float32), range(2, 5)) == 2
