"""A batch from patterns to tables: what is done, what is not done again, what a person sees."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from html.parser import HTMLParser
from pathlib import Path

import pytest
import tifffile

from napari_zeroseg.batch import report as report_module
from napari_zeroseg.batch.ledger import DONE, FAILED, Entry, Ledger, Outcome
from napari_zeroseg.batch.pace import Pace
from napari_zeroseg.batch.places import Places, images_of
from napari_zeroseg.batch.report import write_report
from napari_zeroseg.batch.run import run_batch
from napari_zeroseg.batch.tables import write_tables
from napari_zeroseg.core.errors import BadFileError, ExportError, ZeroSegError
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.saved.reading import read_saved
from tests.batch.test_one import corrected


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def run(images, recipe, out, farm):
    def run(**options):
        farm.done.clear()
        return run_batch(str(images / "**" / "*.tif"), options.pop("recipe", recipe), out, **options)

    return run


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_all_images_are_done_and_the_bad_one_is_told(run, out, farm):
    paces: list[Pace] = []
    summary = run(progress=paces.append)
    assert (summary.done, summary.failed, summary.skipped) == (3, 1, 0)
    assert sorted(farm.done) == ["a.tif", "a.tif", "b.tif", "bad.tif", "bad.tif"]  # what fails is tried again
    assert (paces[0].done, paces[-1].done, paces[-1].total, paces[-1].failed) == (0, 4, 4, 1)
    assert paces[-1].left == 0
    assert sorted(p.name for p in (out / "results").iterdir()) == ["a", "a-2", "b"]
    told = {Path(row["image"]).name: row for row in rows(out / "images.csv")}
    assert told["bad.tif"]["status"] == "failed"
    assert "could not be read" in told["bad.tif"]["problem"]
    assert told["bad.tif"]["attempts"] == "2"
    assert told["b.tif"]["counts"] == "bright: 2; grey: 1"


def test_the_table_holds_every_object_in_its_unit(run, out):
    run()
    table = rows(out / "objects.csv")
    assert len(table) == 9
    assert {row["unit"] for row in table} == {"micrometer"}
    bright = next(row for row in table if row["class"] == "bright")
    assert float(bright["area"]) == pytest.approx(100 * 0.25)
    assert float(bright["mean_0"]) in (255, 250)


def test_nothing_is_done_twice(run, farm, images):
    run()
    (images / "bad.tif").unlink()
    assert run().skipped == 3
    assert farm.done == []
    tifffile.imwrite(images / "new.tif", tifffile.imread(images / "a.tif")[::-1])
    summary = run()
    assert farm.done == ["new.tif"]
    assert (summary.done, summary.skipped) == (4, 3)


def test_a_file_that_is_only_newer_is_looked_at_and_left(run, farm, fake, images):
    run()
    (images / "bad.tif").unlink()
    os.utime(images / "a.tif", (1, 1))
    calls = dict(fake.calls)
    run()
    assert farm.done == ["a.tif"]
    assert fake.calls == calls
    run()
    assert farm.done == []


def test_other_pixels_another_recipe_and_force_are_reasons(run, farm, images):
    run()
    (images / "bad.tif").unlink()
    tifffile.imwrite(images / "a.tif", tifffile.imread(images / "a.tif")[::-1])
    run()
    assert farm.done == ["a.tif"]
    from napari_zeroseg.core.recipe import Recipe

    run(recipe=Recipe().with_vocabulary(Vocabulary.parse("bright")))
    assert len(farm.done) == 3
    run(recipe=Recipe().with_vocabulary(Vocabulary.parse("bright")), force=True)
    assert len(farm.done) == 3


def test_what_failed_is_tried_again_the_next_time(run, farm, images):
    run()
    tifffile.imwrite(images / "bad.tif", tifffile.imread(images / "a.tif"))
    summary = run()
    assert farm.done == ["bad.tif"]
    assert summary.failed == 0


def test_what_a_person_corrects_feeds_back_and_is_never_overwritten(run, farm, images, out):
    run()
    work = Places(out).work_file(images / "b.tif")
    corrected(work, read_saved(work))
    before = work.read_bytes()
    summary = run()
    assert "b.tif" in farm.done
    assert summary.corrected == 1
    table = [row for row in rows(out / "objects.csv") if row["image"].endswith("b.tif")]
    assert sorted((row["class"], row["state"]) for row in table) == [
        ("bright", "proposed"), ("grey", "edited"), ("grey", "proposed"),
    ]  # fmt: skip
    from napari_zeroseg.core.recipe import Recipe

    other = Recipe().with_vocabulary(Vocabulary.parse("bright"))
    for options in ({"force": True}, {"recipe": other}, {"recipe": other, "force": True}):
        assert run(**options).corrected == 1
        assert work.read_bytes() == before


def test_an_interrupted_batch_goes_on_where_it_stopped(run, farm, images):
    (images / "bad.tif").unlink()

    def stop(pace: Pace) -> None:
        if pace.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=stop)
    assert run().skipped == 2
    assert len(farm.done) == 1


def test_results_are_no_images(images, out):
    (images / "out").mkdir()
    (images / "out" / "a_semantic.tif").touch()
    found = images_of([str(images / "**" / "*.tif")], images / "out")
    assert len(found) == 4
    assert images_of([str(images / "a.tif"), str(images / "*.tif")], out)[0] == images / "a.tif"
    with pytest.raises(BadFileError, match="no image 'nowhere"):
        images_of(["nowhere/*.tif"], out)


def test_two_batches_do_not_write_into_one_folder(run, out):
    from filelock import FileLock

    out.mkdir()
    with FileLock(out / ".batch.lock"), pytest.raises(ExportError, match="Another run"):
        run()


def test_a_ledger_that_is_none_is_left_as_it_is(run, out):
    out.mkdir()
    (out / "batch.sqlite").write_bytes(b"mine" * 1000)
    with pytest.raises(BadFileError, match="damaged"):
        run()
    assert (out / "batch.sqlite").read_bytes() == b"mine" * 1000
    (out / "batch.sqlite").unlink()
    connection = sqlite3.connect(out / "batch.sqlite")
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(BadFileError, match="no ledger"):
        run()


def test_without_classes_nothing_begins(run, out):
    from napari_zeroseg.core.recipe import Recipe

    with pytest.raises(ZeroSegError, match="no class"):
        run(recipe=Recipe())
    assert not out.exists()


class Page(HTMLParser):
    """Tags, addresses and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_the_report_shows_every_image_and_the_way_into_napari(run, out):
    page = Page(run().report)
    assert "4 images, 9 objects, 0 corrected by hand, 1 failed" in page.text
    assert page.text.count("napari-zeroseg open") == 4
    assert page.text.index("bad.tif") < page.text.index("a.tif")
    assert all((out / address).is_file() for address in page.addresses)
    assert page.tags.count("img") == 3


