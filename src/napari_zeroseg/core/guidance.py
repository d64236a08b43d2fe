"""What a person tells the refiner beyond the classes: examples, a note, decisions on phrases."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.core.phrase_table import PhraseTable

Words = Annotated[str, Field(max_length=500)]


class Example(BaseModel):
    """What was said of an image that a person has corrected, and the classes that are truly in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tags: Annotated[tuple[Words, ...], Field(max_length=200)] = ()
    caption: Words = ""
    classes: tuple[Words, ...] = ()


class Guidance(BaseModel):
    """Kept in the recipe, since it decides results.

    Attributes
    ----------
    examples : tuple of Example
        Few-shot examples from the user's own images.
    note : str
        A hint in the user's words: "these are cross-sections of roots".
    phrases : PhraseTable
        Decisions on phrases that come before any model's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    examples: Annotated[tuple[Example, ...], Field(max_length=20)] = ()
    note: Words = ""
    phrases: PhraseTable = PhraseTable()

    def __bool__(self) -> bool:
        return bool(self.examples or self.note or self.phrases.rows)
