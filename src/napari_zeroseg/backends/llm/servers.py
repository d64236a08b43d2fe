"""Servers that speak OpenAI's protocol: presets, and how a backend's variant names one."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from napari_zeroseg.backends.llm.problems import BadServerError

CUSTOM_KEY_VARIABLE = "ZEROSEG_API_KEY"

HOW_TO_NAME = (
    "Write openai:MODEL, openai:MODEL@ollama (or vllm, lmstudio, llamacpp), or "
    "openai:MODEL@https://host/v1; MODEL can be two names parted by a comma: a strong model for "
    "scenes and a cheap one for phrases."
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a model is asked.

    Parameters
    ----------
    name : str
        Of the preset, or the host.
    url : str
        The base URL, with its version: ``"https://api.openai.com/v1"``.
    key_variable : str
        The environment variable that may hold its key; empty when it wants none.
    """

    name: str
    url: str
    key_variable: str = ""

    @property
    def recipient(self) -> str:
        """Host and port, for a person."""
        return urlsplit(self.url).netloc

    @property
    def is_loopback(self) -> bool:
        """Whether it runs on this machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def may_get_a_key(self) -> bool:
        """Whether a key would travel unseen."""
        return self.is_loopback or urlsplit(self.url).scheme == "https"


PRESETS = {
    server.name: server
    for server in (
        Server("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        Server("ollama", "http://localhost:11434/v1"),
        Server("vllm", "http://localhost:8000/v1"),
        Server("lmstudio", "http://localhost:1234/v1"),
        Server("llamacpp", "http://localhost:8080/v1"),
    )
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A server, the model for scenes and looks, and the one for phrases."""

    server: Server
    scene_model: str
    phrase_model: str


def choice(variant: str) -> Choice:
    """Read ``MODEL[,CHEAP_MODEL][@SERVER]``.

    Raises
    ------
    BadServerError
        When it cannot be read; the text repeats nothing of an address that holds a password.
    """
    models, server = _split(variant)
    names = [name.strip() for name in models.split(",")]
    if len(names) > 2 or not all(names) or not models.isprintable():
        raise BadServerError("The name of the language model cannot be read.", remedy=HOW_TO_NAME)
    return Choice(server, names[0], names[-1])


def _split(variant: str) -> tuple[str, Server]:
    models, at, where = variant.rpartition("@")
    if at and where in PRESETS:
        return models, PRESETS[where]
    for scheme in ("@http://", "@https://"):
        models, at, rest = variant.partition(scheme)
        if at:
            return models, server_at(scheme[1:] + rest)
    return variant, PRESETS["openai"]


def server_at(url: str) -> Server:
    """Return the server of a base URL.

    Raises
    ------
    BadServerError
        When it is no plain http or https address; keys and passwords do not belong into it.
    """
    try:
        parts = urlsplit(url)
        usable = _is_plain(parts) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise BadServerError(
            "The address of the server is not of the form https://host/v1, "
            "without user name, password, question mark or #.",
            remedy=HOW_TO_NAME,
        )
    for preset in PRESETS.values():
        if preset.url == url.rstrip("/"):
            return preset
    return Server(parts.netloc, url.rstrip("/"), CUSTOM_KEY_VARIABLE)


def _is_plain(parts: SplitResult) -> bool:
    extras = (parts.username, parts.password, parts.query, parts.fragment)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(extras)
