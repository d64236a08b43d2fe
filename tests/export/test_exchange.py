"""Every format there and back: nothing is lost but what the format says."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.export.format import Part
from napari_zeroseg.export.formats import FORMATS
from tests.export.drawn import annotations, left_in

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
READABLE = [f for f in FORMATS.values() if f.read and f.write]


def there_and_back(fmt, drawn):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"cells 1{fmt.suffix}"
        fmt.write(path, drawn)
        assert all(file.exists() for file in fmt.files(path, drawn))
        (back,) = fmt.read(path, drawn.frame)
    return back


def told(fmt, drawn):
    """Return what a format tells of the image and the classes."""
    classes = [(c.name, "" if Part.COLORS in fmt.loses else c.color) for c in drawn.vocabulary]
    if Part.EMPTY in fmt.loses:
        classes = sorted(c for c in classes if drawn.of(c[0]))
    return (
        drawn.shape,
        classes,
        {} if Part.SCALE in fmt.loses else dict(drawn.grid.scale),
        {} if Part.SCALE in fmt.loses else dict(drawn.grid.units),
    )


@pytest.mark.parametrize("fmt", READABLE, ids=lambda fmt: fmt.name)
@QUICK
@given(data=st.data())
def test_what_a_format_says_it_keeps_comes_back(fmt, data):
    drawn = data.draw(annotations())
    back = there_and_back(fmt, drawn)
    assert left_in(fmt, back) == left_in(fmt, drawn)
    assert told(fmt, back) == told(fmt, drawn)
    assert not back.notes


@pytest.mark.parametrize("fmt", [f for f in READABLE if Part.PLANES not in f.loses], ids=lambda fmt: fmt.name)
@settings(QUICK, max_examples=10)
@given(drawn=annotations(depth=(2, 3)))
def test_stacks_come_back_from_formats_that_hold_them(fmt, drawn):
    back = there_and_back(fmt, drawn)
    assert left_in(fmt, back) == left_in(fmt, drawn)
    assert (back.grid.axes, back.grid.depth) == ("TZYX", (2, 3))


@pytest.mark.parametrize("fmt", [f for f in READABLE if Part.PLANES in f.loses], ids=lambda fmt: fmt.name)
@settings(QUICK, max_examples=1)
@given(drawn=annotations(depth=(2,)))
def test_stacks_are_refused_by_the_others(fmt, drawn):
    with pytest.raises(ExportError, match="single planes"):
        fmt.check(drawn.grid)


@pytest.mark.parametrize("fmt", READABLE, ids=lambda fmt: fmt.name)
@settings(QUICK, max_examples=15)
@given(drawn=annotations(), data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(fmt, drawn, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{fmt.suffix}"
        fmt.write(path, drawn)
        files = fmt.files(path, drawn)
        victim = data.draw(st.sampled_from(files))
        content = bytearray(victim.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.booleans())
        victim.write_bytes(content[:place] if cut else content[:place] + b"9" + content[place + 1 :])
        try:
            fmt.read(path, drawn.frame)
        except BadFileError as error:
            assert error.happened  # noqa: PT017 - it may as well be read
