from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.embedded.sheet import Sheet


@pytest.fixture
def plane() -> np.ndarray:
    """Return two nested rings and a bar, so that bounds overlap."""
    labels = np.zeros((30, 40), np.int32)
    labels[2:20, 2:20] = 1
    labels[4:18, 4:18] = 0
    labels[6:12, 6:12] = 2
    labels[25:28, 3:39] = 3
    return labels


def test_regions_lie_apart_and_whole(plane: np.ndarray) -> None:
    sheet = Sheet.of(plane, np.array([1, 2, 3]))
    assert np.bincount(sheet.labels.ravel())[1:].tolist() == np.bincount(plane.ravel())[1:].tolist()
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        a, b = sheet.labels[first], sheet.labels[second]
        assert not ((a != b) & (a > 0) & (b > 0)).any()


def test_values_come_back_to_where_they_were(plane: np.ndarray) -> None:
    values = np.arange(plane.size).reshape(plane.shape)
    sheet = Sheet.of(plane, np.array([1, 3]))
    laid = sheet.laid(values)
    assert not laid[sheet.labels == 0].any()
    back = np.full_like(values, -1)
    sheet.put_back(laid, back)
    assert np.array_equal(back, np.where(np.isin(plane, (1, 3)), values, -1))


def test_nothing_chosen_is_an_empty_sheet(plane: np.ndarray) -> None:
    sheet = Sheet.of(plane, np.array([], int))
    assert not sheet.labels.any()
    assert not sheet.windows
