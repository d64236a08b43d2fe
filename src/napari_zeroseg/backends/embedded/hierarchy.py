"""Which things are kinds of others, for eighty thousand meanings of English nouns: WordNet, packed."""

from __future__ import annotations

import gzip
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from napari_zeroseg.core.text import normalized, squashed

_ROOT_OF_THINGS = "physical entity"


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a word; ``share`` of the word's uses, 0..1."""

    meaning: int
    share: float


class Hierarchy:
    """Meanings by number, with the words that have them, each below the broader ones.

    The lines stay text until they are asked for: to make objects of all would take seconds.

    Parameters
    ----------
    words : sequence of str
        Sorted lines ``spelling<TAB>meaning:use meaning:use``; a spelling has no spaces.
    meanings : sequence of str
        For each meaning a line ``name<TAB>number number``: the meanings that it is a kind of.
    """

    def __init__(self, words: Sequence[str], meanings: Sequence[str]) -> None:
        self._words = words
        self._meanings = meanings
        self.senses = lru_cache(maxsize=65536)(self._senses)
        self.above = lru_cache(maxsize=65536)(self._above)

    def name(self, meaning: int) -> str:
        """Return the first of the words for a meaning."""
        return self._meanings[meaning].partition("\t")[0]

    def things(self, phrase: str) -> tuple[Sense, ...]:
        """Return the senses of a phrase that can be seen or touched; all where none can."""
        senses = self.senses(phrase)
        roots = {sense.meaning for sense in self.senses(_ROOT_OF_THINGS)}
        return tuple(sense for sense in senses if roots & self.above(sense.meaning).keys()) or senses

    def _senses(self, phrase: str) -> tuple[Sense, ...]:
        """Return what a phrase can mean, commonest first; nothing where it is unknown.

        A spelling that is known as it stands is not taken for a plural: "people", "glasses".
        """
        line = self._line(normalized(phrase).replace(" ", "")) or self._line(squashed(phrase))
        uses = [sense.split(":") for sense in line.split()]
        total = sum(float(use) for _, use in uses)
        return tuple(Sense(int(meaning), float(use) / total) for meaning, use in uses)

    def _line(self, spelling: str) -> str:
        start = f"{spelling}\t"
        at = bisect_left(self._words, start)
        line = self._words[at] if at < len(self._words) else ""
        return line.removeprefix(start) if line.startswith(start) else ""

    def _above(self, meaning: int) -> Mapping[int, int]:
        """Return a meaning and all that it is a kind of, nearest first, with the steps up to each."""
        steps = {meaning: 0}
        level = [meaning]
        while level:
            parents = [int(n) for m in level for n in self._meanings[m].partition("\t")[2].split()]
            level = [number for number in dict.fromkeys(parents) if number not in steps]
            steps |= dict.fromkeys(level, max(steps.values()) + 1)
        return steps


@cache
def hierarchy() -> Hierarchy:
    """Return the hierarchy that the package ships, as ``scripts/build_nouns.py`` made it."""
    packed = resources.files(__package__).joinpath("nouns.txt.gz").read_bytes()
    words, meanings = gzip.decompress(packed).decode("ascii").split("\n\n")
    return Hierarchy(words.split("\n"), meanings.split("\n"))
