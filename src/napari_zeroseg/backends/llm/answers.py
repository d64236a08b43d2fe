"""What a language model's answer may say: nothing outside these forms and the vocabulary is used."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from napari_zeroseg.backends.llm.json_text import json_object
from napari_zeroseg.backends.llm.problems import BadAnswerError
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.errors import BadVocabularyError
from napari_zeroseg.core.plain_text import plain
from napari_zeroseg.core.suggestion import Idea
from napari_zeroseg.core.text import normalized
from napari_zeroseg.core.vocabulary import check_class_name

if TYPE_CHECKING:
    from napari_zeroseg.core.suggestion import Tag
    from napari_zeroseg.core.vocabulary import Vocabulary

MAX_REASON = 200
MAX_LOOK = 80
MAX_EVIDENCE = 8
MAX_IDEAS = 5
MAX_IDEA_LENGTH = 40
UNSURE = 0.5
"""The confidence of an answer that gives none."""

Row = TypeVar("Row", bound=BaseModel)


def _share(value: object) -> float:
    """Read 0..1 from a number or a text; what is none is unsure."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return UNSURE
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else UNSURE


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""


def _word_list(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


Share = Annotated[float, BeforeValidator(_share)]
Words = Annotated[str, BeforeValidator(_words)]
WordList = Annotated[list[str], BeforeValidator(_word_list)]


class _ClassRow(BaseModel):
    name: str = Field(alias="class")
    present: bool = True
    implied: bool = False
    confidence: Share = UNSURE
    evidence: WordList = []
    reason: Words = ""


class _IdeaRow(BaseModel):
    name: str
    evidence: WordList = []
    reason: Words = ""


class _PhraseRow(BaseModel):
    number: int
    name: str | None = Field(alias="class")
    confidence: Share = UNSURE


class _LookRow(BaseModel):
    name: str = Field(alias="class")
    color: Words = ""
    shape: Words = ""
    texture: Words = ""
    sense: Words = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model says of one class of the vocabulary."""

    present: bool
    implied: bool
    confidence: float
    evidence: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Verdicts by class name, and ideas."""

    verdicts: dict[str, Verdict]
    ideas: tuple[Idea, ...]


@dataclass(frozen=True, slots=True)
class PhraseVerdict:
    """The class of a phrase, or None, and how sure the model is (0..1)."""

    name: str | None
    confidence: float


def read_scene(text: str, vocabulary: Vocabulary, tags: Sequence[Tag], caption: str) -> Scene:
    """Read the answer of pre-refinement.

    Raises
    ------
    BadAnswerError
        When the text holds no usable answer.
    """
    answer, spelled, seen = json_object(text), _spelled(vocabulary.names), _Seen(tags, caption)
    verdicts: dict[str, Verdict] = {}
    for row in _rows(answer, "classes", _ClassRow):
        name = spelled.get(normalized(row.name))
        if name and name not in verdicts:
            verdicts[name] = _verdict(row, seen)
    _refuse_nonsense(answer, "classes", verdicts)
    rows = _rows(answer, "ideas", _IdeaRow) if "ideas" in answer else ()
    return Scene(verdicts, tuple(_ideas(rows, spelled, seen)))


def read_phrases(text: str, phrases: Sequence[str], names: Sequence[str]) -> dict[str, PhraseVerdict]:
    """Read the answer of post-refinement, where phrases are numbered from 1.

    Raises
    ------
    BadAnswerError
        When the text holds no usable answer.
    """
    answer, spelled = json_object(text), _spelled(names)
    verdicts: dict[str, PhraseVerdict] = {}
    for row in _rows(answer, "phrases", _PhraseRow):
        known = row.name is None or normalized(row.name) in spelled
        if known and 1 <= row.number <= len(phrases):
            name = None if row.name is None else spelled[normalized(row.name)]
            verdicts.setdefault(phrases[row.number - 1], PhraseVerdict(name, row.confidence))
    _refuse_nonsense(answer, "phrases", verdicts)
    return verdicts


def read_looks(text: str, names: Sequence[str]) -> dict[str, Attributes]:
    """Read the answer of attribute refinement.

    Raises
    ------
    BadAnswerError
        When the text holds no usable answer.
    """
    answer, spelled = json_object(text), _spelled(names)
    looks: dict[str, Attributes] = {}
    for row in _rows(answer, "classes", _LookRow):
        name = spelled.get(normalized(row.name))
        if name:
            parts = (_look(t) for t in (row.color, row.shape, row.texture, row.sense))
            looks.setdefault(name, Attributes(*parts))
    _refuse_nonsense(answer, "classes", looks)
    return looks


class _Seen:
    """The tags and the words of the caption: all that evidence can be."""

    def __init__(self, tags: Sequence[Tag], caption: str) -> None:
        self._tags = {normalized(t.text): t.text for t in tags}
        self._caption = f" {normalized(caption)} "

    def evidence(self, said: Iterable[str]) -> tuple[str, ...]:
        found = (self._known(normalized(word[:MAX_REASON])) for word in said)
        return tuple(dict.fromkeys(word for word in found if word))[:MAX_EVIDENCE]

    def _known(self, word: str) -> str:
        if word in self._tags:
            return self._tags[word]
        return word if word and f" {word} " in self._caption else ""


def _verdict(row: _ClassRow, seen: _Seen) -> Verdict:
    evidence = seen.evidence(row.evidence)
    # what nothing that was seen speaks for can only be implied
    implied = row.present and (row.implied or not evidence)
    return Verdict(row.present, implied, row.confidence, evidence, plain(row.reason, MAX_REASON))


def _ideas(rows: Iterable[_IdeaRow], spelled: dict[str, str], seen: _Seen) -> Iterator[Idea]:
    given = set(spelled)
    for row in rows:
        name, evidence = plain(row.name, MAX_IDEA_LENGTH), seen.evidence(row.evidence)
        new = normalized(name) not in given and _is_class_name(name)
        if new and evidence and len(given) < len(spelled) + MAX_IDEAS:
            given.add(normalized(name))
            yield Idea(name, evidence, plain(row.reason, MAX_REASON))


def _is_class_name(name: str) -> bool:
    try:
        check_class_name(name)
    except BadVocabularyError:
        return False
    return True


def _look(text: str) -> str:
    """Return words that fit between the signs which part classes and attributes in text."""
    return re.sub(r"\s*[:;]\s*", ", ", plain(text, MAX_LOOK)).strip(" ,")


def _spelled(names: Iterable[str]) -> dict[str, str]:
    return {normalized(name): name for name in names}


def _rows(answer: dict[str, Any], field: str, kind: type[Row]) -> Iterator[Row]:
    """Yield the rows that can be read; one bad row does not spoil the rest."""
    rows = answer.get(field)
    if not isinstance(rows, list):
        raise BadAnswerError(f"The language model's answer has no list '{field}'.")
    for row in rows:
        try:
            yield kind.model_validate(row)
        except ValidationError:
            continue


def _refuse_nonsense(answer: dict[str, Any], field: str, read: dict[str, Any]) -> None:
    if answer[field] and not read:
        raise BadAnswerError(f"Nothing in the list '{field}' of the language model's answer can be used.")
