"""Which words mean the same and which things are kinds of others, as far as everyday English goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import BaseModel, ConfigDict, TypeAdapter

from napari_zeroseg.backends.embedded.word_lists import Words, read_yaml
from napari_zeroseg.core.text import squashed


class _Concept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    same: Words = ()
    kinds: Words = ()


class Lexicon:
    """Concepts with the words that name them, each below the broader concepts it is a kind of.

    Parameters
    ----------
    concepts : mapping
        As in ``synonyms.yaml``: concept → ``same`` (other words for it) and ``kinds`` (narrower ones).

    Raises
    ------
    pydantic.ValidationError
        When an entry has an unknown field or a value of the wrong kind.
    """

    def __init__(self, concepts: Mapping[str, object]) -> None:
        checked = TypeAdapter(dict[str, _Concept]).validate_python(concepts)
        self._concepts = checked
        self._meanings: dict[str, tuple[str, ...]] = {}
        self._broader: dict[str, tuple[str, ...]] = {}
        for name, concept in checked.items():
            for word in (name, *concept.same):
                self._add_meaning(word, name)
        for name, concept in checked.items():
            for kind in concept.kinds:
                self._add_kind(kind, name)

    def _add_meaning(self, word: str, concept: str) -> None:
        key = squashed(word)
        self._meanings[key] = (*self._meanings.get(key, ()), concept)

    def _add_kind(self, word: str, broader: str) -> None:
        if not self.meanings(word):
            self._add_meaning(word, word)
        for concept in self.meanings(word):
            self._broader[concept] = (*self._broader.get(concept, ()), broader)

    @property
    def concepts(self) -> tuple[str, ...]:
        """The names of the concepts that have an entry."""
        return tuple(self._concepts)

    def words_of(self, concept: str) -> tuple[str, ...]:
        """Return the name of an entry, the other words for it and its kinds."""
        entry = self._concepts[concept]
        return (concept, *entry.same, *entry.kinds)

    def same_as(self, phrase: str) -> tuple[str, ...]:
        """Return the other words for what a phrase names; none where it names several things."""
        meanings = [m for m in self.meanings(phrase) if m in self._concepts]
        if len(meanings) != 1:
            return ()
        words = (meanings[0], *self._concepts[meanings[0]].same)
        return tuple(word for word in words if squashed(word) != squashed(phrase))

    def meanings(self, phrase: str) -> tuple[str, ...]:
        """Return the concepts that a phrase names; none where it is unknown."""
        return self._meanings.get(squashed(phrase), ())

    def lineage(self, phrase: str) -> Iterator[tuple[str, ...]]:
        """Yield the concepts that a phrase names, then what these are kinds of, and so on upwards."""
        level = self.meanings(phrase)
        seen = set(level)
        while level:
            yield level
            above = dict.fromkeys(b for concept in level for b in self._broader.get(concept, ()))
            level = tuple(b for b in above if b not in seen)
            seen.update(level)


@cache
def lexicon() -> Lexicon:
    """Return the lexicon that the package ships."""
    return Lexicon(read_yaml("synonyms.yaml"))
