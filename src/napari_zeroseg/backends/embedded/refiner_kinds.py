"""From a phrase to the target class that it is a kind of, by the noun hierarchy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from napari_zeroseg.core.text import squashed

if TYPE_CHECKING:
    from napari_zeroseg.backends.embedded.hierarchy import Hierarchy, Sense
    from napari_zeroseg.backends.roles import TextEncoder
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

LEAST_SHARE = 0.5  # of the uses of a phrase, for which the class must hold
USUAL = 0.5  # least use of a class name's sense, as part of its commonest one's
PLAIN = 0.7  # share of a sense that a word has as good as always
TEMPERATURE = 0.12  # difference in similarity that makes a sense e times as likely
NEARBY = 2  # steps up to the words that tell a sense apart


class Kinds:
    """The meanings that belong to the classes of one vocabulary.

    A phrase belongs to the class that its senses are kinds of, nearest first. A sense counts by how
    common it is, and, with an encoder, by how near the phrase is to the words above it: a "tiger" is
    a cat rather than a fierce person.

    Parameters
    ----------
    vocabulary : Vocabulary
        The classes; of a class with synonyms only the senses that these share count.
    known : mapping of str to str
        Further words whose class is known; an empty name for none.
    nouns : Hierarchy
        What is a kind of what.
    encoder : TextEncoder, optional
        Tells senses apart.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        known: Mapping[str, str],
        nouns: Hierarchy,
        encoder: TextEncoder | None = None,
    ) -> None:
        self._nouns = nouns
        self._encoder = encoder
        self._owners: dict[int, dict[str, float]] = {}
        for target in vocabulary:
            for meaning, weight in self._meanings(target):
                self._owners.setdefault(meaning, {})[target.name] = weight
        for word, name in known.items():
            plain = self._nouns.things(word)[:1]
            if plain and plain[0].share >= PLAIN:
                self._owners.setdefault(plain[0].meaning, {name: 1.0})

    def _meanings(self, target: TargetClass) -> Iterable[tuple[int, float]]:
        """Yield what a class name usually means, with the use of each sense beside the commonest."""
        shared = {sense.meaning for word in target.synonyms for sense in self._nouns.senses(word)}
        senses = self._nouns.things(target.name)
        senses = tuple(sense for sense in senses if sense.meaning in shared) or senses
        commonest = max((sense.share for sense in senses), default=1.0)
        for sense in senses:
            if sense.share >= USUAL * commonest:
                yield sense.meaning, sense.share / commonest

    def match(self, phrase: str) -> tuple[str, float] | None:
        """Return the class and the share of the phrase's uses for which it holds.

        The name is empty where the phrase is a kind of no class; None where it is unknown.
        """
        senses = self._nouns.senses(phrase)
        if not senses:
            return None
        votes: dict[str, float] = {}
        for sense in self._weighed(phrase, senses):
            for name, weight in self._owners_of(sense.meaning).items():
                votes[name] = votes.get(name, 0.0) + sense.share * weight
        votes.pop("", None)
        name = max(votes, key=lambda name: votes[name], default="")
        share = min(votes.get(name, 0.0), 1.0)
        return (name, share) if share >= LEAST_SHARE else ("", 0.0)

    def _owners_of(self, meaning: int) -> Mapping[str, float]:
        """Return the classes that a meaning is a kind of: the nearest, or several at one distance."""
        found: dict[str, float] = {}
        nearest = None
        for above, steps in self._nouns.above(meaning).items():
            if nearest is not None and steps > nearest:
                break
            if above in self._owners:
                nearest = steps
                found |= self._owners[above]
        return found

    def _weighed(self, phrase: str, senses: tuple[Sense, ...]) -> tuple[Sense, ...]:
        """Shift the shares towards the senses whose nearby words are like the phrase."""
        if self._encoder is None or len({tuple(self._owners_of(s.meaning)) for s in senses}) < 2:
            return senses  # the answer does not hang on the sense
        words = [self._words_around(sense.meaning, phrase) for sense in senses]
        known = list(dict.fromkeys(word for around in words for word in around))
        (point,), points = self._encoder.encode([phrase]), self._encoder.encode(known)
        nearness = dict(zip(known, (points @ point).tolist(), strict=True))
        likely = [
            s.share * math.exp(max((nearness[w] for w in around), default=0.0) / TEMPERATURE)
            for s, around in zip(senses, words, strict=True)
        ]
        return tuple(type(s)(s.meaning, value / sum(likely)) for s, value in zip(senses, likely, strict=True))

    def _words_around(self, meaning: int, phrase: str) -> list[str]:
        """Return the other words for a meaning and for what is just above it."""
        near = (above for above, steps in self._nouns.above(meaning).items() if steps <= NEARBY)
        return [name for name in map(self._nouns.name, near) if squashed(name) != squashed(phrase)]
