"""The usual look and the synonyms of a class, from its name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_zeroseg.backends.embedded.attribute_book import AttributeBook, BookEntry
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.text import normalized, word_runs

if TYPE_CHECKING:
    from napari_zeroseg.backends.embedded.lexicon import Lexicon
    from napari_zeroseg.backends.roles import TextEncoder
    from napari_zeroseg.core.vocabulary import TargetClass

NEAREST_ENTRY = 0.6  # least similarity of a name to the entry that lends it its look


@dataclass(frozen=True, slots=True)
class Describer:
    """Looks classes up in the attribute book: by name, by synonym, by kind, by head noun, by meaning."""

    book: AttributeBook
    words: Lexicon
    encoder: TextEncoder | None

    def describe(self, target: TargetClass) -> TargetClass:
        """Fill in what a person left empty; the encoder is asked when words find nothing."""
        described = self.describe_by_words(target)
        if described.attributes or (entry := self._nearest(target.name)) is None:
            return described
        return self._with_look(described, entry)

    def describe_by_words(self, target: TargetClass) -> TargetClass:
        """Fill in what names, synonyms, kinds and head nouns tell, without the encoder."""
        described = replace(target, synonyms=target.synonyms or self.words.same_as(target.name))
        entry = self._entry(target)
        return self._with_look(described, entry) if entry else described

    def _with_look(self, target: TargetClass, entry: BookEntry) -> TargetClass:
        """Fill the empty attributes from the words of the class's name, then from an entry of the book."""
        named = self._look_in(target.name)
        shape = ", ".join(part for part in (named.shape, entry.attributes.shape) if part)
        usual = replace(entry.attributes, color=named.color or entry.attributes.color, shape=shape)
        return replace(target, attributes=target.attributes.or_else(usual))

    def _look_in(self, name: str) -> Attributes:
        """Read the colour and shape words of a name, but for those within a longer known name.

        A "small dark nucleus" is dark and small; a "white blood cell nucleus" is not white.
        """
        known = {
            word for run in word_runs(name, 4) if " " in run and self._knows(run) for word in run.split()
        }
        parsed = Attributes.parse(", ".join(w for w in normalized(name).split(" ") if w not in known))
        return Attributes(parsed.color.replace(", ", " "), parsed.shape)

    def _knows(self, phrase: str) -> bool:
        return bool(self.book.named(phrase) or self.words.meanings(phrase))

    def _entry(self, target: TargetClass) -> BookEntry | None:
        names = (target.name, *target.synonyms)
        named = next((entry for name in names if (entry := self.book.named(name))), None)
        return named or self._broader(target.name) or self.book.headed(target.name)

    def _broader(self, name: str) -> BookEntry | None:
        concepts = (concept for level in self.words.lineage(name) for concept in level)
        return next((entry for concept in concepts if (entry := self.book.named(concept))), None)

    def _nearest(self, name: str) -> BookEntry | None:
        entries = list(self.book)
        if self.encoder is None or not entries:
            return None
        scores = self.encoder.encode([e.name for e in entries]) @ self.encoder.encode([name])[0]
        best = int(scores.argmax())
        return entries[best] if scores[best] >= NEAREST_ENTRY else None
