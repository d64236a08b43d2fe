"""Where a backend finds its weights on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_zeroseg.backends.weights.store import located

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.backends.entry import Weights


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The weights of one backend.

    Parameters
    ----------
    name : str
        The backend's name in the catalog.
    weights : Weights
        Which files, from where.
    """

    name: str
    weights: Weights

    def folder(self) -> Path:
        """Return the folder that holds all files of the weights.

        Raises
        ------
        MissingBackendError
            When a file is not on this machine; the text says how big the download is and how to
            start it.
        """
        return located(self.name, self.weights)
