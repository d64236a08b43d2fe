"""From a phrase to the target class nearest in meaning, by sentence embeddings."""

from __future__ import annotations

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

THRESHOLD = 0.55
MARGIN = 0.05
CONCEPTS = 10  # of which the words are compared too


class Neighbors:
    """Words whose class is known, as points in the encoder's space.

    Beside the words of the classes stand those of the lexicon that belong to no class: a phrase
    belongs to a class only where none of these is as near. A bare threshold cannot tell that
    "grass" is no bird, as right and wrong answers have like scores.

    A phrase is compared with the names of all concepts of the lexicon first, and then with the
    words of the nearest ones: to embed all of its words would take seconds.
    """

    def __init__(
        self, vocabulary: Vocabulary, words: ClassWords, lexicon: Lexicon, encoder: TextEncoder
    ) -> None:
        self._names = vocabulary.names
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
        classes = np.array(list(anchors.values()), dtype=object)
        barred = self._words.modified_by(phrase)
        scores = {n: float(nearness[classes == n].max(initial=-1)) for n in self._names if n not in barred}
        best = max(scores, key=lambda name: scores[name], default=None)
        if best is None:
            return PhraseMatch(phrase, None, "embedding", 0.0)
        rival = float(nearness[classes != best].max(initial=-1))
        near = scores[best] >= THRESHOLD and scores[best] - rival >= MARGIN
        return PhraseMatch(phrase, best if near else None, "embedding", round(max(scores[best], 0.0), 3))
