"""What it means to ask a chat model one question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeVar

from napari_zeroseg.backends.llm.problems import BadAnswerError

T = TypeVar("T")

ATTEMPTS = 3

REMINDER = "Your last answer could not be read. Answer with the JSON object alone, and nothing else."


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user"]
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A conversation, and the form of the answer.

    Parameters
    ----------
    messages : tuple of Message
        What is sent, all of it.
    schema : dict
        JSON schema of the answer.
    max_tokens : int
        Most tokens of the answer.
    """

    messages: tuple[Message, ...]
    schema: dict[str, Any]
    max_tokens: int

    @property
    def text(self) -> str:
        """What a person is shown before it is sent."""
        return "\n\n".join(f"[{m.role}]\n{m.text}" for m in self.messages)

    def reminded(self) -> Question:
        """Return the question with a request for the right form."""
        return replace(self, messages=(*self.messages, Message("user", REMINDER)))


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests that were answered, and their tokens."""

    calls: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.answer_tokens + other.answer_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        return self + Usage(-other.calls, -other.prompt_tokens, -other.answer_tokens)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: untrusted text, and what it took."""

    text: str
    usage: Usage = field(default_factory=lambda: Usage(1))


class Chat(Protocol):
    """A chat model."""

    @property
    def model(self) -> str:
        """Its name, for records and prices."""
        ...

    @property
    def recipient(self) -> str:
        """Who gets the text; empty when it does not leave this process."""
        ...

    def complete(self, question: Question, attempt: int = 0) -> Reply:
        """Return one answer; from attempt to attempt less is asked of the server, at higher temperature.

        Raises
        ------
        ChatError
            When there is none.
        CancelledError
            When the work that asks is called off.
        """
        ...


def ask(chat: Chat, question: Question, read: Callable[[str], T], spend: Callable[[Usage], None]) -> T:
    """Ask until the answer can be read, at most ``ATTEMPTS`` times.

    Raises
    ------
    BadAnswerError
        When no answer could be read.
    """
    for attempt in range(ATTEMPTS):
        reply = chat.complete(question.reminded() if attempt else question, attempt)
        spend(reply.usage)
        try:
            return read(reply.text)
        except BadAnswerError:
            continue
    raise BadAnswerError(
        f"The language model {chat.model} was asked {ATTEMPTS} times, and no answer could be read."
    )
