"""What a person tells the refiner beyond the classes: examples, a note, decisions on phrases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.core.phrase_table import PhraseTable

MAX_WORDS = 500  # characters of a text
MAX_TAGS = 200
MAX_EXAMPLES = 20

Words = Annotated[str, Field(max_length=MAX_WORDS)]


class Example(BaseModel):
    """What was said of an image that a person has corrected, and the classes that are truly in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tags: Annotated[tuple[Words, ...], Field(max_length=MAX_TAGS)] = ()
    caption: Words = ""
    classes: tuple[Words, ...] = ()

    @classmethod
    def of(cls, tags: Iterable[str], caption: str, classes: Iterable[str]) -> Example:
        """Return an example within the bounds; what is too long is cut."""
        kept = tuple(tag[:MAX_WORDS] for tag in tags)[:MAX_TAGS]
        return cls(tags=kept, caption=caption[:MAX_WORDS], classes=tuple(classes))


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

    examples: Annotated[tuple[Example, ...], Field(max_length=MAX_EXAMPLES)] = ()
    note: Words = ""
    phrases: PhraseTable = PhraseTable()

    def taught(self, example: Example) -> Guidance:
        """Return the guidance with an example, in place of an older one of the same image."""
        others = [e for e in self.examples if (e.tags, e.caption) != (example.tags, example.caption)]
        return self.model_copy(update={"examples": (*others, example)[-MAX_EXAMPLES:]})

    def __bool__(self) -> bool:
        return bool(self.examples or self.note or self.phrases.rows)
