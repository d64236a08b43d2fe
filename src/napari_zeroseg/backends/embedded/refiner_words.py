"""From a phrase to the target class that it names, by spelling, synonyms, kinds and head noun."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from napari_zeroseg.backends.embedded.refiner_kinds import Kinds
from napari_zeroseg.core.suggestion import PhraseMatch
from napari_zeroseg.core.text import heads, normalized, squashed

if TYPE_CHECKING:
    from napari_zeroseg.backends.embedded.hierarchy import Hierarchy
    from napari_zeroseg.backends.embedded.lexicon import Lexicon
    from napari_zeroseg.backends.roles import TextEncoder
    from napari_zeroseg.core.vocabulary import Vocabulary

NAME_SCORE = 1.0
SYNONYM_SCORE = 0.95
STEP_COST = 0.05  # for each step from a kind to what it is a kind of
HEAD_COST = 0.1  # a head noun leaves words out

_IMITATIONS = frozenset("toy plush stuffed miniature model lego rubber inflatable origami".split())


class ClassWords:
    """The words that mean the classes of one vocabulary.

    Parameters
    ----------
    vocabulary : Vocabulary
        The classes and what a person called them.
    lexicon : Lexicon
        Says which words mean the same; what it knows goes before the hierarchy.
    nouns : Hierarchy, optional
        Says what is a kind of what, for words that the lexicon does not know.
    encoder : TextEncoder, optional
        Tells apart the senses of the hierarchy.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        lexicon: Lexicon,
        nouns: Hierarchy | None = None,
        encoder: TextEncoder | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._lexicon = lexicon
        self._nouns = nouns
        self._encoder = encoder
        self._names = _keyed((c.name, c.name) for c in vocabulary)
        self._synonyms = _keyed((synonym, c.name) for c in vocabulary for synonym in c.synonyms)
        self._concepts: dict[str, str] = {}
        for target in vocabulary:
            for concept in lexicon.meanings(target.name):
                self._concepts.setdefault(concept, target.name)
        self._unlisted = set(vocabulary.names) - set(self._concepts.values())

    def match(self, phrase: str) -> PhraseMatch | None:
        """Return the class that a phrase names, or that it is none; None when its words are unknown.

        A match without a class comes from the lexicon or the hierarchy: the thing is known, and that
        it is no kind of any class.
        """
        for cost, form in ((0.0, phrase), *((HEAD_COST, head) for head in _kinds_of(phrase))):
            name, source, score = self._look_up(form)
            if source:
                return PhraseMatch(phrase, name, source, round(max(score - cost, 0.0), 3))
        return None

    def known(self, phrase: str) -> PhraseMatch | None:
        """Match a phrase as it stands, without looking for a head noun in it."""
        name, source, score = self._look_up(phrase)
        return PhraseMatch(phrase, name, source, score) if source else None

    def _look_up(self, phrase: str) -> tuple[str | None, str, float]:
        """Return class, source and score; an empty source when the phrase is unknown."""
        # as it is spelt first: "steps" and "step" may be two classes
        for key in (normalized(phrase), squashed(phrase)):
            if name := self._names.get(key):
                return name, "name", NAME_SCORE
            if name := self._synonyms.get(key):
                return name, "synonym", SYNONYM_SCORE
        listed = self._of_lexicon(phrase)
        if listed and (listed[0] or not self._unlisted):
            return listed
        found = self._of_kinds(phrase)
        if listed:  # the lexicon cannot tell that a thing is no kind of a class that it does not know
            return found if found and found[0] in self._unlisted else listed
        return found or (None, "", 0.0)

    def _of_lexicon(self, phrase: str) -> tuple[str | None, str, float] | None:
        for steps, concepts in enumerate(self._lexicon.lineage(phrase)):
            if name := next((self._concepts[c] for c in concepts if c in self._concepts), None):
                return name, "synonym", SYNONYM_SCORE - STEP_COST * steps
        return (None, "synonym", 0.0) if self._lexicon.meanings(phrase) else None

    def _of_kinds(self, phrase: str) -> tuple[str | None, str, float] | None:
        found = self._kinds.match(phrase) if self._kinds else None
        return (found[0] or None, "synonym", SYNONYM_SCORE * found[1]) if found else None

    @cached_property
    def _kinds(self) -> Kinds | None:
        if self._nouns is None:
            return None
        own = self._names.keys() | self._synonyms.keys()
        words = {word for concept in self._lexicon.concepts for word in self._lexicon.words_of(concept)}
        known = {word: self._of_lexicon(word) for word in sorted(words) if squashed(word) not in own}
        found = {word: match[0] or "" for word, match in known.items() if match}
        classes = {word: name for word, name in found.items() if name or not self._unlisted}
        return Kinds(self._vocabulary, classes, self._nouns, self._encoder)

    def modified_by(self, phrase: str) -> set[str]:
        """Return the classes named in a phrase by words before its noun: bus stop → bus.

        Such a phrase is about the class and yet names something else.
        """
        words = normalized(phrase).split(" ")
        runs = (" ".join(words[i:j]) for j in range(1, len(words)) for i in range(j))
        return {name for run in runs if (name := self._look_up(run)[0])}


def _keyed(words: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the classes by the spelling of their words, and by their singular without spaces."""
    pairs = list(words)
    by_spelling = {normalized(word): name for word, name in reversed(pairs)}
    return {squashed(word): name for word, name in reversed(pairs)} | by_spelling


def _kinds_of(phrase: str) -> Iterable[str]:
    """Return what kind of thing a phrase is, in words; an imitation is a toy, whatever it imitates."""
    first, _, rest = normalized(phrase).partition(" ")
    return ("toy",) if rest and first in _IMITATIONS else heads(phrase)
