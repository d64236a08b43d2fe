"""Channels as they are seen, and the limits where nobody has chosen any."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from napari_zeroseg.core.channels import (
    SAMPLED,
    Channel,
    Composition,
    composed,
    default_composition,
    usual_limits,
)
from napari_zeroseg.core.composer import Composer
from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.volume import Intensities, Volume

RED, GREEN = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)), ((0.0, 0.0, 0.0), (0.0, 1.0, 0.0))
RAMP = np.linspace(0, 255, 24 * 32).reshape(24, 32).astype(np.uint8)


def test_colours_are_added_up_and_clipped() -> None:
    white = Channel(weight=0.5)
    picture = composed(
        [
            (Channel(colors=RED), RAMP, (0.0, 255.0)),
            (Channel(colors=GREEN), RAMP[::-1], (0.0, 255.0)),
            (white, RAMP, (0.0, 255.0)),
        ]
    )
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture[..., 0], np.minimum(1, RAMP / 255 * 1.5), atol=1e-6)
    np.testing.assert_allclose(picture[..., 1], np.minimum(1, RAMP[::-1] / 255 + RAMP / 510), atol=1e-6)
    np.testing.assert_allclose(picture[..., 2], RAMP / 510, atol=1e-6)


def test_a_map_of_many_colours_has_straight_lines_between_them() -> None:
    colors = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    picture = composed([(Channel(colors=colors), np.array([[0, 1, 2, 3, 4]], np.uint8), (0.0, 4.0))])
    expected = [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]]
    np.testing.assert_allclose(picture[0], expected, atol=1e-6)


def test_an_inverted_map_is_dark_where_there_is_much() -> None:
    picture = composed([(Channel(colors=((1, 1, 1), (0, 0, 0))), RAMP, (0.0, 255.0))])
    np.testing.assert_allclose(picture[..., 0], 1 - RAMP / 255, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_one_hot_pixel_does_not_darken_a_deep_image(dtype: type) -> None:
    image = np.linspace(100, 1100, 512 * 512).reshape(512, 512).astype(dtype)
    image[7, 7] = 60000
    low, high = usual_limits(Intensities(image, "YX"))
    assert (low, high) == pytest.approx((100, 1100), abs=2)
    colour = np.stack([image, image // 2, image // 3], axis=-1)
    assert usual_limits(Intensities(colour, "YXS"))[1] == pytest.approx(1100, abs=2)


def test_limits_are_those_of_the_whole_stack() -> None:
    stack = np.stack([RAMP // 4, RAMP])
    part = Intensities(stack, "ZYX")
    assert usual_limits(part) == (0, 255)
    composer = Composer(Composition(), [part])
    assert composer.read((0,)).max() == pytest.approx(63 / 255, abs=0.01)


@pytest.mark.parametrize("shape", [(3, 40, 50), (40, 50), (2, 3, 40, 50)])
def test_windows_are_cut_from_the_same_picture(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    volume = Volume(
        rng.normal(0, 1, (*shape[:-2], 2, *shape[-2:])).astype(np.float32), "TZ"[: len(shape) - 2] + "CYX"
    )
    parts = [volume.channel(0), volume.channel(1)]
    composer, plane = Composer(default_composition(parts), parts), tuple(n - 1 for n in volume.depth)
    window = (slice(3, 9), slice(10, 30))
    fresh = Composer(default_composition(parts), parts)
    assert np.array_equal(fresh.read(plane, window), composer.read(plane)[window])


def test_colours_of_floating_point_are_not_scaled_by_their_window() -> None:
    image = np.full((20, 30, 3), 0.4)
    image[0, 0] = 2.0
    composer = Composer(
        Composition(rgb=True, channels=(Channel(limits=(0, 2)),)), [Intensities(image, "YXS")]
    )
    assert composer.read((), (slice(5, 9), slice(5, 9)))[0, 0, 0] == pytest.approx(0.2)


class _Recorded:
    """An array that counts what is read of it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.dtype, self.read = shape, np.dtype(np.uint16), 0

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        sizes = [
            len(range(*i.indices(n))) for i, n in zip(index, self.shape, strict=True) if isinstance(i, slice)
        ]
        self.read += int(np.prod(sizes))
        return np.full(sizes, 7, np.uint16)


@pytest.mark.parametrize("shape", [(20000, 20000), (400, 1000, 1000), (3, 9000, 9000)])
def test_of_a_large_image_only_a_sample_is_read(shape: tuple[int, ...]) -> None:
    data = _Recorded(shape)
    usual_limits(Intensities(data, "ZYX"[-len(shape) :]))
    assert 0 < data.read <= 4 * SAMPLED


def test_what_is_off_is_not_read() -> None:
    data = np.stack([RAMP, np.full_like(RAMP, 9)])
    volume = Volume(data, "CYX")
    one_off = Composition(channels=(Channel(colors=RED), Channel(colors=GREEN, on=False)))
    picture = Composer(one_off, [volume.channel(0), volume.channel(1)]).read(())
    assert picture[..., 0].max() == 1
    assert not picture[..., 1].any()


def test_an_empty_channel_beside_a_full_one_is_no_reason_to_refuse() -> None:
    volume = Volume(np.stack([RAMP, np.zeros_like(RAMP)]), "CYX")
    parts = [volume.channel(0), volume.channel(1)]
    assert Composer(default_composition(parts), parts).read(()).max() == 1
    empty = [volume.channel(1), volume.channel(1)]
    with pytest.raises(BadImageError, match="Every pixel"):
        Composer(default_composition(empty), empty).read(())


def test_channels_that_are_not_those_of_the_recipe_are_refused() -> None:
    with pytest.raises(BadImageError, match="shows 1 channel, but the image has 2 channels"):
        Composer(Composition(), [Intensities(RAMP, "YX"), Intensities(RAMP, "YX")])
    with pytest.raises(BadImageError, match="shows true colour, but the image has 1 channel"):
        Composer(Composition(rgb=True), [Intensities(RAMP, "YX")])
    off = Composition(channels=(Channel(on=False),))
    with pytest.raises(BadImageError, match="No channel"):
        Composer(off, [Intensities(RAMP, "YX")]).read(())


def test_names_and_colours_of_the_file_are_taken() -> None:
    parts = [Intensities(RAMP, "YX")] * 2
    shown = default_composition(parts, [("DAPI", "#0000ff"), ("GFP", "")])
    assert [c.name for c in shown.channels] == ["DAPI", "GFP"]
    assert shown.channels[0].colors[1] == (0, 0, 1)
    assert shown.channels[1].colors[1] == (0, 1, 0)
    assert default_composition(parts, [("", "bad"), ("", "#000000")]) == default_composition(parts)


@pytest.mark.parametrize("limits", [(1, 1), (2, 1), (0, float("nan")), (0, float("inf"))])
def test_limits_that_cannot_be_are_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(ValidationError):
        Channel(limits=limits)
