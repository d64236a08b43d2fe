"""One text for many classes, with the tokens that belong to each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.grounding.phrases import Phrase, has_letters, names_of, synonyms_of
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_zeroseg.core.vocabulary import TargetClass

    Tokens = tuple[int, ...]

BERT_MARKS = (101, 1012, 102)
"""``[CLS]``, the dot and ``[SEP]`` in bert-base-uncased."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How a model's tokenizer cuts texts: ``[CLS] phrase . phrase . [SEP]``.

    Parameters
    ----------
    tokenize : callable
        From a text to its tokens, without marks.
    first, between, last : int
        The marks around and between phrases.
    unknown : int
        Stands for a word of which no piece is known.
    """

    tokenize: Callable[[str], Sequence[int]]
    first: int
    between: int
    last: int
    unknown: int

    @classmethod
    def of(cls, tokenizer: Any) -> Reader:
        """Return how a BERT tokenizer of transformers cuts texts.

        Raises
        ------
        BadFileError
            When it has another vocabulary: the models know the marks by their numbers in BERT's.
        """
        marks = (tokenizer.cls_token_id, tokenizer.convert_tokens_to_ids("."), tokenizer.sep_token_id)
        if marks != BERT_MARKS:
            raise BadFileError(
                "The vocabulary beside the detector's weights is not that of BERT.",
                kept="Nothing was loaded.",
                remedy="Remove them and download the model again.",
            )

        def tokenize(text: str) -> list[int]:
            tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
            return tokens

        return cls(tokenize, *marks, tokenizer.unk_token_id)

    def knows(self, text: str) -> bool:
        """Return whether a word of a text is known."""
        return has_letters(text) and any(token != self.unknown for token in self.tokenize(text))


@dataclass(frozen=True, slots=True)
class Span:
    """Where a phrase lies in a prompt.

    Parameters
    ----------
    phrase : Phrase
        Its text and class.
    start, stop : int
        Positions of its first token and behind its last one.
    """

    phrase: Phrase
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class TextPrompt:
    """What a detector reads at once.

    Parameters
    ----------
    tokens : tuple of int
        With the marks.
    spans : tuple of Span
        In the order of the text; what lies in none is a mark.
    """

    tokens: Tokens
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, parts: Sequence[tuple[Phrase, Tokens]], reader: Reader) -> TextPrompt:
        """Join phrases into one text, each closed by its mark."""
        tokens = [reader.first]
        spans = []
        for phrase, own in parts:
            spans.append(Span(phrase, len(tokens), len(tokens) + len(own)))
            tokens += [*own, reader.between]
        return cls((*tokens, reader.last), tuple(spans))


def text_prompts(classes: Sequence[TargetClass], reader: Reader, limit: int) -> list[TextPrompt]:
    """Return as few prompts as the names need, with the synonyms that have room in them.

    A synonym never makes a further prompt: each costs one more pass of the model.

    Parameters
    ----------
    classes : sequence of TargetClass
        What is looked for.
    reader : Reader
        The model's tokenizer.
    limit : int
        Most tokens of a prompt, with marks.

    Raises
    ------
    BadVocabularyError
        When a class cannot be put into words of its own.
    """
    room = limit - 2
    names = names_of(classes, reader.knows)
    filled: list[_Filled] = []
    for phrase in names:
        tokens = tuple(reader.tokenize(phrase.text))[: room - 1]
        if not (filled and filled[-1].has_room(tokens, room)):
            filled.append(_Filled())
        filled[-1].add(phrase, tokens)
    for phrase in synonyms_of(classes, names, reader.knows):
        tokens = tuple(reader.tokenize(phrase.text))
        free = next((f for f in filled if f.has_room(tokens, room)), None)
        if free is not None:
            free.add(phrase, tokens)
    return [TextPrompt.of(f.parts, reader) for f in filled]


class _Filled:
    """The phrases of a prompt and how many tokens they take, each with the mark behind it."""

    def __init__(self) -> None:
        self.parts: list[tuple[Phrase, Tokens]] = []
        self.length = 0

    def has_room(self, tokens: Tokens, room: int) -> bool:
        return self.length + len(tokens) + 1 <= room

    def add(self, phrase: Phrase, tokens: Tokens) -> None:
        self.parts.append((phrase, tokens))
        self.length += len(tokens) + 1
