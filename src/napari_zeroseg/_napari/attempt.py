"""Tries what a person asked for in the viewer, and tells her why it could not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_zeroseg.session.session import Session


def attempt(session: Session, action: Callable[[], None]) -> bool:
    """Say whether the action could be done; a problem goes to the session's listeners."""
    try:
        action()
    except ZeroSegError as error:
        session.problem_raised.emit(error)
        return False
    return True
