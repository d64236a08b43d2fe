"""Where files of models are found, how they are checked, and how they go."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.backends.weights import hub as hub_module
from napari_zeroseg.backends.weights.download import download
from napari_zeroseg.backends.weights.manifest import NAME
from napari_zeroseg.backends.weights.own_copies import forget_own, own_folder, settings_file, use_own
from napari_zeroseg.backends.weights.problems import DownloadError
from napari_zeroseg.backends.weights.store import Place, folder_of, located, remove, status
from napari_zeroseg.backends.weights.verify import Verdict, verify
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.errors import BadFileError, MissingBackendError
from tests.backends.weights.file_server import Served

CONTENT = bytes(range(256)) * 20
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILES = (WeightFile("config.json", 2), WeightFile("sub/model.pth", len(CONTENT), SHA256[:8]))
WEIGHTS = Weights("owner/name", FILES)


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "mine"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "sub" / "model.pth").write_bytes(CONTENT)
    return folder


@pytest.fixture
def downloaded(hub):
    hub.files["/owner/name/resolve/main/config.json"] = Served(b"{}")
    hub.files["/owner/name/resolve/main/sub/model.pth"] = Served(CONTENT)
    return download("some:model", WEIGHTS)


def verdicts(weights=WEIGHTS):
    return [finding.verdict for finding in verify("some:model", weights)]


def test_a_download_is_found_and_right(downloaded):
    found = status("some:model", WEIGHTS)
    assert (found.place, found.folder, found.present, found.size) == (Place.STORE, downloaded, True, 0)
    assert verdicts() == [Verdict.RIGHT, Verdict.RIGHT]


def test_nothing_there_is_told_with_its_size(online):
    found = status("some:model", WEIGHTS)
    assert (found.missing, found.size) == (FILES, len(CONTENT) + 2)
    assert verdicts() == [Verdict.MISSING, Verdict.MISSING]


@pytest.mark.parametrize("at", [0, 1000, len(CONTENT) - 1])
def test_an_altered_byte_is_found(downloaded, at):
    path = downloaded / "sub" / "model.pth"
    path.write_bytes(CONTENT[:at] + bytes([CONTENT[at] ^ 1]) + CONTENT[at + 1 :])
    _, finding = verify("some:model", WEIGHTS)
    assert finding.verdict is Verdict.ALTERED
    assert f"expected {SHA256[:8]}" in finding.detail


def test_a_file_without_a_published_digest_is_compared_with_what_came(downloaded):
    (downloaded / "config.json").write_text("[]")
    assert verdicts() == [Verdict.ALTERED, Verdict.RIGHT]


def test_a_truncated_file_is_not_there_any_more(downloaded):
    os.truncate(downloaded / "sub" / "model.pth", 100)
    assert verdicts() == [Verdict.RIGHT, Verdict.ALTERED]
    assert status("some:model", WEIGHTS).missing == FILES[1:]
    with pytest.raises(MissingBackendError, match=r"cut off.*: sub/model\.pth.*models download some:model"):
        located("some:model", WEIGHTS)
    assert download("some:model", WEIGHTS) == downloaded
    assert verdicts() == [Verdict.RIGHT, Verdict.RIGHT]


def test_files_that_a_person_put_there_count(online):
    folder = folder_of(WEIGHTS)
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "sub" / "model.pth").write_bytes(CONTENT)
    assert located("some:model", WEIGHTS) == folder
    assert verdicts() == [Verdict.UNKNOWN, Verdict.RIGHT]


def test_verifying_tells_how_far_it_is_and_can_be_called_off(downloaded):
    heard, cancellation = [], Cancellation()
    verify("some:model", WEIGHTS, heard.append)
    assert sum(heard) == len(CONTENT) + 2
    cancellation.cancel()
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        verify("some:model", WEIGHTS)


def test_removing_leaves_nothing_but_what_is_not_ours(downloaded):
    (downloaded / "notes.txt").write_text("mine")
    (downloaded / "sub" / "model.pth.part").write_bytes(b"abc")
    assert remove("some:model", WEIGHTS) == len(CONTENT) + 5
    assert [p.name for p in downloaded.rglob("*")] == ["notes.txt"]
    (downloaded / "notes.txt").unlink()
    assert remove("some:model", WEIGHTS) == 0
    assert not downloaded.exists()


def test_files_of_another_backend_in_the_same_folder_stay(downloaded):
    remove("some:model", Weights("owner/name", FILES[1:]))
    assert sorted(p.name for p in downloaded.rglob("*")) == ["config.json", NAME]


@pytest.mark.parametrize("given", [".", "config.json"])
def test_an_own_copy_takes_the_place_of_a_download(online, own, given):
    assert use_own("some:model", WEIGHTS, own / given) == own
    assert located("some:model", WEIGHTS) == own
    assert status("some:model", WEIGHTS).place is Place.OWN
    assert verdicts() == [Verdict.UNKNOWN, Verdict.RIGHT]
    with pytest.raises(BadFileError, match="your own copy"):
        remove("some:model", WEIGHTS)
    forget_own("some:model")
    assert not status("some:model", WEIGHTS).present
    assert (own / "config.json").exists()


def test_a_folder_without_the_files_is_refused_by_name(online, own):
    (own / "config.json").unlink()
    with pytest.raises(BadFileError, match=r"not in '.*mine': config\.json"):
        use_own("some:model", WEIGHTS, own)
    assert own_folder("some:model") is None


def test_an_own_copy_that_went_away_is_told_and_not_downloaded_over(online, own):
    use_own("some:model", WEIGHTS, own)
    (own / "config.json").unlink()
    with pytest.raises(MissingBackendError, match=r"any more: config\.json.*--forget"):
        located("some:model", WEIGHTS)
    with pytest.raises(DownloadError, match="your folder"):
        download("some:model", WEIGHTS)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"paths": 3}', '{"paths": {"a": 1}}', '{"run": "__import__"}', '{"paths": {}} x']
)
def test_settings_that_are_none_are_refused_with_their_file(online, text):
    settings_file().parent.mkdir()
    settings_file().write_text(text)
    with pytest.raises(BadFileError, match=r"models\.json' could not be read.*Remove the file"):
        own_folder("some:model")


def test_the_caches_revision_is_heeded(online, tmp_path):
    pytest.importorskip("huggingface_hub")
    cache = tmp_path / "cache" / "models--owner--name"
    for name, content in (("config.json", b"{}"), ("sub/model.pth", CONTENT)):
        path = cache / "snapshots" / "c0ffee" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("c0ffee")
    code = (
        "from napari_zeroseg.backends.entry import WeightFile, Weights\n"
        "from napari_zeroseg.backends.weights.store import status\n"
        "files = (WeightFile('config.json'), WeightFile('sub/model.pth'))\n"
        "for revision in ('main', 'c0ffee', 'v2'):\n"
        "    found = status('a', Weights('owner/name', files, revision))\n"
        "    print(found.place, found.present, found.folder.name)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {"HF_HUB_CACHE": str(tmp_path / "cache")},
    )  # fmt: skip
    assert answer.stdout.splitlines() == [
        "hub cache True c0ffee", "hub cache True c0ffee", "downloaded False owner--name",
    ]  # fmt: skip


def test_files_with_addresses_of_their_own_are_not_looked_for_in_the_cache(online, monkeypatch):
    monkeypatch.setattr(hub_module, "_cached", lambda *_: pytest.fail("looked"))
    weights = Weights("owner/name", (WeightFile("a.pth", url="https://e.org/a.pth"),))
    assert status("some:model", weights).place is Place.STORE
