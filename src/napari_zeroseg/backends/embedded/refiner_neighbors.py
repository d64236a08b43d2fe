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

THRESHOLD = 0.5
MARGIN = 0.0


class Neighbors:
    """Words whose class is known, as points in the encoder's space.

    Beside the words of the classes stand those of the lexicon that belong to no class: a phrase
    belongs to a class only where none of these is nearer. A bare threshold cannot tell "grass" is
    no bird, as right and wrong answers have like scores.
    """

    def __init__(
        self, vocabulary: Vocabulary, words: ClassWords, lexicon: Lexicon, encoder: TextEncoder
    ) -> None:
        self._words = words
        self._encoder = encoder
        self._names = np.array(vocabulary.names, dtype=object)
        own = {s: c.name for c in vocabulary for s in c.synonyms} | {c.name: c.name for c in vocabulary}
        known = {word: match.name for word in lexicon.words if (match := words.match(word))}
        anchors = known | own
        self._owners = np.array([anchors[text] or "" for text in anchors], dtype=object)
        self._vectors = encoder.encode(list(anchors))

    def match(self, phrases: Sequence[str]) -> list[PhraseMatch]:
        """Return one match per phrase, in order; ``name`` is None where no class is near enough."""
        similarities = self._encoder.encode(phrases) @ self._vectors.T
        return [self._decide(p, row) for p, row in zip(phrases, similarities, strict=True)]

    def _decide(self, phrase: str, similarities: NDArray[np.float32]) -> PhraseMatch:
        barred = self._words.modified_by(phrase)
        names = [name for name in self._names if name not in barred]
        scores = {name: float(similarities[self._owners == name].max(initial=-1.0)) for name in names}
        best = max(scores, key=lambda name: scores[name], default=None)
        if best is None:
            return PhraseMatch(phrase, None, "embedding", 0.0)
        rival = float(similarities[self._owners != best].max(initial=-1.0))
        near = scores[best] >= THRESHOLD and scores[best] - rival >= MARGIN
        return PhraseMatch(phrase, best if near else None, "embedding", round(max(scores[best], 0.0), 3))
