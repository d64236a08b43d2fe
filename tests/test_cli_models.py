"""Models on the command line, from a server in the place of the hub."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from napari_zeroseg import cli
from napari_zeroseg.backends import catalog, memory, models
from napari_zeroseg.backends.entry import Entry, Role, WeightFile, Weights
from napari_zeroseg.backends.weights import download
from napari_zeroseg.backends.weights.own_copies import settings_file
from tests.backends.weights.conftest import hub, online, serve  # noqa: F401 - fixtures
from tests.backends.weights.file_server import Served

CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WEIGHTS = Weights("o/n", (WeightFile("a.pth", 7000, SHA256),), terms="https://example.org/terms")
OTHER = Weights("o/other", (WeightFile("b.pth", 7000, SHA256),))


def entry(role, name, weights, memory_size=10):
    return Entry(role, name, "m:a", "Finds", "MIT", weights, memory=memory_size, packages=("numpy",))


ENTRIES = (
    Entry(Role.TAGGER, "embedded:regions", "m:a", "Built in", "BSD-3-Clause"),
    entry(Role.DETECTOR, "one:a", WEIGHTS),
    entry(Role.SEGMENTER, "one:a", WEIGHTS),
    entry(Role.SEGMENTER, "two:a", WEIGHTS),
    entry(Role.SEGMENTER, "huge:a", OTHER, 10**15),
)


@pytest.fixture(autouse=True)
def server(hub, monkeypatch):  # noqa: F811
    for module in (catalog, models):
        monkeypatch.setattr(module, "ENTRIES", ENTRIES)
    monkeypatch.setattr(
        catalog, "PROFILES", {"small": {Role.TAGGER: "embedded:regions", Role.DETECTOR: "one:a"}}
    )
    hub.files["/o/n/resolve/main/a.pth"] = Served(CONTENT)
    hub.files["/o/other/resolve/main/b.pth"] = Served(CONTENT)
    return hub


def run(*arguments) -> int:
    return cli.main(["models", *map(str, arguments)])


def test_the_table_tells_what_a_person_decides_by(capsys):
    assert run("list") == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == ["MODEL", "DOES", "DOWNLOAD", "MEMORY", "HERE", "LICENCE"]
    assert [row.split()[0] for row in rows[1:]] == ["embedded:regions", "one:a", "two:a", "huge:a"]
    assert "built in" in rows[1]
    assert "detector, segmenter" in rows[2]
    assert rows[2].split()[-2:] == ["no", "MIT"]


def test_a_profile_is_downloaded_checked_and_removed(capsys, server):
    assert run("download", "--profile", "small") == 0
    told = capsys.readouterr()
    assert "embedded:regions: nothing to download" in told.out
    assert "licence MIT; terms: https://example.org/terms" in told.out
    assert "100% of 0.00 GB, a.pth" in told.err
    assert run("verify") == 0
    assert "one:a: a.pth: as published" in capsys.readouterr().out
    assert run("list", "--profile", "small", "--json") == 0
    built_in, fetched = json.loads(capsys.readouterr().out)
    assert built_in["weights"] is None
    weights = fetched["weights"]
    assert (weights["present"], weights["place"], weights["size"]) == (True, "downloaded", 7000)
    assert (weights["repository"], weights["revision"]) == ("o/n", "main")
    url = f"{server.url}/o/n/resolve/main/a.pth"
    assert weights["files"] == [{"name": "a.pth", "size": 7000, "sha256": SHA256, "url": url}]
    assert run("remove", "one:a") == 0
    assert "0.00 GB set free" in capsys.readouterr().out
    assert run("verify") == 0
    assert "No model is on this machine" in capsys.readouterr().out


def test_an_altered_file_is_told_with_the_way_on(capsys):
    assert run("download", "one:a", "--quiet") == 0
    assert run("path", "one:a") == 0
    folder, *rest = capsys.readouterr().out.splitlines()
    assert rest == []
    Path(folder, "a.pth").write_bytes(b"W" + CONTENT[1:])
    assert run("verify", "one:a") == 1
    told = capsys.readouterr()
    assert f"expected {SHA256[:12]}" in told.out
    assert "models remove one:a" in told.err


def test_one_that_fails_does_not_stop_the_others(capsys, server):
    server.files["/o/n/resolve/main/a.pth"] = Served(b"altered")
    assert run("download", "one:a", "huge:a", "--anyway") == 1
    told = capsys.readouterr()
    assert "one:a: 'a.pth' is not the published file" in told.err
    assert "huge:a: complete in" in told.out


def test_what_no_memory_can_hold_is_refused_before_it_is_fetched(capsys, server):
    assert run("download", "huge:a") == 1
    told = capsys.readouterr().err
    assert "takes about 1000000.0 GB of memory, and this machine has" in told
    assert "--anyway" in told
    assert server.asked == []


def test_an_own_copy_serves_all_that_share_the_files(capsys, tmp_path, server):
    (tmp_path / "mine").mkdir()
    assert run("path", "one:a", tmp_path / "mine") == 2
    assert "not in" in capsys.readouterr().err
    (tmp_path / "mine" / "a.pth").write_bytes(CONTENT)
    assert run("path", "one:a", tmp_path / "mine" / "a.pth") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "mine")
    assert run("path", "two:a") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "mine")
    assert json.loads(settings_file().read_text())["paths"].keys() == {"one:a", "two:a"}
    assert run("remove", "one:a") == 1
    assert run("path", "one:a", "--forget") == 0
    assert "not complete" in capsys.readouterr().out
    assert server.asked == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["download"], "No model was named"),
        (["download", "none:b"], "Choose one of: embedded:regions, one:a"),
        (["verify", "--profile", "none"], "Choose one of: small"),
        (["path", "embedded:regions"], "no files to download"),
        (["path", "one:a", "x", "--forget"], "Give one of them"),
    ],
)
def test_wrong_use_is_told_with_the_way_on(capsys, arguments, told):
    assert run(*arguments) == 2
    assert told in capsys.readouterr().err


def test_an_interrupted_download_says_that_it_goes_on(capsys, monkeypatch):
    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "download", interrupt)
    assert run("download", "one:a") == 130
    assert "goes on from there" in capsys.readouterr().err


def test_offline_is_told(capsys, monkeypatch, server):
    monkeypatch.setenv("NAPARI_ZEROSEG_OFFLINE", "1")
    assert run("download", "one:a") == 1
    assert "models path one:a FOLDER" in capsys.readouterr().err
    assert server.asked == []


def test_a_limit_that_is_none_is_told_before_anything_runs(capsys, monkeypatch):
    monkeypatch.setenv(memory.VARIABLE, "")
    assert cli.main(["suggest", "--tags", "a", "--classes", "a", "--memory", "much"]) == 2
    assert "no size of memory" in capsys.readouterr().err
