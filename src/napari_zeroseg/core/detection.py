"""Boxes with a score, a phrase and a class."""

from __future__ import annotations

from dataclasses import dataclass

from napari_zeroseg.core.mask import Box


@dataclass(frozen=True, slots=True)
class Detection:
    """One box of an open-set detector.

    Parameters
    ----------
    box : tuple of float
        (x0, y0, x1, y1) in pixels.
    score : float
        0..1.
    phrase : str
        The text that the detector answered with.
    name : str or None
        The target class, None until the phrase is mapped to one.
    """

    box: Box
    score: float
    phrase: str
    name: str | None = None
