"""How far a batch is, as numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_zeroseg.batch.ledger import Outcome


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a batch is.

    Parameters
    ----------
    done, failed, total : int
        Images of this run.
    seconds : float
        Since the first was begun.
    latest : Outcome or None
        What was done last.
    """

    done: int
    failed: int
    total: int
    seconds: float
    latest: Outcome | None = None

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def left(self) -> float:
        """Seconds that the rest will take, as far as it goes on like this; infinite before the first."""
        return (self.total - self.done) / self.rate if self.rate else float("inf")

    @property
    def in_words(self) -> str:
        """One line: how many images are done and failed, how fast it goes, how long the rest will take."""
        failed = f", {self.failed} failed" if self.failed else ""
        left = f", {duration(self.left)} left" if self.done else ""
        return f"{self.done} of {self.total} images{failed}, {self.rate:.2f} a second{left}"


def duration(seconds: float) -> str:
    """Return a time in words.

    >>> duration(7300)
    '2 h 1 min'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
