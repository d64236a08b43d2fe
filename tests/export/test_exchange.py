"""Every format there and back: nothing is lost but what the format says."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.export.format import Part
from napari_zeroseg.export.formats import FORMATS
from tests.export.drawn import annotations, composed, left_in, names_for

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
        left = {i.name for i in composed(fmt, drawn)}
        classes = sorted((n.lower(), c) for n, c in classes if n.lower() in {m.lower() for m in left})
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
    drawn = data.draw(annotations(names_for(fmt)))
    back = there_and_back(fmt, drawn)
    assert left_in(fmt, back) == left_in(fmt, drawn)
    assert told(fmt, back) == told(fmt, drawn)
    assert not back.notes or Part.OTHERS in fmt.loses


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
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(fmt, data):
    drawn = data.draw(annotations(names_for(fmt)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{fmt.suffix}"
        fmt.write(path, drawn)
        files = [f for f in path.parent.rglob("*") if f.is_file() and f.stat().st_size]
        victim = data.draw(st.sampled_from(files))
        content = bytearray(victim.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.booleans())
        victim.write_bytes(content[:place] if cut else content[:place] + b"9" + content[place + 1 :])
        try:
            fmt.read(path, drawn.frame)
        except BadFileError as error:
            assert error.happened  # noqa: PT017 - it may as well be read


@pytest.mark.parametrize("fmt", [FORMATS["labels"], FORMATS["ome-zarr"]], ids=lambda fmt: fmt.name)
def test_more_objects_than_sixteen_bits_number_come_back(fmt, tmp_path):
    """Of pictures, which number them by pixels; in texts, ids as high come back above."""
    count, width = 66_000, 300
    dot = np.ones((1, 1), bool)
    instances = tuple(Instance(n + 1, "dot", Mask(divmod(n, width), dot), 1.0) for n in range(count))
    drawn = Annotations("a.png", (220, width), Vocabulary.parse("dot"), instances)
    fmt.write(tmp_path / f"a{fmt.suffix}", drawn)
    (back,) = fmt.read(tmp_path / f"a{fmt.suffix}", drawn.frame)
    found = {(i.mask.origin, None if Part.IDS in fmt.loses else i.id) for i in back.instances}
    assert found == {(i.mask.origin, None if Part.IDS in fmt.loses else i.id) for i in instances}
    assert len(back.instances) == count
