"""Colours of instances."""

from __future__ import annotations

import numpy as np

from napari_zeroseg._napari.shades import PROPOSED_ALPHA, SHADES, instance_colors, shades


def test_shades_stay_near_the_class_and_differ_from_their_neighbours() -> None:
    rows = shades("#4e9af1")
    np.testing.assert_allclose(rows[0], np.array([0x4E, 0x9A, 0xF1]) / 255, atol=1e-6)
    assert rows.shape == (SHADES, 3)
    assert (rows.argmax(axis=1) == 2).all()
    assert np.abs(np.diff(rows, axis=0)).max(axis=1).min() > 0.05


def test_what_is_locked_is_opaque_and_background_clear() -> None:
    table = instance_colors("#ffa630", [3, 70000], highest=70000)
    assert len(table) <= 1 << 16
    assert table[3, 3] == 1
    assert table[4, 3] == np.float32(PROPOSED_ALPHA)
    assert not table[0].any()
