"""Colours as other tools write them."""

from __future__ import annotations

from typing import Any


def rgb(color: str) -> list[int]:
    """Return red, green and blue, 0..255, of ``#rrggbb``."""
    return list(bytes.fromhex(color.removeprefix("#")))


def hex_color(values: Any) -> str:
    """Return ``#rrggbb`` of a list of three or four numbers 0..255, empty of anything else."""
    if not isinstance(values, list | tuple) or len(values) not in (3, 4):
        return ""
    if not all(isinstance(value, int) and 0 <= value <= 255 for value in values):
        return ""
    return f"#{bytes(values[:3]).hex()}"
