"""The attribute book: what common things usually look like, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from napari_zeroseg.backends.embedded.word_lists import Words, read_yaml
from napari_zeroseg.core.attributes import Attributes, alternatives
from napari_zeroseg.core.text import heads, squashed


class _Entry(BaseModel):
    """One entry as the file spells it; a field may differ by the way of imaging."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    synonyms: Words = ()
    color: str | dict[str, str] = ""
    shape: str | dict[str, str] = ""
    texture: str | dict[str, str] = ""
    sense: str = Field(default="", max_length=80)


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A thing with its other names and its look."""

    name: str
    synonyms: tuple[str, ...]
    attributes: Attributes

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.synonyms)


class AttributeBook:
    """Entries that are found by name, synonym or head noun, whatever the spelling of the number.

    Parameters
    ----------
    entries : mapping
        As in ``attribute_book.yaml``: name → synonyms, color, shape, texture, sense.

    Raises
    ------
    pydantic.ValidationError
        When an entry has an unknown field or a value of the wrong kind.
    """

    def __init__(self, entries: Mapping[str, object]) -> None:
        checked = TypeAdapter(dict[str, _Entry]).validate_python(entries)
        self._entries = tuple(_book_entry(name, entry) for name, entry in checked.items())
        self._by_key = {squashed(e.name): e for e in self._entries}
        for entry in self._entries:
            for synonym in entry.synonyms:
                self._by_key.setdefault(squashed(synonym), entry)

    def __iter__(self) -> Iterator[BookEntry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def named(self, name: str) -> BookEntry | None:
        """Return the entry with this name or synonym."""
        return self._by_key.get(squashed(name))

    def headed(self, name: str) -> BookEntry | None:
        """Return the entry for the kind of thing a longer name means: "mouse cell nucleus" → nucleus."""
        return next((entry for head in heads(name) if (entry := self.named(head))), None)


def _book_entry(name: str, entry: _Entry) -> BookEntry:
    look = Attributes(_joined(entry.color), _joined(entry.shape), _joined(entry.texture), entry.sense)
    return BookEntry(name, entry.synonyms, look)


def _joined(field: str | dict[str, str]) -> str:
    """Turn one text per way of imaging into alternatives, each once."""
    if isinstance(field, str):
        return field
    return " or ".join(dict.fromkeys(word for text in field.values() for word in alternatives(text)))


@cache
def attribute_book() -> AttributeBook:
    """Return the book that the package ships."""
    return AttributeBook(read_yaml("attribute_book.yaml"))
