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
        ``family:variant``; ``family:*`` where the user names the variant.
    target : str
        ``module:attribute`` of what is called to make it: without arguments, or with the variant
        where that is open.
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

    @property
    def is_open(self) -> bool:
        """Whether the user names the variant."""
        return self.name.endswith(":*")

    def answers_to(self, name: str) -> bool:
        """Return whether a backend's name means this entry."""
        if not self.is_open:
            return name == self.name
        family, _, variant = name.partition(":")
        return f"{family}:*" == self.name and bool(variant.strip()) and variant != "*"


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
        Role.REFINER,
        "openai:*",
        "napari_zeroseg.backends.llm.families:openai_refiner",
        "A language model on a server that speaks OpenAI's protocol; sends words, after consent",
        "The server's terms",
    ),
    Entry(
        Role.REFINER,
        "transformers:*",
        "napari_zeroseg.backends.llm.families:transformers_refiner",
        "A language model on this machine; sends nothing",
        "The model's licence",
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
        if entry.role is role and entry.answers_to(name):
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
