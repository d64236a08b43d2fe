"""Problems that are told to a person."""

from __future__ import annotations

NOTHING_CHANGED = "Nothing was changed."


class ZeroSegError(Exception):
    """A problem in three sentences: what happened, what was kept, what to do.

    Parameters
    ----------
    happened : str
        One sentence about the problem.
    kept : str, optional
        One sentence about what is still as it was.
    remedy : str, optional
        One sentence about the way on.
    """

    def __init__(self, happened: str, *, kept: str = NOTHING_CHANGED, remedy: str = "") -> None:
        super().__init__(" ".join(part for part in (happened, kept, remedy) if part))
        self.happened = happened
        self.kept = kept
        self.remedy = remedy


class BadImageError(ZeroSegError):
    """The image cannot be segmented as it is."""


class BadVocabularyError(ZeroSegError):
    """A class name or the list of classes cannot be used."""


class MissingBackendError(ZeroSegError):
    """A backend, a package or its weights are not there."""


class BadFileError(ZeroSegError):
    """A file that was read does not hold what it should."""


class ExportError(ZeroSegError):
    """A result could not be written."""


class NotNowError(ZeroSegError):
    """The action makes no sense in the present state."""


class OutsideError(ZeroSegError):
    """A prompt lies outside of the image."""
