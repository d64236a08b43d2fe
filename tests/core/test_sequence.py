from __future__ import annotations

from napari_zeroseg.core.sequence import Row


def test_a_row_keeps_the_other_indices() -> None:
    row = Row((3, 0, 5), 1, 2, 4)
    assert list(row) == [(3, 2, 5), (3, 3, 5), (3, 4, 5)]
    assert len(row) == 3


def test_planes_beside_and_beyond_are_in_no_row() -> None:
    row = Row((3, 0), 1, 2, 4)
    assert row.place_of((3, 4)) == 4
    assert row.place_of((2, 4)) is None
    assert row.place_of((3, 5)) is None
    assert row.place_of((3,)) is None
