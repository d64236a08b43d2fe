"""The backends there are, as data: nothing here imports a model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from napari_zeroseg.core.errors import MissingBackendError


class Role(StrEnum):
    """What a backend is asked to do."""

    TAGGER = "tagger"
    CAPTIONER = "captioner"
    REFINER = "refiner"
    DETECTOR = "detector"
    SEGMENTER = "segmenter"


@dataclass(frozen=True, slots=True)
class Entry:
    """One backend for one role.

    Parameters
    ----------
    role : Role
        What it does.
    name : str
        ``family:variant``.
    target : str
        ``module:attribute`` of the class that is called without arguments.
    summary : str
        One line for a person.
    licence : str
        Of code and weights.
    """

    role: Role
    name: str
    target: str
    summary: str
    licence: str


_EMBEDDED = "napari_zeroseg.backends.embedded"

ENTRIES = (
    Entry(
        Role.TAGGER,
        "embedded:regions",
        f"{_EMBEDDED}.tagger:EmbeddedTagger",
        "Describes regions in words from their measurements",
        "BSD-3-Clause",
    ),
    Entry(
        Role.CAPTIONER,
        "embedded:regions",
        f"{_EMBEDDED}.tagger:EmbeddedTagger",
        "One sentence on number, look and ground of the regions",
        "BSD-3-Clause",
    ),
    Entry(
        Role.REFINER,
        "embedded:book",
        f"{_EMBEDDED}.refiner:EmbeddedRefiner",
        "Attribute book, synonyms and sentence embeddings; sends nothing",
        "BSD-3-Clause; all-MiniLM-L6-v2: Apache-2.0",
    ),
    Entry(
        Role.DETECTOR,
        "embedded:regions",
        f"{_EMBEDDED}.detector:EmbeddedDetector",
        "Scores regions against the look of a class",
        "BSD-3-Clause",
    ),
    Entry(
        Role.SEGMENTER,
        "embedded:regions",
        f"{_EMBEDDED}.segmenter:EmbeddedSegmenter",
        "Regions, gradients and intensities around boxes and points",
        "BSD-3-Clause",
    ),
)

PROFILES: dict[str, dict[Role, str]] = {
    "embedded": {
        Role.TAGGER: "embedded:regions",
        Role.CAPTIONER: "embedded:regions",
        Role.REFINER: "embedded:book",
        Role.DETECTOR: "embedded:regions",
        Role.SEGMENTER: "embedded:regions",
    },
}


def find(role: Role, name: str) -> Entry:
    """Return the entry of a backend.

    Raises
    ------
    MissingBackendError
        When there is none of that name for the role; the text lists those there are.
    """
    for entry in ENTRIES:
        if entry.role is role and entry.name == name:
            return entry
    known = ", ".join(e.name for e in ENTRIES if e.role is role)
    raise MissingBackendError(f"There is no {role} '{name}'.", remedy=f"Choose one of: {known}.")


def profile(name: str) -> dict[Role, str]:
    """Return the backend of each role in a profile, or raise MissingBackendError."""
    if name not in PROFILES:
        raise MissingBackendError(
            f"There is no profile '{name}'.", remedy=f"Choose one of: {', '.join(PROFILES)}."
        )
    return PROFILES[name]
