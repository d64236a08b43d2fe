"""Where a model is asked: ``https://host:port#family:variant``, read strictly."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from napari_zeroseg.backends.remote.problems import BadAddressError

FAMILY = "remote"
TOKEN_VARIABLE = "ZEROSEG_SERVER_TOKEN"  # noqa: S105 - its name, not a token
PLAIN_VARIABLE = "NAPARI_ZEROSEG_PLAIN_HTTP"
"""Names the servers, ``host:port`` with commas between, that may be asked over plain http."""
MAX_LENGTH = 300

HOW_TO_NAME = "Write remote:https://host:port#MODEL, such as remote:https://gpu.lab:8765#sam:vit-b."

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_MODEL = re.compile(r"[A-Za-z0-9][\w./@,+-]*(?::[\w./@:,+-]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A server of models.

    Parameters
    ----------
    url : str
        ``https://host:port``, with a path where a proxy has it at one; without a slash at the end.
    """

    url: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address as a person types it.

        Raises
        ------
        BadAddressError
            When it is none, or is one of plain http on another machine that nobody has allowed; the
            text repeats nothing of an address, which may hold a password.
        """
        try:
            parts = urlsplit(text.strip())
            url = _canonical(parts)
        except ValueError:
            url = ""
        if not url or len(url) > MAX_LENGTH:
            raise BadAddressError(
                "The address of the server is not of the form https://host:port, without user name, "
                "password or question mark.",
                remedy=HOW_TO_NAME,
            )
        address = cls(url)
        address._refuse_listeners()
        return address

    @property
    def recipient(self) -> str:
        """Host and port, for a person."""
        return urlsplit(self.url).netloc

    @property
    def key_variable(self) -> str:
        """The environment variable that may hold its token."""
        return TOKEN_VARIABLE

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https://")

    @property
    def may_get_a_key(self) -> bool:
        """Whether a token travels unseen, or a person has said that it may be seen."""
        return self.is_encrypted or self._is_loopback or self.recipient in _plain_allowed()

    @property
    def _is_loopback(self) -> bool:
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def _refuse_listeners(self) -> None:
        if not self.may_get_a_key:
            raise BadAddressError(
                f"{self.recipient} would be asked over plain http, where others can read your images.",
                remedy=f"Use an https address, or a tunnel to localhost. Where nobody can listen, set "
                f"{PLAIN_VARIABLE}={self.recipient}.",
            )


def _canonical(parts: SplitResult) -> str:
    """Return the one way to write an address, or an empty text where it is none."""
    extras = (parts.username, parts.password, parts.query, parts.fragment)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/")
    usable = parts.scheme in {"http", "https"} and parts.port != 0 and not any(extras)
    if not (usable and _HOST.fullmatch(host) and _PATH.fullmatch(path)) or ".." in path.split("/"):
        return ""
    return f"{parts.scheme}://{host}{'' if parts.port is None else f':{parts.port}'}{path}"


def _plain_allowed() -> set[str]:
    return {part.strip().lower() for part in os.environ.get(PLAIN_VARIABLE, "").split(",") if part.strip()}


@dataclass(frozen=True, slots=True)
class Place:
    """A model on a server.

    Parameters
    ----------
    address : Address
        Which server.
    model : str
        Its name there: ``family:variant``.
    """

    address: Address
    model: str

    @classmethod
    def parse(cls, variant: str) -> Place:
        """Read ``https://host:port#MODEL``.

        Raises
        ------
        BadAddressError
            When it cannot be read.
        """
        url, mark, model = variant.partition("#")
        address = Address.parse(url)
        if not mark or len(model) > MAX_LENGTH or not _is_model(model):
            raise BadAddressError("The name of the model on the server cannot be read.", remedy=HOW_TO_NAME)
        return cls(address, model)

    @property
    def name(self) -> str:
        """Of the backend."""
        return f"{FAMILY}:{self.address.url}#{self.model}"


def _is_model(name: str) -> bool:
    return bool(_MODEL.fullmatch(name)) and name.partition(":")[0] != FAMILY


def place_of(name: str) -> Place | None:
    """Return where a backend is asked; None of one that runs in this program.

    Raises
    ------
    BadAddressError
        When its name cannot be read.
    """
    family, _, variant = name.partition(":")
    return Place.parse(variant) if family == FAMILY else None
