"""How far a command with many images is, and how many of something there are to be."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_zeroseg.batch.pace import Pace

LINES_EVERY_S = 30.0
"""Between lines of progress where there is no terminal to write one line again and again."""


def positive(text: str) -> int:
    """Return the number in an option, 1 or more."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 on")
    return int(text)


class Progress:
    """Tells how far a batch is: one line that changes at a terminal, one now and then elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._changing = sys.stderr.isatty()
        self._told = 0.0

    def __call__(self, pace: Pace) -> None:
        if pace.latest is not None and pace.latest.problem:
            self._write(f"{pace.latest.path}: {pace.latest.problem}", ends=True)
        now = time.monotonic()
        if self._quiet or not (self._changing or now - self._told > LINES_EVERY_S):
            return
        self._told = now
        self._write(pace.in_words, ends=not self._changing)

    def end(self) -> None:
        """Leave the line that changes, so that what comes next stands below it."""
        if self._changing and not self._quiet:
            sys.stderr.write("\n")

    def _write(self, text: str, *, ends: bool) -> None:
        start, end = "\r\x1b[K" if self._changing else "", "\n" if ends else ""
        sys.stderr.write(f"{start}{_printable(text)}{end}")
        sys.stderr.flush()


def _printable(text: str) -> str:
    """Return a text that moves no cursor: names of files come from anywhere."""
    return "".join(c if c.isprintable() else "?" for c in text)
