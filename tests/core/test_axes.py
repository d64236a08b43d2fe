"""What axes mean, and that nobody guesses it."""

from __future__ import annotations

import pytest

from napari_zeroseg.core.axes import AmbiguousAxesError, axes_choices, checked_axes, meaning, parse_axes
from napari_zeroseg.core.errors import BadImageError


@pytest.mark.parametrize(
    ("text", "shape", "axes"),
    [("zcyx", (75, 2, 75, 75), "ZCYX"), (" YX ", (5, 6), "YX"), ("YXS", (20, 30, 3), "YXS")],
)
def test_axes_are_read_as_they_are_typed(text: str, shape: tuple[int, ...], axes: str) -> None:
    assert parse_axes(text, shape) == axes


@pytest.mark.parametrize(
    ("text", "shape", "says"),
    [
        ("QYX", (5, 20, 30), "'Q' is none of"),
        ("ZZYX", (5, 4, 20, 30), "named twice"),
        ("YX", (5, 20, 30), "3 axes, of 5 × 20 × 30"),
        ("TZC", (5, 20, 30), r"rows \(Y\) and columns"),
        ("SYX", (5, 20, 30), "3 or 4 samples, not 5"),
    ],
)
def test_axes_that_cannot_be_are_refused(text: str, shape: tuple[int, ...], says: str) -> None:
    with pytest.raises(BadImageError, match=says):
        parse_axes(text, shape)


def test_what_the_file_tells_is_taken() -> None:
    assert checked_axes("TZCYX", (1, 1, 3, 20, 30)) == "TZCYX"


def test_a_picture_needs_no_word() -> None:
    assert checked_axes(None, (20, 30)) == "YX"


def test_axes_of_one_position_need_no_word() -> None:
    assert checked_axes("QQYX", (1, 1, 20, 30))[-2:] == "YX"
    assert len(axes_choices((1, 1, 20, 30))) == 1


@pytest.mark.parametrize("shape", [(48, 130, 130), (3, 64, 64), (75, 2, 75, 75), (64, 64, 3)])
@pytest.mark.parametrize("told", [None, "QYX", "QQYX", "IYX"])
def test_nothing_is_guessed(shape: tuple[int, ...], told: str | None) -> None:
    with pytest.raises(AmbiguousAxesError, match=r"nothing tells what they mean.*--axes") as raised:
        checked_axes(told, shape)
    assert " × ".join(map(str, shape)) in str(raised.value)


@pytest.mark.parametrize(
    ("shape", "first"),
    [
        ((48, 130, 130), ["ZYX", "TYX", "CYX"]),
        ((3, 395, 695), ["CYX", "ZYX", "TYX"]),
        ((75, 2, 75, 75), ["ZCYX", "TCYX", "TZYX"]),
        ((64, 64, 3), ["YXS", "ZYX", "TYX"]),
        ((12, 64, 64, 3), ["ZYXS", "TYXS"]),
        ((1, 48, 20, 30), ["TZYX", "ZCYX", "CTYX"]),
        ((2, 5, 6, 20, 30), ["CTZYX", "TCZYX"]),
        ((2, 3, 4, 5, 6, 7), []),
    ],
)
def test_the_likeliest_meaning_comes_first(shape: tuple[int, ...], first: list[str]) -> None:
    choices = list(axes_choices(shape))
    assert set(first) <= set(choices)
    assert choices[:1] == first[:1]
    assert all(parse_axes(axes, shape) for axes in choices)


def test_a_meaning_is_told_in_words() -> None:
    assert meaning("ZCYX", (75, 2, 64, 80)) == "75 depths of 2 channels of 80 × 64 pixels"
    assert meaning("TYXS", (1, 64, 80, 3)) == "1 time point of 80 × 64 pixels in colour"