EVIL = """<script>alert(1)<b>"'&=cmd.tif"""


def entry(name: str, status: str = DONE) -> Entry:
    return Entry(
        Path("/images") / name, "stem", status, f"{name} failed", "", "", 0, 0, 1, 0.1, {"<b>": 2}, ("a",)
    )


def test_names_of_files_are_text(tmp_path):
    page = Page(write_report([entry(EVIL), entry(EVIL, FAILED)], Places(tmp_path)))
    assert not {"script", "b"} & set(page.tags)
    assert page.text.count("<script>") == 5
    assert "'/images/<script>" in page.text  # quoted for a shell


def test_thousands_of_images_take_several_pages(tmp_path, monkeypatch):
    monkeypatch.setattr(report_module, "ON_A_PAGE", 2)
    write_report([entry(f"{n}.tif") for n in range(5)], Places(tmp_path))
    assert sorted(p.name for p in tmp_path.glob("*.html")) == [
        "report-2.html",
        "report-3.html",
        "report.html",
    ]
    write_report([entry("0.tif")], Places(tmp_path))
    assert [p.name for p in tmp_path.glob("*.html")] == ["report.html"]


def test_names_of_files_are_no_formulas(tmp_path):
    ledger = Ledger(tmp_path / "batch.sqlite")
    ledger.put(Outcome(Path("=cmd|' /C calc'!A0"), "a", DONE, rows=({"class": "@x", "mean_-1": -1.5},)), "r")
    objects, images = write_tables(ledger, tmp_path)[:2]
    (row,) = rows(objects)
    assert (row["image"][:2], row["class"], row["mean_-1"]) == ("'=", "'@x", "-1.5")
    assert rows(images)[0]["image"].startswith("'=")
    ledger.close()


def test_a_record_of_the_batch_is_one(run, out, images):
    from napari_zeroseg.core.recipe import Recipe

    run()
    record = out / "results" / "b" / "b.json"
    assert Recipe.read(record).wanted == ("bright", "grey")
    assert json.loads(record.read_text())["script"] == []
