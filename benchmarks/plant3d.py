"""Nuclei in noisy confocal sections, scored as those of ``dsb2018`` and with the same parameters."""

from __future__ import annotations

from typing import Any

from benchmarks import dsb2018


def run() -> dict[str, Any]:
    """Print and return foreground IoU and instance F1 per section, and over all."""
    return dsb2018.run("plant3d")
