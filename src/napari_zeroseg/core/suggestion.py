"""What a recogniser says of an image, and the target classes that a refiner believes present."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Tag:
    """A word or phrase for something in the image, with a score in 0..1."""

    text: str
    score: float


def united(tags: Iterable[Tag]) -> list[Tag]:
    """Return each text once, with its best score, best first."""
    best: dict[str, Tag] = {}
    for tag in tags:
        key = tag.text.casefold()
        best[key] = max(best.get(key, tag), tag, key=lambda t: t.score)
    return sorted(best.values(), key=lambda tag: -tag.score)


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
    carried : bool
        The decision is a default, taken over from another image; the user has not confirmed it here.
    """

    name: str
    confidence: float
    reason: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    decision: Decision = Decision.PENDING
    implied: bool = False
    carried: bool = False

    def decided(self, decision: Decision) -> Suggestion:
        """Return the suggestion as the user decided on it."""
        return replace(self, decision=decision, carried=False)

    def defaulted(self, decision: Decision) -> Suggestion:
        """Return the suggestion with what the user decided on another image."""
        return replace(self, decision=decision, carried=decision is not Decision.PENDING)


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """To which target class a detected phrase belongs; ``name`` is None for no class."""

    phrase: str
    name: str | None
    source: str
    score: float


@dataclass(frozen=True, slots=True)
class Idea:
    """A class that the model misses in the vocabulary; a person may add it."""

    name: str
    evidence: tuple[str, ...]
    reason: str
