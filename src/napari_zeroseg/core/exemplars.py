"""What a person showed of a class, and what is like it."""

from __future__ import annotations

from dataclasses import dataclass

from napari_zeroseg.core.mask import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Exemplars:
    """Masks of one class on one plane.

    Parameters
    ----------
    accepted : tuple of Mask
        What a person answers for; at least one.
    rejected : tuple of Mask
        What a person took away: it is not of the class.
    proposed : tuple of Mask
        What was found before, by words, say: it may be of the class.
    """

    accepted: tuple[Mask, ...]
    rejected: tuple[Mask, ...] = ()
    proposed: tuple[Mask, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """A mask that may be one more of the class; ``score`` says how alike it is, 0..1."""

    mask: Mask
    score: float
