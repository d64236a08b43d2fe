"""What a reader finds in a file, put together as annotations."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError, BadVocabularyError
from napari_zeroseg.core.instance import Instance, InstanceState, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.export.class_names import UNNAMED, usable_name

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PIXELS = 2**29
"""Of a plane; more than the models' largest, and few enough for the memory."""
MAX_MASK_PIXELS = 2**31
"""Of the windows of all masks of a file together."""
MAX_ID = 2**31 - 1
_STATES = frozenset(InstanceState)
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


class Gathering:
    """Classes and instances of one image, as they come out of a file that nobody has checked.

    Parameters
    ----------
    frame : Frame
        The image; its planes are the ones that there may be.

    Raises
    ------
    BadFileError
        When the image has no pixels or too many.
    """

    def __init__(self, frame: Frame) -> None:
        height, width = frame.shape
        if not (height > 0 and width > 0 and height * width <= MAX_PIXELS):
            raise BadFileError(f"An image says it is {width} × {height} pixels.")
        self._frame = frame
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._colors: dict[str, str] = {}
        self._instances: list[Instance] = []
        self._ids: set[tuple[str, tuple[int, ...], int]] = set()
        self._highest: defaultdict[str, int] = defaultdict(int)
        self._pixels = 0
        self._left_out: Counter[str] = Counter()

    def declare(self, name: str, color: str = "") -> str:
        """Take a class, and return what it is called from now on."""
        if name not in self._names:
            self._names[name] = usable_name(name or UNNAMED, self._taken)
        known = self._names[name]
        if _COLOR.fullmatch(color):
            self._colors.setdefault(known, color.lower())
        return known

    def add(
        self,
        name: str,
        mask: Mask,
        *,
        number: object = None,
        score: object = None,
        state: object = None,
        plane: tuple[int, ...] = (),
    ) -> None:
        """Take an instance; what a file does not tell or tells wrongly is left at its usual value.

        Parameters
        ----------
        name : str
            Its class, as the file calls it.
        mask : Mask
            The part of it inside of the plane is kept.
        number : optional
            Its id, if the class has none of it on this plane yet; a new one else.
        score : optional
            0..1; 1 where a person made it, for all that is known.
        state : optional
            Accepted by default: what another tool holds was made or checked by a person, for all
            that is known.
        plane : tuple of int
            Where it lies in the image.
        """
        known = self.declare(name)
        mask = self._inside(mask)
        if not mask.area:
            self.leave_out("object without a pixel in the image")
            return
        if self._frame.grid.planes != ((),) and plane not in self._frame.grid.planes:
            self.leave_out("object on a plane that the image does not have")
            return
        # the mask is kept for as long as it is not known whether there are too many
        self._pixels += mask.pixels.size
        if self._pixels > MAX_MASK_PIXELS:
            raise BadFileError("The masks cover too many pixels to be read.")
        instance_id = self._free_id(known, plane, number)
        self._instances.append(
            Instance(instance_id, known, mask, _score(score), _state(state), Provenance(author="file"), plane)
        )

    def _inside(self, mask: Mask) -> Mask:
        height, width = self._frame.shape
        (y, x), (h, w) = mask.origin, mask.pixels.shape
        if y >= 0 and x >= 0 and y + h <= height and x + w <= width:
            return mask.trimmed()
        rows = slice(min(max(y, 0), height), max(min(y + h, height), 0))
        cols = slice(min(max(x, 0), width), max(min(x + w, width), 0))
        if rows.start >= rows.stop or cols.start >= cols.stop:
            return Mask((0, 0), np.zeros((0, 0), bool))
        return Mask((rows.start, cols.start), mask.within((rows, cols))).trimmed()

    def _free_id(self, name: str, plane: tuple[int, ...], number: object) -> int:
        told = isinstance(number, int) and not isinstance(number, bool) and 0 < number <= MAX_ID
        wanted = number if told and isinstance(number, int) else self._highest[name] + 1
        if (name, plane, wanted) in self._ids:
            wanted = self._highest[name] + 1
        self._ids.add((name, plane, wanted))
        self._highest[name] = max(self._highest[name], wanted)
        return wanted

    def leave_out(self, what: str, count: int = 1) -> None:
        """Note that the file holds something that annotations do not, in the singular."""
        self._left_out[what] += count

    def finish(self, more: Iterable[str] = ()) -> Annotations:
        """Return what was gathered.

        Raises
        ------
        BadFileError
            When there are too many classes.
        """
        try:
            vocabulary = Vocabulary(
                tuple(TargetClass(name, self._colors.get(name, "")) for name in self._names.values())
            )
        except BadVocabularyError as error:
            raise BadFileError(error.happened, remedy=error.remedy) from error
        frame = self._frame
        notes = (*self._notes(), *more)
        return Annotations(frame.image, frame.shape, vocabulary, tuple(self._instances), frame.grid, notes)

    def _notes(self) -> Iterable[str]:
        for old, new in self._names.items():
            if old.strip() not in {new, ""}:
                yield f"The class {old!a} is called '{new}' here."
        for what, count in self._left_out.items():
            yield f"Left out: {count} × {what}."


def _state(value: object) -> InstanceState:
    return InstanceState(value) if isinstance(value, str) and value in _STATES else InstanceState.ACCEPTED


def _score(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        return 1.0
    return float(np.clip(value, 0, 1))
