"""The refiner that needs no language model: names, synonyms, sentence embeddings, looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from napari_zeroseg.backends import minilm
from napari_zeroseg.backends.embedded.attribute_book import AttributeBook, BookEntry, attribute_book
from napari_zeroseg.backends.embedded.lexicon import Lexicon, lexicon
from napari_zeroseg.backends.embedded.refiner_looks import agreement, describes_a_region
from napari_zeroseg.backends.embedded.refiner_neighbors import Neighbors
from napari_zeroseg.backends.embedded.refiner_words import ClassWords
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag
from napari_zeroseg.core.text import normalized, word_runs
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

if TYPE_CHECKING:
    from napari_zeroseg.backends.roles import TextEncoder

UNKNOWN_CONFIDENCE = 0.1
UNSEEN_CONFIDENCE = 0.15
CAPTION_SCORE = 0.9
MIN_AGREEMENT = 0.35
BOOK_THRESHOLD = 0.6

NO_TAG = "No tag speaks for it; give it attributes, or accept it to try."


@dataclass(frozen=True, slots=True)
class _Vote:
    """One tag or caption word that speaks for a class, and how loudly (0..1)."""

    weight: float
    word: str
    source: str
    reason: str


class EmbeddedRefiner:
    """Decides between words with what is known of them: a lexicon, an attribute book, an encoder.

    Parameters
    ----------
    encoder : TextEncoder, "installed" or None
        Compares what neither spelling nor synonyms decide. By default MiniLM where it is installed
        (see :mod:`napari_zeroseg.backends.minilm`); None for synonyms alone.
    words : Lexicon, optional
        Synonyms and kinds of things; the package's own by default.
    book : AttributeBook, optional
        The usual look of things; the package's own by default.
    """

    def __init__(
        self,
        encoder: TextEncoder | Literal["installed"] | None = "installed",
        *,
        words: Lexicon | None = None,
        book: AttributeBook | None = None,
    ) -> None:
        self._encoder = minilm.installed() if encoder == "installed" else encoder
        self._lexicon = words or lexicon()
        self._book = book or attribute_book()
        self._class_words = lru_cache(maxsize=8)(lambda v: ClassWords(v, self._lexicon))
        self._neighbors = lru_cache(maxsize=8)(self._new_neighbors)

    @property
    def note(self) -> str:
        """What a person should know about how words are compared; empty when nothing is amiss."""
        return "" if self._encoder else f"Words are compared by names and synonyms alone: {minilm.HOW_TO_GET}"

    def _new_neighbors(self, vocabulary: Vocabulary) -> Neighbors | None:
        if self._encoder is None:
            return None
        return Neighbors(vocabulary, self._class_words(vocabulary), self._lexicon, self._encoder)

    def match(self, phrases: Sequence[str], vocabulary: Vocabulary) -> list[PhraseMatch]:
        """Return the class that each phrase means, in order; ``name`` is None where nothing fits.

        Spelling comes first, then synonyms, kinds of things and head nouns; the encoder is asked,
        once for all, about the phrases that these leave open.
        """
        words = self._class_words(vocabulary)
        found = {phrase: words.match(phrase) for phrase in phrases if normalized(phrase)}
        unknown = [phrase for phrase, match in found.items() if match is None]
        if unknown and vocabulary and (neighbors := self._neighbors(vocabulary)):
            found |= {match.phrase: match for match in neighbors.match(unknown)}
        return [found.get(phrase) or PhraseMatch(phrase, None, "none", 0.0) for phrase in phrases]

    def suggest(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> list[Suggestion]:
        """Return one suggestion per class, in the vocabulary's order.

        Tags that name things are matched as phrases are; tags that tell the look of regions are
        compared with the attributes of each class. Words of the caption count when they name a
        class or a kind of it.
        """
        looks = [tag for tag in tags if describes_a_region(tag.text)]
        things = [tag for tag in tags if tag not in looks]
        votes = self._votes(things, caption, vocabulary)
        return [self._suggestion(target, votes.get(target.name, []), looks) for target in vocabulary]

    def _votes(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> dict[str, list[_Vote]]:
        votes: dict[str, list[_Vote]] = {}
        for tag, match in zip(tags, self.match([t.text for t in tags], vocabulary), strict=True):
            if match.name:
                votes.setdefault(match.name, []).append(_tag_vote(tag, match, match.name))
        for match in self._caption_matches(caption, vocabulary):
            if match.name:
                votes.setdefault(match.name, []).append(_caption_vote(match, match.name))
        return votes

    def _caption_matches(self, caption: str, vocabulary: Vocabulary) -> list[PhraseMatch]:
        """Return what the caption names; a run of words inside a longer known one says nothing new."""
        words, used, found = self._class_words(vocabulary), "", []
        for run in word_runs(caption):
            match = words.known(run)
            if match and f" {run} " not in used:
                found.append(match)
                used += f" {run} |"
        return found

    def _suggestion(self, target: TargetClass, votes: Sequence[_Vote], looks: Sequence[Tag]) -> Suggestion:
        described = self._described_by_words(target)
        ranked = sorted([*votes, *_look_votes(described.attributes, looks)], key=lambda vote: -vote.weight)
        if not ranked:
            return _left_out(target.name, described.attributes, looks)
        best = ranked[0]
        evidence = tuple(dict.fromkeys(vote.word for vote in ranked if vote.source == best.source))
        return Suggestion(target.name, round(best.weight, 3), best.reason, evidence, best.source)

    def describe(self, target: TargetClass) -> TargetClass:
        """Return the class with empty attributes and synonyms filled in from the attribute book.

        What a person gave wins, field by field. The entry is found by name, by synonym, by what
        the class is a kind of, by its head noun, and at last by the encoder. Colour and shape words
        within the name ("small dark nucleus") count as given.
        """
        described = self._described_by_words(target)
        if described.attributes.color or described.attributes.shape or self._encoder is None:
            return described
        return self._described_by_neighbor(target)

    def _described_by_words(self, target: TargetClass) -> TargetClass:
        if entry := next((e for name in (target.name, *target.synonyms) if (e := self._book.named(name))), None):
            return _filled(target, entry, synonyms=entry.names)
        if entry := self._broader_entry(target.name) or self._book.headed(target.name):
            return _filled(target, entry)
        return target

    def _broader_entry(self, name: str) -> BookEntry | None:
        concepts = (concept for level in self._lexicon.lineage(name) for concept in level)
        return next((entry for concept in concepts if (entry := self._book.named(concept))), None)

    def _described_by_neighbor(self, target: TargetClass) -> TargetClass:
        entry = self._nearest_entry(target.name)
        return _filled(target, entry) if entry else target

    def _nearest_entry(self, name: str) -> BookEntry | None:
        if self._encoder is None:
            return None
        entries = list(self._book)
        names, look_ups = self._encoder.encode([e.name for e in entries]), self._encoder.encode([name])
        scores = names @ look_ups[0]
        best = int(scores.argmax())
        return entries[best] if scores[best] >= BOOK_THRESHOLD else None


def _filled(target: TargetClass, entry: BookEntry, synonyms: Sequence[str] = ()) -> TargetClass:
    given = target.attributes.or_else(_look_in(target.name, entry))
    others = tuple(s for s in synonyms if s.casefold() != target.name.casefold())
    return replace(
        target, attributes=given.or_else(entry.attributes), synonyms=target.synonyms or others
    )


def _look_in(name: str, entry: BookEntry) -> Attributes:
    """Read the colour and shape words of a name, unless they are part of the entry's own name."""
    known = set(normalized(" ".join(entry.names)).split(" "))
    parsed = Attributes.parse(", ".join(w for w in normalized(name).split(" ") if w not in known))
    return Attributes(parsed.color.replace(", ", " "), parsed.shape)


