"""What can go wrong with models on another machine, each with a way on."""

from __future__ import annotations

from napari_zeroseg.core.errors import ZeroSegError

WAY_ON = "Try again, or choose models of this machine under Models."


class RemoteError(ZeroSegError):
    """A server of models could not be asked, or gave no answer."""

    def __init__(self, happened: str, *, remedy: str = WAY_ON) -> None:
        super().__init__(happened, remedy=remedy)


class BadAddressError(RemoteError):
    """What names a model on a server cannot be read, or would be asked where others can listen."""


class BadWireError(ValueError):
    """What came over the wire contradicts itself, or the question it belongs to."""
