"""The tables of a batch: one row for each object, and one for each image."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

from napari_zeroseg.batch.measuring import COLUMNS
from napari_zeroseg.export.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from napari_zeroseg.batch.ledger import Ledger
    from napari_zeroseg.batch.measuring import Row

IMAGE_COLUMNS = ("image", "status", "objects", "counts", "attempts", "seconds", "results", "problem")
ROWS_AT_ONCE = 10_000
_WHOLE = ("id", "area_px", "y0_px", "x0_px", "y1_px", "x1_px")
_WORDS = ("image", "class", "state", "plane", "unit")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_tables(ledger: Ledger, out: Path) -> tuple[Path, ...]:
    """Write ``objects.csv``, ``images.csv`` and, where pyarrow is installed, ``objects.parquet``.

    Raises
    ------
    ExportError
        When a file cannot be written.
    """
    columns = _columns(ledger)
    objects, images, parquet = out / "objects.csv", out / "images.csv", out / "objects.parquet"
    _write_csv(objects, columns, _objects(ledger))
    _write_csv(images, IMAGE_COLUMNS, _images(ledger))
    if find_spec("pyarrow") is None:
        parquet.unlink(missing_ok=True)  # an older one would tell another story than the rest
        return objects, images
    _write_parquet(parquet, columns, _objects(ledger))
    return objects, images, parquet


def _columns(ledger: Ledger) -> tuple[str, ...]:
    """Return the columns that all objects have, and those of the channels of any image."""
    seen: dict[str, None] = {}
    for _, row in ledger.measurements():
        seen |= dict.fromkeys(row)
    return (*COLUMNS, *(name for name in seen if name not in COLUMNS))


def _objects(ledger: Ledger) -> Iterator[Row]:
    return ({"image": str(path), **row} for path, row in ledger.measurements())


def _images(ledger: Ledger) -> Iterator[Row]:
    for entry in ledger.entries():
        yield {
            "image": str(entry.path),
            "status": entry.status,
            "objects": sum(entry.counts.values()),
            "counts": "; ".join(f"{name}: {count}" for name, count in entry.counts.items()),
            "attempts": entry.attempts,
            "seconds": round(entry.seconds, 2),
            "results": f"results/{entry.stem}" if entry.files else "",
            "problem": entry.problem,
        }


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    # with a mark at its start, spreadsheets know that it is UTF-8
    with replacing(path) as part, part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writerow({name: _inert(name) for name in columns})
        writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)


def _inert(value: Any) -> Any:
    """Return a text that no spreadsheet takes for a formula: names of files come from anywhere."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_parquet(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {name: pa.string() for name in _WORDS} | {name: pa.int64() for name in _WHOLE}
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in columns])
    left = iter(rows)
    with replacing(path) as part, parquet.ParquetWriter(part, schema) as writer:
        while some := list(islice(left, ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))
