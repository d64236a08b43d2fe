"""The command ``serve``, encrypted connections, and other commands with models of a server."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os

import numpy as np
import pytest
import tifffile
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from napari_zeroseg import Recipe
from napari_zeroseg.backends import embedding_limits, registry
from napari_zeroseg.backends.remote.address import Address
from napari_zeroseg.backends.remote.client import RemoteServer
from napari_zeroseg.backends.remote.connection import Line
from napari_zeroseg.backends.remote.problems import RemoteError
from napari_zeroseg.cli import main
from napari_zeroseg.core.consent import PERSON, nobody_to_ask
from napari_zeroseg.server.limits import Limits
from napari_zeroseg.server.run import keep_nothing_on_the_disk
from tests.server.served import SOON, TOKEN, forget_servers, picture, served


@pytest.fixture
def started(monkeypatch):
    """What would be served, without serving it."""
    calls = []

    def serve(settings, offers, tell):
        tell("http://127.0.0.1:1")
        calls.append((settings, offers))

    monkeypatch.setattr("napari_zeroseg.server.run.serve", serve)
    monkeypatch.delenv("ZEROSEG_SERVER_TOKEN", raising=False)
    return calls


def refused(capsys, *arguments):
    assert main(["serve", *map(str, arguments)]) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    return told


def test_a_new_token_is_shown_once_and_is_another_each_time(started, capsys):
    for _ in range(2):
        assert main(["serve", "--offer", "embedded:regions"]) == 0
    tokens = [settings.token.get_secret_value() for settings, _ in started]
    told = capsys.readouterr().out
    assert tokens[0] != tokens[1]
    assert all(len(token) > 40 and told.count(token) == 1 for token in tokens)


def test_a_token_of_ones_own_is_not_shown(started, capsys, tmp_path, monkeypatch):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    main(["serve", "--token-file", str(file)])
    monkeypatch.setenv("ZEROSEG_SERVER_TOKEN", TOKEN + "2")
    main(["serve"])
    assert [s.token.get_secret_value() for s, _ in started] == [TOKEN, TOKEN + "2"]
    told = capsys.readouterr()
    assert TOKEN not in told.out + told.err
    assert not told.err
    if os.name == "posix":
        file.chmod(0o644)
        main(["serve", "--token-file", str(file)])
        assert "chmod 600" in capsys.readouterr().err


def test_tokens_that_are_none_are_refused(started, capsys, tmp_path):
    file = tmp_path / "token"
    assert "cannot be read" in refused(capsys, "--token-file", file)
    for text in ("", "short", "with spaces in between them", "ü" * 20, "x" * 5000):
        file.write_text(text, encoding="utf-8")
        assert "16 characters or more" in refused(capsys, "--token-file", file)
    assert not started


def test_what_is_installed_is_offered_and_nothing_that_asks_elsewhere(started):
    main(["serve"])
    names = {offer.model for _, offers in started for offer in offers}
    assert {"embedded:regions", "embedded:book", "embedded:texture", "embedded:scales"} <= names
    assert not any(name.endswith("*") or name.startswith(("remote", "openai")) for name in names)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sam:vit-h", "napari-zeroseg models download sam:vit-h"),
        ("nonsense", "There is no model"),
        ("openai:gpt-4.1", "not on this machine"),
        ("remote:https://other.lab#sam:vit-b", "not on this machine"),
    ],
)
def test_models_that_are_not_here_cannot_be_offered(started, capsys, name, told):
    assert told in refused(capsys, "--offer", name)


def test_others_are_not_let_in_without_encryption_unless_it_is_said(started, capsys):
    assert "--plain-http" in refused(capsys, "--host", "0.0.0.0")
    assert "go together" in refused(capsys, "--certificate", "x.pem")
    assert not started
    assert main(["serve", "--host", "0.0.0.0", "--plain-http"]) == 0


def test_limits_are_taken_over(started):
    main(["serve", "--max-megapixels", "2", "--cache", "500MB"])
    limits = started[0][0].limits
    assert (limits.max_pixels, limits.cache_bytes) == (2_000_000, 500_000_000)


def test_a_port_that_is_taken_and_a_bad_certificate_are_told(capsys, tmp_path):
    with served() as running:
        assert "Nobody can listen" in refused(capsys, "--port", running.port, "--offer", "embedded:book")
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    options = ("--port", 0, "--certificate", bad, "--key", bad, "--offer", "embedded:book")
    assert "cannot be used" in refused(capsys, *options)


def test_nothing_of_other_peoples_images_is_kept_on_the_disk(monkeypatch):
    monkeypatch.setenv(embedding_limits.VARIABLE, "")
    monkeypatch.delenv(embedding_limits.VARIABLE)
    assert embedding_limits.on_disk() > 0
    before = embedding_limits.in_memory()
    keep_nothing_on_the_disk()
    assert embedding_limits.on_disk() == 0
    assert embedding_limits.in_memory() == before
    monkeypatch.setenv(embedding_limits.VARIABLE, "disk=1GB")  # who serves has chosen so
    keep_nothing_on_the_disk()
    assert embedding_limits.on_disk() == 10**9


@pytest.fixture
def certificate(tmp_path):
    """A certificate for this machine that it signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "lab.pem", tmp_path / "lab.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def test_an_encrypted_server_is_asked_when_its_certificate_is_trusted(certificate, monkeypatch):
    with served(certificate=certificate) as running:
        address = Address.parse(f"https://127.0.0.1:{running.port}")
        line = Line(address, SOON)
        server = RemoteServer(address, line=line, token=lambda _: SecretStr(TOKEN))
        with pytest.raises(RemoteError, match=r"does not trust.*SSL_CERT_FILE"):
            server.about()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert {offer.model for offer in server.about().offers} >= {"embedded:regions"}
        line.close()


@pytest.fixture
def asking(monkeypatch):
    monkeypatch.setenv("ZEROSEG_SERVER_TOKEN", TOKEN)
    yield
    forget_servers()
    registry.create.cache_clear()
    PERSON.withdraw()
    PERSON.ask = nobody_to_ask


def test_a_command_sends_images_where_it_is_told_and_nowhere_else(asking, tmp_path, capsys):
    image = tmp_path / "cells.tif"
    tifffile.imwrite(image, (picture(2)[..., 0] * 255).astype(np.uint8))
    with served(Limits()) as running:
        backends = {
            role: f"remote:{running.name('embedded:regions')}"
            for role in ("tagger", "captioner", "detector", "segmenter")
        }
        recipe = json.dumps({"backends": backends, "classes": [{"name": "nucleus"}]})
        there, here = tmp_path / "there", tmp_path / "here"
        command = ["run", recipe, str(image), "--out", str(there)]
        assert main(command) == 1
        assert f"--yes-send-images {running.url}" in capsys.readouterr().err
        assert main([*command, "--yes-send-images", "https://other.lab"]) == 1
        assert main([*command, "--yes-send-images", running.url + "/"]) == 0
    plain = Recipe.model_validate({"classes": [{"name": "nucleus"}]}).model_dump_json()
    assert main(["run", plain, str(image), "--out", str(here)]) == 0
    for name in ("cells_nucleus.tif", "cells_semantic.tif"):
        assert (there / name).read_bytes() == (here / name).read_bytes()
    assert TOKEN not in (there / "cells.json").read_text()


def test_an_address_that_is_none_is_refused_as_an_option(capsys):
    with pytest.raises(SystemExit):
        main(["segment", "x.tif", "--out", "o", "--yes-send-images", "http://192.168.0.7"])
    assert "others can read" in capsys.readouterr().err
