from pathlib import Path

import numpy as np
import pytest
import tifffile
from lxml import etree

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.core.volume import Grid
from napari_zeroseg.export.images import open_image
from napari_zeroseg.export.label_tiff import LABELS
from napari_zeroseg.export.tiff import OME_SIZES, read_label_tiff, write_label_tiff

COLORS = ["#ff8000", "#0000ff", "#ffffff"]
RGB = [0xFF8000, 0x0000FF, 0xFFFFFF]


@pytest.mark.parametrize(("highest", "dtype"), [(255, np.uint8), (256, np.uint16), (70000, np.uint32)])
def test_labels_come_back_in_the_smallest_type(tmp_path, highest, dtype):
    labels = np.zeros((30, 20), np.int32)
    labels[3:9, 4:8] = highest
    write_label_tiff(tmp_path / "a.tif", labels)
    back = read_label_tiff(tmp_path / "a.tif")
    assert back.dtype == dtype
    assert np.array_equal(back, labels)


def test_an_image_without_labels_is_a_whole_image(tmp_path):
    write_label_tiff(tmp_path / "a.tif", np.zeros((5, 4), np.int32))
    assert read_label_tiff(tmp_path / "a.tif").shape == (5, 4)


def test_a_stack_keeps_its_axes(tmp_path):
    labels = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    write_label_tiff(tmp_path / "a.tif", labels)
    assert np.array_equal(read_label_tiff(tmp_path / "a.tif"), labels)


def test_negative_labels_are_refused(tmp_path):
    with pytest.raises(ExportError, match="-1"):
        write_label_tiff(tmp_path / "a.tif", np.array([[-1, 0]]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"hello", b"II*\0" + b"\xff" * 40])
def test_what_is_no_tiff_is_told(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(BadFileError, match=r"a\.tif"):
        read_label_tiff(tmp_path / "a.tif")


def test_an_image_is_not_taken_for_labels(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 5), np.float32))
    with pytest.raises(BadFileError, match="not labels"):
        read_label_tiff(tmp_path / "a.tif")


def test_axes_and_scale_come_back(tmp_path):
    scale, units = {"T": 20.0, "Z": 1.5, "Y": 0.25, "X": 0.2}, {"T": "second", "Z": "micrometer"}
    units |= {"Y": "micrometer", "X": "micrometer"}
    labels = np.arange(2 * 3 * 20 * 30).reshape(2, 3, 20, 30)
    write_label_tiff(tmp_path / "a.tif", labels, Grid("TZYX", (2, 3), (), scale, units))
    volume = open_image(tmp_path / "a.tif")
    assert (volume.axes, volume.scale, volume.units) == ("TZYX", scale, units)
    assert np.array_equal(volume.data, labels)
    assert np.array_equal(read_label_tiff(tmp_path / "a.tif"), labels)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages[0].tags["ResolutionUnit"].value == 3  # centimetres
        count, length = file.pages[0].tags["XResolution"].value
        assert count / length == pytest.approx(50_000)


def test_a_scale_without_a_unit_is_in_pixels(tmp_path):
    write_label_tiff(tmp_path / "a.tif", np.ones((20, 30), int), Grid(scale={"X": 2.0, "Y": 2.0}))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert 'PhysicalSizeXUnit="pixel"' in file.ome_metadata


SCALE = {"T": 20.0, "Z": 1.5, "Y": 0.25, "X": 0.2}
UNITS = {"T": "second", "Z": "micrometer", "Y": "micrometer", "X": "micrometer"}


@pytest.mark.parametrize(
    "grid",
    [
        Grid(),
        Grid("YX", (), ((),), {"Y": 0.25, "X": 0.2}, {"Y": "nanometer", "X": "nanometer"}),
        Grid("YX", (), ((),), {"Y": 2.0, "X": 1.0}),
        Grid("TZYX", (2, 3), tuple(np.ndindex(2, 3)), SCALE, UNITS),
    ],
    ids=["plain", "scaled", "no unit", "stack"],
)
@pytest.mark.parametrize("names", [["cell"], ["cell", "Zellkern ä 細胞", '<&">']])
def test_its_metadata_is_as_the_schema_of_ome_says(tmp_path, grid, names):
    classes = Vocabulary(tuple(TargetClass(name, color) for name, color in zip(names, COLORS, strict=False)))
    path = tmp_path / "a.ome.tif"
    dot = Instance(70_000, "cell", Mask((1, 1), np.ones((2, 2), bool)), 1.0, plane=grid.planes[-1])
    LABELS.write(path, Annotations("a", (20, 30), classes, (dot,), grid))
    with tifffile.TiffFile(path) as file:
        told = file.ome_metadata
    pixels = valid(told).find("{*}Image/{*}Pixels")
    sizes = [int(pixels.get(f"Size{axis}")) for axis in "TZYX"]
    assert (sizes, pixels.get("Type")) == ([*(grid.depth or (1, 1)), 20, 30], "uint32")
    channels = pixels.findall("{*}Channel")
    assert [channel.get("Name") for channel in channels] == names
    assert [int(channel.get("Color")) >> 8 & 0xFFFFFF for channel in channels] == RGB[: len(names)]
    told_sizes = {axis: pixels.get(name) for axis, name in OME_SIZES.items()}
    assert {axis: float(size) for axis, size in told_sizes.items() if size} == grid.scale


def valid(text):
    """Return a document of OME that is as its schema of June 2016 says."""
    parts = etree.parse(Path(__file__).with_name("ome-2016-06.xsd"))
    for part in parts.findall("{*}import"):  # of a namespace that it makes no use of, from the web
        part.getparent().remove(part)
    document = etree.fromstring(text.encode())
    etree.XMLSchema(parts).assertValid(document)
    return document


def test_the_metadata_of_a_plain_stack_is_as_the_schema_says(tmp_path):
    labels = np.zeros((2, 3, 20, 30), np.uint8)
    write_label_tiff(tmp_path / "a.tif", labels, Grid("TZYX", (2, 3), (), SCALE, UNITS))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        valid(file.ome_metadata)
