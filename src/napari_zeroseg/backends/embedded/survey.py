"""What is usual in a whole image, measured once and taken for all its parts.

How an image is read depends on all of it: on its noise, its ground, the range of its intensities, the
size and contrast that are typical of a class. A large image is looked at in tiles; to be read alike,
these numbers are measured on a sample of the whole and then hold in every tile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane

T = TypeVar("T")

STEPS_PER_OCTAVE = 4
LARGE = 1152
"""Side in pixels from which an image is measured like a sample of one: in rounded numbers."""


class Survey:
    """Numbers by name; those that are not there are measured where they are asked for.

    Parameters
    ----------
    numbers : dict, optional
        Shared with all parts of the survey.
    noting : bool
        Whether numbers that are measured are noted.
    rounding : bool
        Whether estimates are rounded. Two estimates of the same, from two parts of an image, nearly
        always give the same number then, and what is found with it is the very same too.
    prefix : str
        What the names of this part begin with.
    """

    def __init__(
        self,
        numbers: dict[str, Any] | None = None,
        *,
        noting: bool = False,
        rounding: bool = False,
        prefix: str = "",
    ) -> None:
        self._numbers = {} if numbers is None else numbers
        self._noting, self._rounding = noting, rounding
        self._prefix = prefix

    def usual(self, name: str, measure: Callable[[], T]) -> T:
        """Return the number of a name, measured if it is not known."""
        key = self._prefix + name
        if key in self._numbers:
            return cast("T", self._numbers[key])
        found = measure()
        self.note(name, found)
        return found

    def known(self, name: str) -> Any:
        """Return the number of a name, None where it is not known."""
        return self._numbers.get(self._prefix + name)

    def note(self, name: str, number: object) -> None:
        """Keep a number, if the survey is being made."""
        if self._noting:
            self._numbers[self._prefix + name] = number

    def rounded(self, estimate: float) -> float:
        """Return a positive estimate, rounded up to a quarter of an octave where estimates are rounded."""
        if not self._rounding:
            return estimate
        return float(2 ** (np.ceil(np.log2(estimate) * STEPS_PER_OCTAVE) / STEPS_PER_OCTAVE))

    def stepped(self, estimate: float, step: float) -> float:
        """Return an estimate as a multiple of a step where estimates are rounded."""
        return round(estimate / step) * step if self._rounding else estimate

    def part(self, *names: object) -> Survey:
        """Return the part whose names begin with these."""
        prefix = self._prefix + "".join(f"{name}/" for name in names)
        return Survey(self._numbers, noting=self._noting, rounding=self._rounding, prefix=prefix)

    def knowing(self, name: str, number: object) -> Survey:
        """Return the survey with one more number."""
        numbers = {**self._numbers, self._prefix + name: number}
        return Survey(numbers, rounding=self._rounding, prefix=self._prefix)

    def closed(self) -> Survey:
        """Return the survey as it holds for the tiles: nothing is noted any more."""
        return Survey(dict(self._numbers), rounding=self._rounding, prefix=self._prefix)


def being_made() -> Survey:
    """Return a survey that notes what is measured."""
    return Survey(noting=True, rounding=True)


OWN = Survey()
"""Of an image that is looked at as a whole: everything is measured on itself."""
_LARGE_OWN = Survey(rounding=True)


def holding_for(image: Plane, survey: Survey) -> Survey:
    """Return a survey, where it is an image's own one that rounds if the image is large."""
    return _LARGE_OWN if survey is OWN and max(image.shape[:2]) > LARGE else survey
