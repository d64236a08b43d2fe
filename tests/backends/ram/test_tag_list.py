"""The list of tags is a file from elsewhere: it may hold anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_zeroseg.backends.ram.tag_list import MAX_BYTES, MAX_LENGTH, read_tag_list
from napari_zeroseg.core.errors import BadFileError


def _read(folder: Path, texts: str | bytes, thresholds: str | bytes):
    for name, content in (("texts", texts), ("thresholds", thresholds)):
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_tag_list(folder / "texts", folder / "thresholds")


def test_lines_become_tags_with_thresholds(tmp_path: Path) -> None:
    tags = _read(tmp_path, "cat\ntraffic light\r\ncafé", "0.65\n0.7\r\n0.5\n")
    assert tags.texts == ("cat", "traffic light", "café")
    assert tags.thresholds == (0.65, 0.7, 0.5)


def test_what_cannot_be_shown_is_dropped_and_keeps_its_place(tmp_path: Path) -> None:
    tags = _read(tmp_path, "a\x1b[31mcat\u202e\n\x07\n" + "x" * 500, "0.5\n0.5\n0.5")
    assert tags.texts == ("a[31mcat", "", "x" * (MAX_LENGTH - 1) + "…")


@pytest.mark.parametrize(
    ("texts", "thresholds"),
    [
        ("cat\ndog", "0.5"),
        ("cat", "0.5\n0.5"),
        ("cat", "nan"),
        ("cat", "1.5"),
        ("cat", "-0.1"),
        ("cat", "high"),
        ("cat", ""),
        (b"\xff\xfe\x00", "0.5"),
        ("cat", b"\xff"),
        ("x" * (MAX_BYTES + 1), "0.5"),
    ],
)
def test_files_that_do_not_hold_tags_and_thresholds_are_refused(tmp_path: Path, texts, thresholds) -> None:
    with pytest.raises(BadFileError, match=r"texts|thresholds"):
        _read(tmp_path, texts, thresholds)
