"""Downloads that are cut, altered, refused, called off, or made twice at once."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import subprocess
import sys
import threading
import traceback
from collections import namedtuple
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.backends.weights import transfer
from napari_zeroseg.backends.weights.download import download
from napari_zeroseg.backends.weights.hub import address, token_for
from napari_zeroseg.backends.weights.manifest import NAME, Manifest
from napari_zeroseg.backends.weights.partial import Partial
from napari_zeroseg.backends.weights.problems import (
    AlteredFileError,
    DownloadError,
    NoSpaceError,
    OfflineError,
    PermissionNeededError,
)
from napari_zeroseg.backends.weights.store import folder_of, located, only_one, status
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.errors import BadFileError, MissingBackendError
from tests.backends.weights.file_server import Served

CONTENT = bytes(range(256)) * 20
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "/owner/name/resolve/main/model.pth"
WEIGHTS = Weights("owner/name", (WeightFile("model.pth", len(CONTENT), SHA256),))
UNPINNED = Weights("owner/name", (WeightFile("model.pth", len(CONTENT)),))


def content_of(weights=WEIGHTS):
    return (folder_of(weights) / weights.files[0].name).read_bytes()


def leftovers(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and ".part" in p.name)


def test_files_arrive_with_a_record_of_where_they_came_from(hub):
    hub.files[PATH] = Served(CONTENT, headers={"X-Repo-Commit": "c0ffee"})
    hub.files["/owner/name/resolve/main/a/config.json"] = Served(b"{}")
    weights = replace(WEIGHTS, files=(*WEIGHTS.files, WeightFile("a/config.json")))
    heard = []
    with pytest.raises(MissingBackendError, match="models download some:model"):
        located("some:model", weights)
    folder = download("some:model", weights, heard.append)
    assert located("some:model", weights) == folder
    assert (folder / "a" / "config.json").read_bytes() == b"{}"
    record = Manifest.of(folder).files["model.pth"]
    assert (record.source, record.commit, record.sha256) == (hub.url + PATH, "c0ffee", SHA256)
    assert record.size == len(CONTENT)
    assert [p.done for p in heard] == sorted(p.done for p in heard)
    assert (heard[-1].done, heard[-1].total, heard[-1].file) == (
        len(CONTENT) + 2,
        len(CONTENT) + 2,
        "a/config.json",
    )
    assert leftovers(folder) == []


def test_what_is_there_is_not_asked_for_again(hub):
    hub.files[PATH] = Served(CONTENT)
    download("some:model", WEIGHTS)
    download("some:model", WEIGHTS)
    assert len(hub.asked) == 1


def test_another_revision_is_another_file(hub):
    hub.files[PATH] = Served(CONTENT)
    hub.files["/owner/name/resolve/v2/model.pth"] = Served(b"new")
    download("some:model", WEIGHTS)
    newer = replace(UNPINNED, revision="v2")
    assert not status("some:model", newer).present
    download("some:model", newer)
    assert content_of() == b"new"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, len(CONTENT) - 1), min_size=1, max_size=3),
    ranges=st.booleans(),
    etag=st.sampled_from([None, "", 'W/"weak"']),
    pinned=st.booleans(),
    changes=st.booleans(),
)
def test_a_download_that_is_cut_anywhere_comes_to_its_end(hub, cuts, ranges, etag, pinned, changes):
    shutil.rmtree(folder_of(WEIGHTS), ignore_errors=True)
    new = CONTENT[::-1] if changes else CONTENT
    hub.files[PATH] = Served(CONTENT, ranges=ranges, etag=etag, cuts=cuts, then=new)
    digest = hashlib.sha256(new).hexdigest() if pinned else ""
    weights = Weights("owner/name", (WeightFile("model.pth", len(CONTENT), digest),))
    download("some:model", weights)
    assert content_of() == new
    assert leftovers(folder_of(WEIGHTS)) == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(CONTENT)), ranges=st.booleans(), changes=st.booleans())
def test_a_program_that_died_anywhere_goes_on_the_next_time(hub, cut, ranges, changes):
    shutil.rmtree(folder_of(WEIGHTS), ignore_errors=True)
    partial = part_of(hub)
    with partial.begin(Served(CONTENT).tag) as file:
        file.write(CONTENT[:cut])
    new, before = CONTENT[::-1] if changes else CONTENT, hub.sent
    hub.files[PATH] = Served(new, ranges=ranges)
    download("some:model", UNPINNED)
    assert content_of() == new
    asked_for = len(CONTENT) - max(cut - 1, 0) if ranges and not changes else len(CONTENT)
    assert hub.sent - before == asked_for


def part_of(hub):
    return Partial(folder_of(WEIGHTS) / "model.pth", hub.url + PATH)


def test_pieces_of_two_versions_under_one_tag_are_found_out(hub):
    with part_of(hub).begin('"same"') as file:
        file.write(b"x" * 100)
    hub.files[PATH] = Served(CONTENT, etag='"same"')
    download("some:model", WEIGHTS)
    assert content_of() == CONTENT
    assert [h.get("range") for _, h in hub.asked] == ["bytes=99-", None]


def test_a_part_from_another_address_is_not_gone_on_from(hub):
    with Partial(folder_of(WEIGHTS) / "model.pth", "http://other/").begin(Served(CONTENT).tag) as file:
        file.write(CONTENT[:100])
    hub.files[PATH] = Served(CONTENT)
    download("some:model", WEIGHTS)
    assert [h.get("range") for _, h in hub.asked] == [None]


@pytest.mark.parametrize("digits", [SHA256, SHA256[:8]], ids=["whole", "leading"])
@pytest.mark.parametrize("how", ["altered", "truncated"])
def test_a_file_that_is_not_the_published_one_is_refused(hub, digits, how):
    wrong = b"!" + CONTENT[1:] if how == "altered" else CONTENT[:-1]
    hub.files[PATH] = Served(wrong)
    weights = Weights("owner/name", (WeightFile("model.pth", len(CONTENT), digits),))
    with pytest.raises(AlteredFileError, match=f"published one with {digits[:8]}"):
        download("some:model", weights)
    assert not status("some:model", weights).present
    assert not list(folder_of(weights).iterdir())


def test_the_digest_that_the_hub_tells_is_compared_too(hub, serve):
    store = serve()
    store.files["/bytes"] = Served(CONTENT[:-1])
    told = {"X-Linked-Etag": f'"{SHA256}"', "X-Repo-Commit": "abc"}
    hub.files[PATH] = Served(b"", elsewhere=f"{store.url}/bytes", headers=told)
    with pytest.raises(AlteredFileError):
        download("some:model", UNPINNED)
    store.files["/bytes"] = Served(CONTENT)
    download("some:model", UNPINNED)
    assert Manifest.of(folder_of(UNPINNED)).files["model.pth"].commit == "abc"


def test_without_length_and_checksum_nothing_is_taken(hub):
    hub.files[PATH] = Served(CONTENT, length=False)
    with pytest.raises(DownloadError, match="neither how long"):
        download("some:model", UNPINNED)
    download("some:model", WEIGHTS)
    assert content_of() == CONTENT


def test_a_server_that_breaks_off_each_time_is_given_up_and_the_part_is_kept(hub):
    hub.files[PATH] = Served(CONTENT, cuts=[100, *[0] * 20])
    with pytest.raises(DownloadError, match=r"could not be fetched.*kept"):
        download("some:model", WEIGHTS)
    assert status("some:model", WEIGHTS).size <= len(CONTENT) - 90
    hub.files[PATH].cuts = []
    download("some:model", WEIGHTS)
    assert re.fullmatch(r"bytes=9\d-", hub.asked[-1][1]["range"])


def test_a_server_that_cuts_and_alters_every_time_is_given_up(hub):
    hub.files[PATH] = Served(b"!" * len(CONTENT), always_cut=100)
    with pytest.raises(DownloadError, match="do not make up the file"):
        download("some:model", WEIGHTS)
    assert len(hub.asked) < 15
    assert not status("some:model", WEIGHTS).present


def test_a_busy_server_is_asked_again(hub):
    hub.files[PATH] = Served(CONTENT, status=503)
    with pytest.raises(DownloadError, match="answered 503"):
        download("some:model", WEIGHTS)
    assert len(hub.asked) == 1 + len(transfer.PAUSES)


def test_a_machine_that_is_not_reached_is_told(online, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:1.*HF_ENDPOINT"):
        download("some:model", WEIGHTS)


@pytest.mark.parametrize("status_code", [401, 403])
def test_gated_files_say_what_to_do(hub, status_code):
    hub.files[PATH] = Served(b"", status=status_code, headers={"X-Error-Code": "GatedRepo"})
    weights = replace(WEIGHTS, terms="https://huggingface.co/owner/name")
    with pytest.raises(PermissionNeededError) as caught:
        download("some:model", weights)
    for needed in ("terms on https://huggingface.co/owner/name", "HF_TOKEN", "models path some:model FOLDER"):
        assert needed in str(caught.value)


def test_a_file_that_is_gone_is_told_with_its_address(hub):
    with pytest.raises(DownloadError, match=f"not at {hub.url}{PATH}"):
        download("some:model", WEIGHTS)


def test_a_sign_in_page_is_no_checkpoint(hub):
    hub.files[PATH] = Served(b"<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(DownloadError, match="sign-in page"):
        download("some:model", UNPINNED)


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "NAPARI_ZEROSEG_OFFLINE"])
def test_offline_means_that_nothing_is_asked(hub, monkeypatch, variable):
    hub.files[PATH] = Served(CONTENT)
    monkeypatch.setenv(variable, "1")
    with pytest.raises(OfflineError, match=variable):
        download("some:model", WEIGHTS)
    assert hub.asked == []


def test_a_full_disk_is_told_before_anything_is_fetched(hub, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 5000))
    hub.files[PATH] = Served(CONTENT)
    with pytest.raises(NoSpaceError, match=r"0\.01 GB are needed.*0\.00 GB are free"):
        download("some:model", Weights("owner/name", (WeightFile("model.pth", 10_000_000),)))
    assert hub.asked == []


def test_a_disk_that_fills_up_keeps_the_part(hub, monkeypatch):
    def full(partial):
        raise OSError(28, "No space left on device", str(partial.path))

    hub.files[PATH] = Served(CONTENT)
    with monkeypatch.context() as patch:
        patch.setattr(Partial, "finish", full)
        with pytest.raises(NoSpaceError, match="No space left"):
            download("some:model", WEIGHTS)
    assert leftovers(folder_of(WEIGHTS)) == ["model.pth.part", "model.pth.part.json"]
    download("some:model", WEIGHTS)
    assert content_of() == CONTENT


def test_cancel_bites_at_once_and_keeps_the_part(hub):
    never, cancellation, ended = threading.Event(), Cancellation(), []
    hub.files[PATH] = Served(CONTENT, pause=never)

    def work():
        with cancelled_by(cancellation):
            try:
                download("some:model", WEIGHTS)
            except CancelledError as error:
                ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert hub.half_sent.wait(10)
    cancellation.cancel()
    thread.join(5)
    never.set()
    assert not thread.is_alive()
    assert ended
    hub.files[PATH].pause = None
    download("some:model", WEIGHTS)
    assert content_of() == CONTENT


def test_cancel_ends_the_wait_for_another_process(hub):
    cancellation = Cancellation()
    with only_one(folder_of(WEIGHTS)):
        thread = threading.Timer(0.1, cancellation.cancel)
        thread.start()
        with cancelled_by(cancellation), pytest.raises(CancelledError):
            download("some:model", WEIGHTS)
        thread.join()
    assert hub.asked == []


DOWNLOADER = """
import sys
from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.backends.weights.download import download
print(download("some:model", Weights("owner/name", (WeightFile("model.pth", 1, sys.argv[1]),))))
"""


def test_two_processes_fetch_a_file_once(hub):
    together = threading.Event()
    hub.files[PATH] = Served(CONTENT, pause=together)
    command = [sys.executable, "-c", DOWNLOADER, SHA256]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert hub.half_sent.wait(20)
    with pytest.raises(subprocess.TimeoutExpired):
        running[0].wait(0.5)  # both run now: one fetches, one waits
    together.set()
    assert [process.communicate(timeout=20)[0].strip() for process in running] == [
        str(folder_of(WEIGHTS))
    ] * 2
    assert content_of() == CONTENT
    assert len(hub.asked) == 1


def test_a_process_that_is_killed_leaves_a_part_and_no_lock(hub):
    never = threading.Event()
    hub.files[PATH] = Served(CONTENT * 1000, pause=never)
    process = subprocess.Popen([sys.executable, "-c", DOWNLOADER, ""])
    assert hub.half_sent.wait(20)
    process.kill()
    process.wait(10)
    never.set()
    hub.files[PATH].pause = None
    download("some:model", UNPINNED)
    assert content_of() == CONTENT * 1000


@pytest.mark.parametrize(
    "name", ["../up.pth", "/etc/passwd", "a/../../up", "..", "", ".", "a\\..\\b", "C:x", "C:/x", "link/x"]
)
def test_a_name_never_leads_out_of_the_folder(hub, name, tmp_path):
    weights = Weights("owner/name", (WeightFile(name),))
    folder_of(weights).mkdir(parents=True)
    (folder_of(weights) / "link").symlink_to(tmp_path)
    for act in (download, status, located):
        with pytest.raises(BadFileError, match="leads out"):
            act("some:model", weights)
    assert hub.asked == []


@pytest.mark.parametrize("repository", ["..", "../x", "a/../b", "a/b/c", "/a", ""])
def test_a_repository_never_leads_out_of_the_folder(online, repository):
    with pytest.raises(BadFileError, match="no name of a repository"):
        folder_of(Weights(repository, ()))


TOKEN = "hf_secretsecretsecret"


def test_the_token_goes_to_the_hub_and_to_nobody_else(hub, serve, monkeypatch, caplog, tmp_path):
    store, texts = serve(), []
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.files[PATH] = Served(b"", elsewhere=f"{hub.url}/same")
    hub.files["/same"] = Served(b"", elsewhere=f"{store.url}/bytes")
    store.files["/bytes"] = Served(CONTENT, cuts=[10])
    with caplog.at_level(logging.DEBUG):
        download("some:model", WEIGHTS)
        hub.files["/same"] = Served(b"", status=401)
        try:
            download("some:model", replace(UNPINNED, repository="owner/name", revision="x"))
        except DownloadError as problem:
            texts += ["".join(traceback.format_exception(problem)), repr(problem.__dict__)]
    assert [h.get("authorization") for _, h in hub.asked[:2]] == [f"Bearer {TOKEN}"] * 2
    assert [h.get("authorization") for _, h in store.asked] == [None, None]
    texts += [caplog.text, *(p.read_text("latin-1") for p in tmp_path.rglob("*") if p.is_file())]
    assert len(texts) > 3
    assert not [text for text in texts if TOKEN in text]


def test_a_file_of_another_server_is_asked_for_without_the_token(hub, serve, monkeypatch):
    other = serve()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    other.files["/sam.pth"] = Served(CONTENT)
    weights = Weights("owner/name", (WeightFile("sam.pth", 10, SHA256[:8], url=f"{other.url}/sam.pth"),))
    download("some:model", weights)
    assert "authorization" not in other.asked[0][1]
    assert hub.asked == []


def test_the_token_does_not_travel_in_the_open(online, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert token_for("https://huggingface.co/a") == TOKEN
    assert token_for("https://huggingface.co.evil.org/a") == ""
    assert token_for("https://huggingface.co:444/a") == ""
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.example")
    assert token_for("http://mirror.example/a") == ""


@pytest.mark.parametrize("token", ["hf_se cret", "hf_s\u00e9cret", "hf_secret\tX"])
def test_what_cannot_be_a_token_is_refused_and_not_repeated(hub, monkeypatch, token):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(DownloadError, match="Copy the token again") as caught:
        download("some:model", WEIGHTS)
    assert token not in "".join(traceback.format_exception(caught.value))
    assert hub.asked == []


def test_addresses_on_the_hub_are_turned_to_the_mirror(online, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    on_hub = WeightFile("a", url="https://huggingface.co/x/y/resolve/main/a")
    assert address(WEIGHTS, on_hub) == "https://mirror.example/x/y/resolve/main/a"
    assert address(WEIGHTS, WeightFile("a", url="https://e.org/a")) == "https://e.org/a"
    odd = Weights("o/n", (), revision="refs/pr/1")
    assert (
        address(odd, WeightFile("a b/c.json"))
        == "https://mirror.example/o/n/resolve/refs%2Fpr%2F1/a%20b/c.json"
    )


def test_a_proxy_is_asked_where_one_is_set(online, serve, monkeypatch):
    proxy = serve()
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.example")
    monkeypatch.setenv("http_proxy", proxy.url)
    proxy.files[f"http://mirror.example{PATH}"] = Served(CONTENT)
    download("some:model", WEIGHTS)
    assert content_of() == CONTENT


@pytest.mark.parametrize("endpoint", ["ftp://x", "huggingface.co", "https://me:secret@x"])
def test_an_endpoint_that_is_no_address_is_refused_and_not_repeated(online, monkeypatch, endpoint):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(DownloadError, match="HF_ENDPOINT") as caught:
        download("some:model", WEIGHTS)
    assert "secret" not in str(caught.value)


def test_a_broken_manifest_does_not_stop_a_download(hub):
    hub.files[PATH] = Served(CONTENT)
    folder_of(WEIGHTS).mkdir(parents=True)
    (folder_of(WEIGHTS) / NAME).write_text('{"version": 1, "files": {"model.pth": "__import__"}}')
    download("some:model", WEIGHTS)
    assert json.loads((folder_of(WEIGHTS) / NAME).read_text())["files"]["model.pth"]["sha256"] == SHA256


def test_a_folder_that_cannot_be_written_is_told(hub, online):
    online.write_text("a file where the folder of models should be")
    with pytest.raises(DownloadError, match="NAPARI_ZEROSEG_MODELS"):
        download("some:model", WEIGHTS)
