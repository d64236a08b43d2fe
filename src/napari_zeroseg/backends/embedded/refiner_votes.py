"""What tags and captions say for a class, how loudly, and in which words a person is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_zeroseg.backends.embedded.refiner_looks import agreement
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag

CAPTION_WEIGHT = 0.9  # a caption names few things, and makes some of them up
LEAST_AGREEMENT = 0.35
UNKNOWN_CONFIDENCE = 0.1
UNSEEN_CONFIDENCE = 0.15

NO_TAG = "No tag speaks for it; give it attributes, or accept it to try."


@dataclass(frozen=True, slots=True)
class Vote:
    """One tag or caption word for a class; ``weight`` in 0..1."""

    weight: float
    word: str
    source: str
    reason: str


def tag_vote(tag: Tag, match: PhraseMatch) -> Vote:
    """Return the vote of a tag that means a class."""
    weight = match.score * (0.5 + 0.5 * _share(tag))
    return Vote(weight, tag.text, match.source, _sentence(f"The tag '{tag.text}'", match))


def caption_vote(match: PhraseMatch) -> Vote:
    """Return the vote of words of the caption that mean a class."""
    sentence = _sentence(f"The caption's '{match.phrase}'", match)
    return Vote(match.score * CAPTION_WEIGHT, match.phrase, match.source, sentence)


def _share(tag: Tag) -> float:
    return min(max(tag.score, 0.0), 1.0)


def _sentence(said: str, match: PhraseMatch) -> str:
    if match.source == "name":
        return f"{said} names it."
    if match.source == "embedding":
        return f"{said} is close in meaning to {match.name}."
    return f"{said} means {match.name}."


def look_votes(look: Attributes, tags: Sequence[Tag]) -> list[Vote]:
    """Return a vote for each description of regions that agrees with the look of a class."""
    found = [(tag, agreement(look, tag.text)) for tag in tags]
    return [
        Vote(
            agreed.score * (0.6 + 0.4 * _share(tag)),
            tag.text,
            "attributes",
            f"Matches its usual look: {', '.join(dict.fromkeys(agreed.words))}.",
        )
        for tag, agreed in found
        if agreed.score >= LEAST_AGREEMENT
    ]


def suggestion(name: str, votes: Sequence[Vote]) -> Suggestion:
    """Return the suggestion of the loudest vote, with all words of its kind as evidence."""
    ranked = sorted(votes, key=lambda vote: -vote.weight)
    best = ranked[0]
    evidence = tuple(dict.fromkeys(vote.word for vote in ranked if vote.source == best.source))
    return Suggestion(name, round(best.weight, 3), best.reason, evidence, best.source)


def left_out(name: str, look: Attributes, *, looks_seen: bool) -> Suggestion:
    """Return the suggestion of a class for which nothing speaks: it stays in the list."""
    if not look.text() or not looks_seen:
        return Suggestion(name, UNKNOWN_CONFIDENCE, NO_TAG)
    reason = f"Nothing that was seen looks {look.text()}; change its attributes, or accept it to try."
    return Suggestion(name, UNSEEN_CONFIDENCE, reason, source="attributes")
