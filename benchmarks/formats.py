"""Files of every kind, headless and in the window: axes, grids, and the same picture in both."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tifffile

from benchmarks._data import ROOT
from napari_zeroseg import cli
from napari_zeroseg.core.axes import AmbiguousAxesError
from napari_zeroseg.export.images import open_image

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ROOT / "formats"
CLASSES = "cell: bright"
ANSWERS = {3: "TYX", 4: "ZCYX"}
"""What is answered where a file tells no axes, by their number."""
PLANES = {"TYX": "T=24", "ZCYX": "Z=30"}


def files() -> Iterator[Path]:
    """Yield the files."""
    for entry in json.loads((FOLDER / "formats.json").read_text(encoding="utf-8")):
        yield FOLDER / entry["file"]


def told(path: Path) -> tuple[str, bool]:
    """Return the axes of a file, and whether they had to be asked for."""
    try:
        return open_image(path).axes, False
    except AmbiguousAxesError as question:
        return ANSWERS[len(question.shape)], True


def run() -> dict[str, Any]:
    """Return a row per file; raise where a mask lies on another grid than the image."""
    shown = _in_window()
    rows = {}
    for path in files():
        rows[path.name] = {**_headless(path), **shown[path.name]}
    columns = list(next(iter(rows.values())))
    print(f"{'file':34}" + "".join(f"{name:>17}" for name in columns))
    for name, row in rows.items():
        print(f"{name:34}" + "".join(f"{row[column]!s:>17}" for column in columns))
    return {"files": rows, "classes": CLASSES}


def _headless(path: Path) -> dict[str, Any]:
    axes, asked = told(path)
    said = ["--axes", axes] if asked else []
    where = ["--plane", PLANES[axes]] if axes in PLANES else []
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        job = ["segment", str(path), "--classes", CLASSES, "--out", folder, "--quiet", *said, *where]
        code = cli.main(job)
        seconds = time.perf_counter() - start
        with tifffile.TiffFile(Path(folder) / f"{path.stem}_semantic.tif") as file:
            shape = file.series[0].shape
        record = json.loads((Path(folder) / f"{path.stem}.json").read_text(encoding="utf-8"))
    assert code == 0
    assert shape == open_image(path, axes).shape
    return {"axes": axes, "asked": asked, "found": len(record["instances"]), "seconds": round(seconds, 2)}


def _in_window() -> dict[str, dict[str, Any]]:
    command = ["scripts/without-screen", sys.executable, "-m", "benchmarks.formats_window"]
    answer = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    rows: dict[str, dict[str, Any]] = json.loads(answer.stdout.splitlines()[-1])
    return rows
