"""What a recogniser says of an image, and the target classes that a refiner believes present."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Tag:
    """A word or phrase for something in the image, with a score in 0..1."""

    text: str
    score: float


class Decision(StrEnum):
    """What the user said of a suggestion."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A target class that the refiner believes present, or left out.

    Parameters
    ----------
    name : str
        The target class.
    confidence : float
        0..1. What the refiner left out has a low one.
    reason : str
        One sentence for a person.
    evidence : tuple of str
        Tags and caption words that speak for it.
    source : str
        Who says so: ``"name"``, ``"synonym"``, ``"embedding"``, ``"attributes"``, ``"llm"``, ``"you"``.
    decision : Decision
        What the user said.
    implied : bool
        The scene implies it, though no tag or caption word speaks for it.
    """

    name: str
    confidence: float
    reason: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    decision: Decision = Decision.PENDING
    implied: bool = False

    def decided(self, decision: Decision) -> Suggestion:
        return replace(self, decision=decision)


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """To which target class a detected phrase belongs; ``name`` is None for no class."""

    phrase: str
    name: str | None
    source: str
    score: float
