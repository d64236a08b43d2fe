"""The refiner that needs no language model: names, synonyms, sentence embeddings, looks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from napari_zeroseg.backends import minilm
from napari_zeroseg.backends.embedded.attribute_book import AttributeBook, attribute_book
from napari_zeroseg.backends.embedded.hierarchy import Hierarchy, hierarchy
from napari_zeroseg.backends.embedded.lexicon import Lexicon, lexicon
from napari_zeroseg.backends.embedded.refiner_describe import Describer
from napari_zeroseg.backends.embedded.refiner_looks import describes_a_region
from napari_zeroseg.backends.embedded.refiner_neighbors import Neighbors
from napari_zeroseg.backends.embedded.refiner_votes import (
    Vote,
    caption_vote,
    left_out,
    look_votes,
    suggestion,
    tag_vote,
)
from napari_zeroseg.backends.embedded.refiner_words import ClassWords
from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag
from napari_zeroseg.core.text import normalized, word_runs

if TYPE_CHECKING:
    from napari_zeroseg.backends.roles import TextEncoder
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

VOCABULARIES = 8  # whose words are kept between calls


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
    nouns : Hierarchy, "shipped" or None
        What is a kind of what, for words that the lexicon does not know; the package's own by default.
    """

    def __init__(
        self,
        encoder: TextEncoder | Literal["installed"] | None = "installed",
        *,
        words: Lexicon | None = None,
        book: AttributeBook | None = None,
        nouns: Hierarchy | Literal["shipped"] | None = "shipped",
    ) -> None:
        self._encoder = minilm.installed() if encoder == "installed" else encoder
        self._lexicon = words or lexicon()
        self._describer = Describer(book or attribute_book(), self._lexicon, self._encoder)
        self._nouns = nouns
        self._class_words = lru_cache(VOCABULARIES)(self._new_class_words)
        self._neighbors = lru_cache(VOCABULARIES)(self._new_neighbors)

    @property
    def note(self) -> str:
        """What a person should know about how words are compared; empty when nothing is missing."""
        return "" if self._encoder else f"Words are compared by names and synonyms alone: {minilm.HOW_TO_GET}"

    def _new_class_words(self, vocabulary: Vocabulary) -> ClassWords:
        nouns = hierarchy() if self._nouns == "shipped" else self._nouns
        return ClassWords(vocabulary, self._lexicon, nouns, self._encoder)

    def _new_neighbors(self, vocabulary: Vocabulary) -> Neighbors | None:
        if self._encoder is None or not vocabulary:
            return None
        return Neighbors(vocabulary, self._class_words(vocabulary), self._lexicon, self._encoder)

    def describe(self, target: TargetClass) -> TargetClass:
        """Return the class with empty attributes and synonyms filled in where something is known.

        What a person gave wins, field by field. The look is that of the attribute book's entry for
        the name, a synonym, what the class is a kind of, its head noun, or the nearest meaning.
        Colour and shape words within the name ("small dark nucleus") count too.
        """
        return self._describer.describe(target)

    def match(self, phrases: Sequence[str], vocabulary: Vocabulary) -> list[PhraseMatch]:
        """Return the class that each phrase means, in order; ``name`` is None where nothing fits.

        Spelling comes first, then synonyms, kinds of things and head nouns. The encoder tells apart
        the senses of a word, and is asked about the phrases that are not known at all.
        """
        words = self._class_words(vocabulary)
        found = {phrase: words.match(phrase) for phrase in phrases if normalized(phrase)}
        unknown = [phrase for phrase, match in found.items() if match is None]
        if unknown and (neighbors := self._neighbors(vocabulary)):
            found |= {match.phrase: match for match in neighbors.match(unknown)}
        return [found.get(phrase) or PhraseMatch(phrase, None, "none", 0.0) for phrase in phrases]

    def suggest(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> list[Suggestion]:
        """Return one suggestion per class, in the vocabulary's order.

        Tags that name things are matched as phrases are; tags that tell the look of regions are
        compared with the attributes of each class. Words of the caption count when they name a
        class or a kind of it.
        """
        looks = [tag for tag in tags if describes_a_region(tag.text)]
        votes = self._votes([tag for tag in tags if tag not in looks], caption, vocabulary)
        return [self._suggestion(target, votes.get(target.name, []), looks) for target in vocabulary]

    def _suggestion(self, target: TargetClass, votes: Sequence[Vote], looks: Sequence[Tag]) -> Suggestion:
        look = self._describer.describe_by_words(target).attributes
        if everything := [*votes, *look_votes(look, looks)]:
            return suggestion(target.name, everything)
        return left_out(target.name, look, looks_seen=bool(looks))

    def _votes(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> dict[str, list[Vote]]:
        """Return what names a class, by class."""
        votes: dict[str, list[Vote]] = {}
        for tag, match in zip(tags, self.match([tag.text for tag in tags], vocabulary), strict=True):
            if match.name:
                votes.setdefault(match.name, []).append(tag_vote(tag, match))
        for match in self._named_in(caption, vocabulary):
            if match.name:
                votes.setdefault(match.name, []).append(caption_vote(match))
        return votes

    def _named_in(self, caption: str, vocabulary: Vocabulary) -> list[PhraseMatch]:
        """Return the longest runs of words that are known: the "dog" of a "hot dog" is none."""
        words, found, used = self._class_words(vocabulary), list[PhraseMatch](), ""
        for run in word_runs(caption):
            match = words.known(run)
            if match and f" {run} " not in used:
                found.append(match)
                used += f" {run} |"
        return found
