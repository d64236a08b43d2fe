"""The table of objects as Parquet says what its CSV says, in numbers."""

from __future__ import annotations

import csv

import pytest

from napari_zeroseg.batch.ledger import DONE, Ledger, Outcome
from napari_zeroseg.batch.run import run_batch
from napari_zeroseg.batch.tables import ROWS_AT_ONCE, write_tables

pyarrow = pytest.importorskip("pyarrow")


@pytest.fixture
def table(images, recipe, tmp_path, farm):
    from pyarrow import parquet

    summary = run_batch(str(images / "**" / "*.tif"), recipe, tmp_path / "out")
    objects, _, path = summary.tables
    assert path.name == "objects.parquet"
    with objects.open(encoding="utf-8-sig", newline="") as file:
        return parquet.read_table(path), list(csv.DictReader(file))


def test_it_has_the_rows_of_the_csv(table):
    columns, rows = table
    assert columns.num_rows == len(rows) == 9
    assert columns.column_names == list(rows[0])
    for told, row in zip(columns.to_pylist(), rows, strict=True):
        for name, text in row.items():
            value = told[name]
            if value is None:
                assert text == "", name
            elif isinstance(value, str):
                assert value == text
            else:
                assert value == pytest.approx(float(text), rel=1e-12), name


def test_words_numbers_and_counts_have_their_types(table):
    columns, _ = table
    kinds = {field.name: field.type for field in columns.schema}
    assert {str(kinds[name]) for name in ("image", "class", "state", "plane", "unit")} == {"string"}
    assert {str(kinds[name]) for name in ("id", "area_px", "y0_px", "x1_px")} == {"int64"}
    assert {str(kinds[name]) for name in ("score", "area", "mean_0", "orientation")} == {"double"}
    assert set(columns["unit"].to_pylist()) == {"micrometer"}
    bright = columns.filter(pyarrow.compute.equal(columns["class"], "bright"))
    assert bright["area_px"].to_pylist() == [100] * 6
    assert bright["area"].to_pylist() == pytest.approx([25.0] * 6)


def test_more_rows_than_are_written_at_once_and_missing_numbers(tmp_path):
    from pyarrow import parquet

    ledger = Ledger(tmp_path / "batch.sqlite")
    many = tuple({"class": "=細胞", "id": n, "mean_0": 0.5} for n in range(ROWS_AT_ONCE + 1))
    ledger.put(Outcome(tmp_path / "a.tif", "a", DONE, rows=many), "r")
    ledger.put(Outcome(tmp_path / "b.tif", "b", DONE, rows=({"class": "cell", "id": 1, "mean_1": 2.0},)), "r")
    columns = parquet.read_table(write_tables(ledger, tmp_path)[2])
    ledger.close()
    assert columns.num_rows == ROWS_AT_ONCE + 2
    assert columns["class"][0].as_py() == "=細胞"  # it is no spreadsheet, which would take it for a formula
    assert columns["mean_0"].null_count == 1
    assert columns["mean_1"].to_pylist()[-1] == 2.0
    assert columns["score"].null_count == ROWS_AT_ONCE + 2
