"""What can go wrong when a language model is asked, each with a way on."""

from __future__ import annotations

from napari_zeroseg.core.errors import ZeroSegError

WAY_ON = "Try again, choose the refiner embedded:book, or decide by hand."


class ChatError(ZeroSegError):
    """The language model could not be asked, or gave no answer."""

    def __init__(self, happened: str, *, remedy: str = WAY_ON) -> None:
        super().__init__(happened, remedy=remedy)


class BadAnswerError(ChatError):
    """The language model answered, but not in the form that was asked for."""


class BadServerError(ChatError):
    """The address of a server or the name of a model cannot be used."""


class KeyProblemError(ChatError):
    """An API key is missing, refused, or cannot be kept."""
