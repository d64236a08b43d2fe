"""Sessions on deterministic backends, with or without an image."""

from __future__ import annotations

import pytest

from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source


@pytest.fixture
def empty() -> Session:
    return Session(backends=fake_backends)


@pytest.fixture
def session(empty: Session) -> Session:
    """On the image of two bright squares and a grey one."""
    empty.open(source())
    return empty


@pytest.fixture
def suggested(session: Session) -> Session:
    session.add_classes("bright; grey: dim, square; gone")
    session.suggest()
    return session


@pytest.fixture
def segmented(suggested: Session) -> Session:
    suggested.accept("bright", "grey")
    suggested.run()
    return suggested
