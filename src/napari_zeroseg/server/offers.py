"""Which models a server offers: those that are installed, or those that a person names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from napari_zeroseg.backends.doctor import check
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.identity import identity_of
from napari_zeroseg.backends.models import Model, model, models
from napari_zeroseg.backends.remote.address import FAMILY
from napari_zeroseg.backends.remote.wire import Offer, OfferedFile
from napari_zeroseg.core.errors import MissingBackendError

_ELSEWHERE = frozenset((FAMILY, "openai"))
"""Families that would pass on to a third party what clients agreed to send here."""


def offers(names: Iterable[str] = ()) -> tuple[Offer, ...]:
    """Return what can be asked; looks at the disk and the machine, loads nothing.

    Parameters
    ----------
    names : iterable of str, optional
        Of the models that are offered; all that are installed by default. The variant of a local
        language model, ``transformers:MODEL``, must be named.

    Raises
    ------
    MissingBackendError
        When one that is named is not here.
    """
    wanted = tuple(names)
    found = map(_named, wanted) if wanted else _installed()
    return tuple(offer for one in found for offer in _offers_of(one))


def _installed() -> Iterator[Model]:
    return (one for one in models() if not one.entries[0].is_open and check(one).is_ready)


def _named(name: str) -> Model:
    one = model(name)
    if name.partition(":")[0] in _ELSEWHERE:
        raise MissingBackendError(
            f"'{name}' is not on this machine, so that it cannot be offered to others.",
            remedy="Let them ask it themselves.",
        )
    found = check(one)
    if not found.is_ready:
        raise MissingBackendError(
            f"'{name}' cannot be offered: {' '.join(found.problems)}",
            remedy=f"Type: {' && '.join(found.lines)}" if found.lines else "",
        )
    return one


def _offers_of(one: Model) -> Iterator[Offer]:
    for entry in one.entries:
        yield _offer(entry.role, one.name, entry.summary, entry.licence)


def _offer(role: Role, name: str, summary: str, licence: str) -> Offer:
    identity = identity_of(role, name)
    return Offer(
        role=role,
        model=name,
        summary=summary,
        licence=licence,
        repository=identity.repository,
        revision=identity.revision,
        files=tuple(OfferedFile(name=file.name, sha256=file.sha256) for file in identity.files),
    )
