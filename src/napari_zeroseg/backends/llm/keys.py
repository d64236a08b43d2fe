"""API keys live in the system's keyring or in an environment variable, and nowhere else."""

from __future__ import annotations

import os
from typing import Protocol

from pydantic import SecretStr

from napari_zeroseg.backends.llm.problems import KeyProblemError

SERVICE = "napari-zeroseg"
MAX_LENGTH = 4096


class Locked(Protocol):
    """A server that may want a key, of language models or of this program's own kind."""

    @property
    def url(self) -> str:
        """Its address, by which the keyring knows the key."""
        ...

    @property
    def key_variable(self) -> str:
        """The environment variable that may hold its key; empty when it wants none."""
        ...

    @property
    def recipient(self) -> str:
        """Host and port, for a person."""
        ...

    @property
    def may_get_a_key(self) -> bool:
        """Whether a key would travel unseen."""
        ...


def find_key(server: Locked) -> SecretStr | None:
    """Return the key of a server, from the keyring first, or None.

    Raises
    ------
    KeyProblemError
        When there is one that cannot be a key, or that would travel unencrypted.
    """
    if not server.key_variable:
        return None
    key = _in_keyring(server) or os.environ.get(server.key_variable, "")
    if not key.strip():
        return None
    if not server.may_get_a_key:
        raise KeyProblemError(
            f"{server.recipient} is asked over plain http, where others can read the key. Nothing was sent.",
            remedy="Use an https address, or a tunnel to localhost.",
        )
    return _checked(key)


def store_key(server: Locked, key: str) -> None:
    """Keep the key of a server in the system's keyring.

    Raises
    ------
    KeyProblemError
        When it cannot be a key, or there is no keyring.
    """
    checked = _checked(key)
    try:
        import keyring

        keyring.set_password(SERVICE, server.url, checked.get_secret_value())
    except Exception:  # noqa: BLE001 - keyrings raise what they like, and may quote the key
        raise KeyProblemError(
            "The system's keyring did not take the key; it was not kept.",
            remedy=f"Install 'keyring' and unlock it, or set the environment variable {server.key_variable}.",
        ) from None


def forget_key(server: Locked) -> None:
    """Remove the key of a server from the keyring, if it is there."""
    if _in_keyring(server):
        import keyring

        keyring.delete_password(SERVICE, server.url)


def _in_keyring(server: Locked) -> str:
    try:
        import keyring

        return keyring.get_password(SERVICE, server.url) or ""
    except Exception:  # noqa: BLE001 - a locked, broken or missing keyring holds no key
        return ""


def _checked(key: str) -> SecretStr:
    clean = key.strip()
    if not clean or len(clean) > MAX_LENGTH or not (clean.isascii() and clean.isprintable()) or " " in clean:
        raise KeyProblemError(
            "What was given as an API key holds characters that no key has.",
            remedy="Copy the key again, as one line.",
        )
    return SecretStr(clean)
