import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.export.images import read_image

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


def test_a_stack_is_refused_with_its_axes(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 20, 30), np.uint8), metadata={"axes": "ZYX"})
    with pytest.raises(BadImageError, match="5 × 20 × 30 values with axes ZYX"):
        read_image(tmp_path / "a.tif")


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
