"""Label windows as runs of equal values, which JSON can hold."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_PIXELS = 1 << 30
MOST_RUNS = 1 << 24

_Count = Annotated[int, Field(ge=0, le=MOST_PIXELS)]
_Value = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]


class Runs(BaseModel):
    """A window of labels.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns.
    values : tuple of int
        Of each run, row after row from the top left.
    lengths : tuple of int
        Pixels of each run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: tuple[_Count, _Count]
    values: Annotated[tuple[_Value, ...], Field(max_length=MOST_RUNS)]
    lengths: Annotated[tuple[_Count, ...], Field(max_length=MOST_RUNS)]

    @classmethod
    def of(cls, window: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> Runs:
        """Return the runs of a window, shape (h, w)."""
        flat = window.ravel()
        starts = np.flatnonzero(
            np.diff(flat.astype(np.int64), prepend=np.int64(flat[0]) - 1 if flat.size else 0)
        )
        lengths = np.diff(starts, append=flat.size)
        height, width = window.shape
        return cls(shape=(height, width), values=flat[starts].astype(int).tolist(), lengths=lengths.tolist())

    @model_validator(mode="after")
    def _check_lengths(self) -> Runs:
        pixels = self.shape[0] * self.shape[1]
        if pixels > MOST_PIXELS or len(self.values) != len(self.lengths) or sum(self.lengths) != pixels:
            raise ValueError("the runs do not fill the window")
        return self

    def window(self) -> NDArray[np.int32]:
        """Return the labels, shape (h, w)."""
        return np.repeat(np.array(self.values, np.int32), self.lengths).reshape(self.shape)
