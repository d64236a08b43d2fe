"""Measurements agree with what is drawn, in the unit of the file."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_zeroseg.batch.measuring import COLUMNS, channel_names, measured
from napari_zeroseg.core.channels import Channel, Composition
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.volume import Volume

MICROMETERS = {"scale": {"Y": 0.5, "X": 0.25}, "units": {"Y": "micrometer", "X": "micrometer"}}


def row_of(pixels, volume, **mask):
    instance = Instance(3, "cell", Mask(mask.get("origin", (4, 6)), pixels), 0.51234)
    (row,) = measured([instance], volume, volume.grid(None), None)
    return row


def test_a_rectangle_in_micrometers():
    image = np.arange(400, dtype=np.uint16).reshape(20, 20)
    row = row_of(np.ones((4, 8), bool), Volume(image, "YX", **MICROMETERS))
    assert row["unit"] == "micrometer"
    assert row["area"] == pytest.approx(4 * 8 * 0.5 * 0.25)
    assert (row["y"], row["x"]) == pytest.approx(((4 + 1.5) * 0.5, (6 + 3.5) * 0.25))
    assert row["equivalent_diameter"] == pytest.approx(math.sqrt(4 * row["area"] / math.pi))
    assert row["solidity"] == pytest.approx(1)
    assert (row["area_px"], row["y0_px"], row["x0_px"], row["y1_px"], row["x1_px"]) == (32, 4, 6, 8, 14)
    inside = image[4:8, 6:14]
    told = [row[f"{kind}_0"] for kind in ("mean", "std", "min", "max")]
    assert told == pytest.approx([inside.mean(), inside.std(), inside.min(), inside.max()])
    assert row["perimeter"] is None  # scikit-image has none for pixels that are not square
    assert (row["id"], row["score"], row["plane"]) == (3, 0.5123, "")


def test_a_disc_in_pixels():
    y, x = np.mgrid[:41, :41]
    row = row_of((y - 20) ** 2 + (x - 20) ** 2 <= 400, Volume(np.ones((60, 60)), "YX"))
    assert row["unit"] == "pixel"
    assert row["major_axis"] == pytest.approx(40, rel=0.02)
    assert row["perimeter"] == pytest.approx(40 * math.pi, rel=0.05)
    assert row["eccentricity"] < 0.1


@pytest.mark.parametrize("pixels", [np.ones((1, 1), bool), np.ones((1, 5), bool), np.eye(2, dtype=bool)])
def test_few_pixels_have_no_hull_and_no_warning(pixels):
    row = row_of(pixels, Volume(np.ones((20, 20)), "YX"))
    assert row["area"] == pixels.sum()
    assert set(COLUMNS) - {"image"} <= row.keys()


def test_colours_and_channels_have_names():
    rgb = Volume(np.zeros((20, 20, 3), np.uint8), "YXS")
    assert {"mean_red", "mean_green", "mean_blue"} <= row_of(np.ones((2, 2), bool), rgb).keys()
    two = Volume(np.zeros((2, 20, 20)), "CYX", channels=(("DAPI", ""), ("", "")))
    assert channel_names(two, None) == ("DAPI", "1")
    shown = Composition(channels=(Channel(name="a"), Channel(name="b")))
    assert channel_names(Volume(np.zeros((2, 20, 20)), "CYX"), shown) == ("a", "b")
    same = Volume(np.zeros((2, 20, 20)), "CYX", channels=(("x", ""), ("x", "")))
    assert channel_names(same, None) == ("0", "1")


def test_what_is_not_finite_is_left_out():
    image = np.ones((20, 20))
    image[5] = np.nan
    assert row_of(np.ones((3, 3), bool), Volume(image, "YX"))["mean_0"] == 1
    assert row_of(np.ones((1, 3), bool), Volume(image, "YX"), origin=(5, 5))["mean_0"] is None