def _tag_vote(tag: Tag, match: PhraseMatch, name: str) -> _Vote:
    weight = match.score * (0.5 + 0.5 * min(max(tag.score, 0.0), 1.0))
    return _Vote(weight, tag.text, match.source, _reason(f"The tag '{tag.text}'", match, name))


def _caption_vote(match: PhraseMatch, name: str) -> _Vote:
    says = f"The caption's '{match.phrase}'"
    return _Vote(match.score * CAPTION_SCORE, match.phrase, match.source, _reason(says, match, name))


def _reason(said: str, match: PhraseMatch, name: str) -> str:
    verbs = {"name": "names it", "synonym": f"means {name}", "embedding": f"is close in meaning to {name}"}
    return f"{said} {verbs.get(match.source, f'means {name}')}."


def _look_votes(look: Attributes, tags: Sequence[Tag]) -> list[_Vote]:
    scored = [(tag, agreement(look, tag.text)) for tag in tags]
    return [_look_vote(tag, found) for tag, found in scored if found.score >= MIN_AGREEMENT]


def _look_vote(tag: Tag, found: Agreement) -> _Vote:
    weight = found.score * (0.6 + 0.4 * min(max(tag.score, 0.0), 1.0))
    return _Vote(weight, tag.text, "attributes", f"Matches its usual look: {', '.join(dict.fromkeys(found.words))}.")


def _left_out(name: str, look: Attributes, looks: Sequence[Tag]) -> Suggestion:
    if not look.text() or not looks:
        return Suggestion(name, UNKNOWN_CONFIDENCE, NO_TAG)
    reason = f"Nothing that was seen looks {look.text()}; change its attributes, or accept it to try."
    return Suggestion(name, UNSEEN_CONFIDENCE, reason, source="attributes")
