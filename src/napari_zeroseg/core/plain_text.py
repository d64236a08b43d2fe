"""Text from models and servers, made harmless to show and to keep."""

from __future__ import annotations

import unicodedata


def plain(text: str, limit: int) -> str:
    """Return one line of at most ``limit`` characters, without control and direction characters."""
    # a hostile text is cut before the work is done on it; white space may take a part of it
    head = text[: 4 * limit]
    kept = "".join(" " if c.isspace() else c for c in head if c.isspace() or _is_visible(c))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] != "C"
