"""Downloads over https, from a server with a certificate of the test."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading

import pytest

from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.backends.weights.download import download
from napari_zeroseg.backends.weights.problems import DownloadError
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from tests.backends.weights.file_server import Served

x509 = pytest.importorskip("cryptography.x509")

CONTENT = bytes(range(256)) * 400
PATH = "/owner/name/resolve/main/model.pth"
WEIGHTS = Weights("owner/name", (WeightFile("model.pth", len(CONTENT)),))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody but the test trusts, with its key, in one file."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    written = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(written + made.public_bytes(pem))
    return path


@pytest.fixture
def secure(online, serve, certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = serve(context)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return server


def test_files_and_the_token_travel_over_https(secure, monkeypatch, online):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    secure.files[PATH] = Served(CONTENT, cuts=[1000])
    assert (download("some:model", WEIGHTS) / "model.pth").read_bytes() == CONTENT
    assert [h["authorization"] for _, h in secure.asked] == ["Bearer hf_secret"] * 2
    assert secure.asked[1][1]["range"] == "bytes=999-"


def test_a_server_that_nobody_vouches_for_gets_nothing(secure, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(DownloadError, match="certificate is not one"):
        download("some:model", WEIGHTS)
    assert secure.asked == []


def test_a_redirect_to_plain_http_is_not_followed(secure, serve):
    plain = serve()
    secure.files[PATH] = Served(b"", elsewhere=f"{plain.url}/bytes")
    with pytest.raises(DownloadError, match="others can read"):
        download("some:model", WEIGHTS)
    assert plain.asked == []


def test_cancel_bites_at_once(secure):
    never, cancellation, ended = threading.Event(), Cancellation(), []
    secure.files[PATH] = Served(CONTENT, pause=never)

    def work():
        with cancelled_by(cancellation):
            try:
                download("some:model", WEIGHTS)
            except CancelledError as error:
                ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert secure.half_sent.wait(10)
    cancellation.cancel()
    thread.join(5)
    never.set()
    assert not thread.is_alive()
    assert ended
