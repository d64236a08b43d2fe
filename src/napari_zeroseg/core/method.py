"""The methods there are, by name."""

from __future__ import annotations

from enum import StrEnum


class Method(StrEnum):
    """Which roles are called in which order."""

    GROUNDED = "grounded"
    FREESEG_DIFF = "freeseg-diff"
    LMSEG = "lmseg"
