"""The Hugging Face hub or a mirror of it: addresses, the user's token, and what its cache holds."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from napari_zeroseg.backends.llm.servers import Server
from napari_zeroseg.backends.weights.problems import DownloadError, OfflineError
from napari_zeroseg.core.errors import NOTHING_CHANGED

if TYPE_CHECKING:
    from napari_zeroseg.backends.entry import WeightFile, Weights

DEFAULT = "https://huggingface.co"
ENDPOINT_VARIABLE = "HF_ENDPOINT"
OFFLINE_VARIABLES = ("NAPARI_ZEROSEG_OFFLINE", "HF_HUB_OFFLINE")


def endpoint() -> str:
    """Return the hub's address: ``$HF_ENDPOINT``, or that of the hub itself.

    Raises
    ------
    DownloadError
        When it is no address of the form ``https://host``.
    """
    chosen = os.environ.get(ENDPOINT_VARIABLE, "").strip().rstrip("/") or DEFAULT
    parts = urlsplit(chosen)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise DownloadError(
            f"{ENDPOINT_VARIABLE} is set, but not to an address of the form https://host.",
            remedy=f"Unset it to use {DEFAULT}, or set it to the address of a mirror.",
        )
    return chosen


def address(weights: Weights, file: WeightFile) -> str:
    """Return where a file is fetched: at its own address, or in the repository of the weights.

    Addresses on the hub are turned to its mirror where one is set.
    """
    if file.url:
        on_hub = file.url.startswith(f"{DEFAULT}/")
        return endpoint() + file.url.removeprefix(DEFAULT) if on_hub else file.url
    revision, name = quote(weights.revision, safe=""), quote(file.name)
    return f"{endpoint()}/{weights.repository}/resolve/{revision}/{name}"


def page(weights: Weights) -> str:
    """Return the page on which a person finds the model and its terms."""
    return weights.terms or f"{endpoint()}/{weights.repository}"


def token_for(url: str) -> str:
    """Return the user's token if the server of the address may see it, else an empty text.

    Only the hub's own host, or the chosen mirror, gets it, and only where nobody can read along.

    Raises
    ------
    DownloadError
        When what is set as a token cannot be one; the text does not repeat it.
    """
    if _origin(url) != _origin(endpoint()) or not Server("", url).may_get_a_key:
        return ""
    token = _token()
    if re.fullmatch(r"[!-~]*", token) is None:
        raise DownloadError(
            "What is set as the hub's token holds characters that no token has.",
            remedy="Copy the token again, as one line, or unset HF_TOKEN.",
        )
    return token


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _token() -> str:
    if find_spec("huggingface_hub") is None:
        return os.environ.get("HF_TOKEN", "").strip()
    from huggingface_hub import get_token

    return get_token() or ""


def is_offline() -> bool:
    """Return whether a person has switched downloads off."""
    return any(_is_on(variable) for variable in OFFLINE_VARIABLES)


def _is_on(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() in {"1", "true", "yes", "on"}


def refuse_offline(name: str) -> None:
    """Raise OfflineError when downloads are switched off."""
    for variable in OFFLINE_VARIABLES:
        if _is_on(variable):
            raise OfflineError(
                f"'{name}' was not downloaded: {variable} is set, so this program stays offline.",
                kept=NOTHING_CHANGED,
                remedy=f"Unset {variable}; or copy the files from another machine, and say where they "
                f"are with: napari-zeroseg models path {name} FOLDER",
            )


def cached_folder(weights: Weights) -> Path | None:
    """Return the folder of the hub's own cache that holds all files, or None; downloads nothing."""
    if any(file.url for file in weights.files) or find_spec("huggingface_hub") is None:
        return None
    folders = {_cached(weights, file.name) for file in weights.files}
    return folders.pop() if len(folders) == 1 else None


def _cached(weights: Weights, name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(weights.repository, name, revision=weights.revision)
    return Path(found).parents[name.count("/")] if isinstance(found, str) else None
