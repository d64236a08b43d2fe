"""What can go wrong with files of models, each with a way on."""

from __future__ import annotations

from napari_zeroseg.core.errors import ZeroSegError

KEPT = "What was downloaded so far is kept, and the next download goes on from there."


class DownloadError(ZeroSegError):
    """Files of a model could not be fetched."""


class OfflineError(DownloadError):
    """Downloads are switched off."""


class NoSpaceError(DownloadError):
    """The disk has too little room for the files."""


class PermissionNeededError(DownloadError):
    """The server gives the files to people who have accepted its terms, and to nobody else."""


class AlteredFileError(DownloadError):
    """What came is not what was published."""
