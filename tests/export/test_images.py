import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_zeroseg.core.axes import AmbiguousAxesError
from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.export import tiff_images
from napari_zeroseg.export.images import open_image


def read_image(path, axes=None):
    """The only plane of a file, as it is stored."""
    return open_image(path, axes).channel(0).read(())


RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 255, (20, 30), np.uint8)
COLOUR = RNG.integers(0, 255, (20, 30, 3), np.uint8)


@pytest.mark.parametrize(
    "pixels", [GREY, COLOUR, GREY.astype(np.uint16) * 200], ids=["grey", "colour", "16 bit"]
)
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_pixels_come_as_they_are_stored(tmp_path, pixels, ending):
    path = tmp_path / f"a.{ending}"
    if ending == "png":
        Image.fromarray(pixels).save(path)
    else:
        tifffile.imwrite(path, pixels)
    assert np.array_equal(read_image(path), pixels)


def test_colours_in_planes_of_their_own_are_put_last(tmp_path):
    planes = np.moveaxis(COLOUR, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    assert np.array_equal(read_image(tmp_path / "a.tif"), COLOUR)


def test_a_tiff_whose_compression_needs_another_package_is_read(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.tif", compression="tiff_lzw")
    assert np.array_equal(read_image(tmp_path / "a.tif"), GREY)


def test_an_alpha_channel_that_hides_nothing_is_left_out(tmp_path):
    alpha = np.full((20, 30, 1), 255, np.uint8)
    Image.fromarray(np.concatenate([COLOUR, alpha], axis=-1)).save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png"), COLOUR)


def test_an_alpha_channel_that_hides_something_stays(tmp_path):
    alpha = np.full((20, 30, 1), 9, np.uint8)
    Image.fromarray(np.concatenate([COLOUR, alpha], axis=-1)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (20, 30, 4)


def test_a_palette_becomes_colours(tmp_path):
    Image.fromarray(COLOUR).quantize(16).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (20, 30, 3)


STACK = RNG.integers(0, 60000, (4, 20, 30), np.uint16)
DEEP = RNG.integers(0, 60000, (2, 3, 2, 20, 30), np.uint16)


def test_imagej_tells_axes_scale_and_colours(tmp_path):
    table = np.stack([np.zeros(256), np.arange(256), np.zeros(256)]).astype(np.uint8)
    metadata = {
        "axes": "TZCYX",
        "spacing": 1.5,
        "unit": "um",
        "finterval": 20.0,
        "LUTs": [table, table[[1, 0, 1]]],
    }
    tifffile.imwrite(tmp_path / "a.tif", DEEP, imagej=True, resolution=(5, 4), metadata=metadata)
    volume = open_image(tmp_path / "a.tif")
    assert (volume.axes, volume.depth, volume.channel_count) == ("TZCYX", (2, 3), 2)
    assert volume.scale == pytest.approx({"X": 0.2, "Y": 0.25, "Z": 1.5, "T": 20})
    assert volume.units == {"X": "micrometer", "Y": "micrometer", "Z": "micrometer", "T": "second"}
    assert volume.channels == (("", "#00ff00"), ("", "#ff00ff"))
    assert np.array_equal(volume.channel(1).read((1, 2)), DEEP[1, 2, 1])


def test_channels_of_imagej_are_no_planes(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", STACK[:3], imagej=True, metadata={"axes": "CYX"})
    volume = open_image(tmp_path / "a.tif")
    assert (volume.axes, volume.depth, volume.channel_count) == ("CYX", (), 3)


def test_ome_tells_axes_scale_and_names(tmp_path):
    metadata = {
        "axes": "ZCYX", "PhysicalSizeX": 65, "PhysicalSizeXUnit": "nm", "PhysicalSizeZ": 0.3,
        "Channel": {"Name": ["DAPI", "GFP"], "Color": [0x0000FFFF, 0x00FF00FF]},
    }  # fmt: skip
    tifffile.imwrite(tmp_path / "a.ome.tif", DEEP[0], metadata=metadata)
    volume = open_image(tmp_path / "a.ome.tif")
    assert volume.axes == "ZCYX"
    assert volume.scale == {"X": 65, "Z": 0.3}
    assert volume.units == {"X": "nanometer", "Z": "micrometer"}
    assert volume.channels == (("DAPI", "#0000ff"), ("GFP", "#00ff00"))


@pytest.mark.parametrize("data", [STACK, DEEP[0]], ids=["3 axes", "4 axes"])
@pytest.mark.parametrize("metadata", [None, {}], ids=["plain", "shaped"])
def test_axes_that_a_file_does_not_tell_are_asked_for(tmp_path, data, metadata):
    tifffile.imwrite(tmp_path / "a.tif", data, metadata=metadata, photometric="minisblack")
    with pytest.raises(AmbiguousAxesError, match=r"nothing tells what they mean.*--axes"):
        open_image(tmp_path / "a.tif")


def test_axes_that_are_typed_win(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", DEEP[0], photometric="minisblack")
    volume = open_image(tmp_path / "a.tif", "zcyx")
    assert np.array_equal(volume.channel(1).read((2,)), DEEP[0, 2, 1])


def test_colours_of_16_bits_are_colours(tmp_path):
    deep = COLOUR.astype(np.uint16) * 11
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    assert open_image(tmp_path / "a.tif").rgb
    assert np.array_equal(read_image(tmp_path / "a.tif"), deep)


def test_packed_bits_are_read(tmp_path):
    Image.fromarray(STACK[0]).save(tmp_path / "a.tif", compression="packbits")
    assert np.array_equal(read_image(tmp_path / "a.tif"), STACK[0])


def test_a_packed_stack_is_read_whole(tmp_path):
    first, *others = [Image.fromarray(plane) for plane in STACK]
    first.save(tmp_path / "a.tif", compression="packbits", save_all=True, append_images=others)
    volume = open_image(tmp_path / "a.tif", "ZYX")
    assert np.array_equal(volume.channel(0).read((2,)), STACK[2])


def test_a_large_file_stays_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff_images, "EAGER_BYTES", 100)
    tifffile.imwrite(
        tmp_path / "a.tif", STACK, tile=(16, 16), photometric="minisblack", metadata={"axes": "ZYX"}
    )
    volume = open_image(tmp_path / "a.tif")
    assert not isinstance(volume.data, np.ndarray)
    window = (slice(3, 9), slice(5, 20))
    assert np.array_equal(volume.channel(0).read((3,), window), STACK[3][window])


def test_an_animation_is_refused(tmp_path):
    frames = [Image.fromarray(GREY), Image.fromarray(GREY[::-1])]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(BadImageError, match="2 frames"):
        read_image(tmp_path / "a.gif")


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_damaged_file_is_told(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadImageError, match="could not be read"):
        read_image(tmp_path / name)


def test_a_cut_file_is_told(tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadImageError, match="could not be read"):
        read_image(tmp_path / "a.png")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(BadImageError, match="No such file"):
        read_image(tmp_path / "a.png")
