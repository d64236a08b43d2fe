"""Any refiner, heeding what a person has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.backends.roles import Refiner
    from napari_zeroseg.core.guidance import Guidance
    from napari_zeroseg.core.phrase_table import PhraseTable
    from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary


@runtime_checkable
class Guidable(Protocol):
    """A refiner that can use examples and notes."""

    def guided(self, guidance: Guidance) -> Refiner:
        """Return a refiner that heeds the guidance."""
        ...


def guided(refiner: Refiner, guidance: Guidance) -> Refiner:
    """Return a refiner that heeds the guidance as far as it can: all heed decisions on phrases."""
    if not guidance:
        return refiner
    if isinstance(refiner, Guidable):
        return refiner.guided(guidance)
    return PhraseFirstRefiner(refiner, guidance.phrases)


class PhraseFirstRefiner:
    """Looks phrases up in a table before it asks another refiner.

    Parameters
    ----------
    refiner : Refiner
        The one that is asked.
    phrases : PhraseTable
        What is decided.
    """

    def __init__(self, refiner: Refiner, phrases: PhraseTable) -> None:
        self._refiner = refiner
        self._phrases = phrases

    def suggest(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> list[Suggestion]:
        return self._refiner.suggest(tags, caption, vocabulary)

    def match(self, phrases: Sequence[str], vocabulary: Vocabulary) -> list[PhraseMatch]:
        known = {p: self._phrases.find(p, vocabulary.names) for p in phrases}
        unknown = [p for p, match in known.items() if match is None]
        asked = {m.phrase: m for m in self._refiner.match(unknown, vocabulary)} if unknown else {}
        return [known[p] or asked[p] for p in phrases]

    def describe(self, target: TargetClass) -> TargetClass:
        return self._refiner.describe(target)
