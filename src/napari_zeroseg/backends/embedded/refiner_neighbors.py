"""From a phrase to the target class nearest in meaning, by sentence embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.suggestion import PhraseMatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.lexicon import Lexicon
    from napari_zeroseg.backends.embedded.refiner_words import ClassWords
    from napari_zeroseg.backends.roles import TextEncoder
    from napari_zeroseg.core.vocabulary import Vocabulary

THRESHOLD = 0.5  # least similarity of the nearest word of a class
NEIGHBORS = 8  # words that vote
TEMPERATURE = 0.1  # difference in similarity that divides a vote by e
SHARE = 0.6  # of the votes, which a class must have
CONCEPTS = 10  # of which the words are compared too


class Neighbors:
    """Words whose class is known, as points in the encoder's space.

    Beside the words of the classes stand those of the lexicon that belong to no class. The nearest
    words vote, and a class must have most of the votes: right and wrong answers have like scores, so
    that a bare threshold cannot tell that "grass" is no bird.

    A phrase is compared with the names of all concepts of the lexicon first, and then with the
    words of the nearest ones: to embed all of its words would take seconds.
    """

    def __init__(
        self, vocabulary: Vocabulary, words: ClassWords, lexicon: Lexicon, encoder: TextEncoder
    ) -> None:
        self._words = words
        self._lexicon = lexicon
        self._encoder = encoder
        own = {s: c.name for c in vocabulary for s in c.synonyms} | {c.name: c.name for c in vocabulary}
        self._anchors = {concept: self._class_of(concept) for concept in lexicon.concepts} | own

    def _class_of(self, word: str) -> str:
        match = self._words.match(word)
        return (match.name or "") if match else ""

    def match(self, phrases: Sequence[str]) -> list[PhraseMatch]:
        """Return one match per phrase, in order; ``name`` is None where no class is near enough."""
        concepts = list(self._lexicon.concepts)
        points = self._encoder.encode(phrases)
        nearness = points @ self._encoder.encode(concepts).T if concepts else np.empty((len(phrases), 0))
        nearest = [[concepts[i] for i in np.argsort(-row)[:CONCEPTS]] for row in nearness]
        anchors = [self._anchors_near(found) for found in nearest]
        self._encoder.encode(list(dict.fromkeys(text for found in anchors for text in found)))  # in one batch
        return [self._decide(*each) for each in zip(phrases, points, anchors, strict=True)]

    def _anchors_near(self, concepts: Sequence[str]) -> dict[str, str]:
        """Return the words to compare a phrase with, each with its class ("" for none)."""
        words = dict.fromkeys(word for concept in concepts for word in self._lexicon.words_of(concept))
        return {word: self._class_of(word) for word in words} | self._anchors

    def _decide(self, phrase: str, point: NDArray[np.float32], anchors: dict[str, str]) -> PhraseMatch:
        nearness = self._encoder.encode(list(anchors)) @ point
        barred = self._words.modified_by(phrase)
        owners = ["" if owner in barred else owner for owner in anchors.values()]
        nearest = np.argsort(-nearness)[:NEIGHBORS]
        name, share = _elected([(float(nearness[i]), owners[i]) for i in nearest])
        similarity = max((float(nearness[i]) for i in nearest if owners[i] == name), default=0.0)
        meant = name if name and share >= SHARE and similarity >= THRESHOLD else None
        return PhraseMatch(phrase, meant, "embedding", round(min(max(similarity, 0.0), 1.0), 3))


def _elected(neighbors: Sequence[tuple[float, str]]) -> tuple[str, float]:
    """Return the owner with most votes and its share; near words have heavier votes than far ones."""
    votes: dict[str, float] = {}
    for similarity, owner in neighbors:
        votes[owner] = votes.get(owner, 0.0) + math.exp(similarity / TEMPERATURE)
    name = max(votes, key=lambda owner: votes[owner])
    return name, votes[name] / sum(votes.values())
