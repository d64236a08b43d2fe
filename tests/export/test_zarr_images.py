"""Zarr arrays and OME-Zarr of both layouts."""

import numpy as np
import pytest
import zarr

from napari_zeroseg.core.axes import AmbiguousAxesError
from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.export.images import open_image

DATA = np.random.default_rng(0).integers(0, 60000, (2, 3, 20, 30), np.uint16)


def axes(*names, unit="micrometer"):
    types = {"t": "time", "c": "channel"}
    return [{"name": n, "type": types.get(n, "space")} | ({} if n == "c" else {"unit": unit}) for n in names]


def multiscale(named=None, path="0", scale=(1.0, 2.0, 0.5, 0.25)):
    transforms = [
        {"type": "scale", "scale": list(scale)},
        {"type": "translation", "translation": [0, 0, 3, 4]},
    ]
    scales = {"datasets": [{"path": path, "coordinateTransformations": transforms}, {"path": "1"}]}
    return scales | ({} if named is None else {"axes": named})


def write(path, description, version=2, data=DATA):
    group = zarr.open_group(str(path), mode="w", zarr_format=version)
    for name, level in (("0", data), ("1", data[..., ::2, ::2])):
        group.create_array(name, data=level, chunks=level.shape)
    group.attrs.update(description if version == 2 else {"ome": description | {"version": "0.5"}})


@pytest.mark.parametrize("version", [2, 3], ids=["0.4", "0.5"])
def test_ome_zarr_tells_axes_scale_and_channels(tmp_path, version):
    omero = {"channels": [{"label": "DAPI", "color": "0000FF"}, {"label": "GFP", "color": "00ff00"}]}
    write(
        tmp_path / "a.zarr", {"multiscales": [multiscale(axes("c", "z", "y", "x"))], "omero": omero}, version
    )
    volume = open_image(tmp_path / "a.zarr")
    assert (volume.axes, volume.depth, volume.channel_count) == ("CZYX", (3,), 2)
    assert volume.scale == {"Z": 2, "Y": 0.5, "X": 0.25}
    assert volume.units == {"Z": "micrometer", "Y": "micrometer", "X": "micrometer"}
    assert volume.channels == (("DAPI", "#0000FF"), ("GFP", "#00ff00"))
    assert np.array_equal(volume.channel(1).read((2,)), DATA[1, 2])
    assert not isinstance(volume.data, np.ndarray)


def test_the_scale_of_all_levels_counts_too(tmp_path):
    described = multiscale(axes("t", "z", "y", "x", unit="second"))
    described["coordinateTransformations"] = [{"type": "scale", "scale": [10, 1, 1, 1]}]
    write(tmp_path / "a.zarr", {"multiscales": [described]})
    volume = open_image(tmp_path / "a.zarr")
    assert volume.scale == {"T": 10, "Z": 2, "Y": 0.5, "X": 0.25}
    assert volume.units["T"] == "second"


def test_early_versions_have_their_five_axes(tmp_path):
    write(tmp_path / "a.zarr", {"multiscales": [multiscale()]}, data=DATA[None])
    assert open_image(tmp_path / "a.zarr").axes == "TCZYX"


def test_names_of_axes_are_taken_from_the_array(tmp_path):
    zarr.create_array(str(tmp_path / "a.zarr"), data=DATA, dimension_names=["z", "c", "y", "x"])
    assert open_image(tmp_path / "a.zarr").axes == "ZCYX"


def test_an_array_without_names_is_asked_for(tmp_path):
    zarr.create_array(str(tmp_path / "a.zarr"), data=DATA)
    with pytest.raises(AmbiguousAxesError, match="2 × 3 × 20 × 30"):
        open_image(tmp_path / "a.zarr")
    assert open_image(tmp_path / "a.zarr", "TZYX").depth == (2, 3)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ({"multiscales": []}, "multiscales"),
        ({"multiscales": [{"datasets": []}]}, "datasets"),
        ({"multiscales": [multiscale(scale=(1, -1, 1, 1))]}, "greater than 0"),
        ({"multiscales": [multiscale(path="../other")]}, "not in its folder"),
        ({"multiscales": [multiscale(path="/etc")]}, "not in its folder"),
        ({}, "group of 2 arrays"),
    ],
)
def test_a_description_that_cannot_be_is_told(tmp_path, description, says):
    write(tmp_path / "a.zarr", description)
    with pytest.raises(BadImageError, match=says):
        open_image(tmp_path / "a.zarr")
