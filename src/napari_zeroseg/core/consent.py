"""What may leave this machine: a person sees exactly what and its recipient, and says yes or no."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane


class TextKind(StrEnum):
    """What is to be sent, in words for a person."""

    SCENE = "tags, caption and class names"
    SCENE_WITH_EXAMPLES = "tags, caption, class names and your examples or note"
    PHRASES = "detected phrases and class names"
    LOOKS = "class names and their attributes"
    IMAGES = "images, with class names, boxes, points and masks"


@dataclass(frozen=True, slots=True)
class Letter:
    """A text, or an image, that would leave this machine.

    Parameters
    ----------
    kind : TextKind
        What it holds.
    recipient : str
        Who would get it: ``"api.openai.com"``; of images the address, ``"https://gpu.lab:8765"``.
    text : str
        All of it; of images, what goes with them.
    image : ndarray of float32, shape (H, W, 3), optional
        The image, RGB in 0..1.
    """

    kind: TextKind
    recipient: str
    text: str
    image: Plane | None = field(default=None, compare=False, repr=False)


Ask = Callable[[Letter], bool]
"""Shows a letter to a person, waits, and returns whether it may be sent."""


Granted = frozenset[tuple[TextKind, str]]
"""Kinds of text, each with a recipient, that were agreed to."""


class Keeper(Protocol):
    """Lets agreements outlive the program."""

    def read(self) -> Granted:
        """Return what was agreed to earlier; never fails."""
        ...

    def write(self, granted: Granted) -> None:
        """Put this in the place of what was agreed to earlier; never fails."""
        ...


class NotConsentedError(ZeroSegError):
    """Nobody has agreed that this text may be sent."""


def nobody_to_ask(_letter: Letter) -> bool:
    """Refuse: where no person can be asked, nothing is sent."""
    return False


def agree(letter: Letter) -> bool:
    """Agree that words are sent, where a person has said so beforehand; images are another matter."""
    return letter.kind is not TextKind.IMAGES


def agreeing(*, words: bool, images_to: Collection[str], otherwise: Ask = nobody_to_ask) -> Ask:
    """Return who agrees to what a person has said beforehand, and asks somebody else about all other.

    Parameters
    ----------
    words : bool
        Whether words may be sent.
    images_to : collection of str
        Addresses of the servers that may get images.
    otherwise : callable, optional
        Is asked about what nobody has agreed to.
    """

    def ask(letter: Letter) -> bool:
        agreed = letter.recipient in images_to if letter.kind is TextKind.IMAGES else words
        return agreed or otherwise(letter)

    return ask


class Consent:
    """Asks once per kind of text and recipient.

    Parameters
    ----------
    ask : callable, optional
        Asks the person; by default nobody is there to agree.
    """

    def __init__(self, ask: Ask = nobody_to_ask) -> None:
        self.ask = ask
        self._granted: Granted = frozenset()
        self._keeper: Keeper | None = None
        self._lock = Lock()

    @property
    def granted(self) -> Granted:
        """The kinds of text and their recipients that were agreed to."""
        return self._granted

    def kept_by(self, keeper: Keeper | None) -> None:
        """Take what was agreed to earlier, and keep what is agreed to from now on; None keeps no more."""
        self._keeper = keeper
        if keeper is not None:
            self._granted |= keeper.read()

    def withdraw(self) -> None:
        """Ask again from now on."""
        self._grant(frozenset())

    def _grant(self, granted: Granted) -> None:
        self._granted = granted
        if self._keeper is not None:
            self._keeper.write(granted)

    def require(self, letter: Letter) -> None:
        """Return when the letter may be sent.

        Raises
        ------
        NotConsentedError
            When the person said no, or nobody could be asked.
        """
        with self._lock:  # two threads must not show two dialogs
            if (letter.kind, letter.recipient) in self._granted:
                return
            if not self.ask(letter):
                raise NotConsentedError(
                    f"Nobody agreed to send {letter.kind} to {letter.recipient}.",
                    kept="Nothing was sent and nothing was changed.",
                    remedy=_way_on(letter),
                )
            self._grant(self._granted | {(letter.kind, letter.recipient)})


def _way_on(letter: Letter) -> str:
    if letter.kind is TextKind.IMAGES:
        return (
            f"Agree when asked (on the command line: --yes-send-images {letter.recipient}), "
            "or choose models of this machine, which send nothing."
        )
    return (
        "Agree when asked (on the command line: --yes-send), "
        "or choose the refiner embedded:book, which sends nothing."
    )


PERSON = Consent()
"""The person at this machine: whoever opens a window or runs a command sets ``PERSON.ask``."""
