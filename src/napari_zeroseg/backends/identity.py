"""Which models a recipe means on this machine: revisions and checksums, as far as they are known."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.backends.remote import address
from napari_zeroseg.backends.weights.manifest import Manifest
from napari_zeroseg.backends.weights.store import Place, status
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.recipe import without_user_info
from napari_zeroseg.core.record import RecordedBackend, RecordedFile

if TYPE_CHECKING:
    from napari_zeroseg.backends.entry import Role, Weights
    from napari_zeroseg.core.recipe import Recipe


def models_of_recipe(recipe: Recipe) -> tuple[RecordedBackend, ...]:
    """Return the backends that a recipe asks, in the order of the roles; looks at the disk.

    Raises
    ------
    MissingBackendError
        When a name is not in the catalog.
    """
    return tuple(identity_of(role, name) for role, name in names_of(recipe).items())


def identity_of(role: Role, name: str) -> RecordedBackend:
    """Return what is known of one model; of a model on a server, what the server has said of it."""
    place = address.place_of(name)
    if place is not None:
        return _told(role, name, place)
    weights = find(role, name).weights
    plain = without_user_info(name)
    if weights is None:
        return RecordedBackend(role=role, name=plain)
    manifest = _manifest(name, weights)
    digests = {file: record.sha256 for file, record in manifest.files.items()}
    commits = {record.commit for record in manifest.files.values() if record.commit}
    return RecordedBackend(
        role=role,
        name=plain,
        repository=weights.repository,
        revision=commits.pop() if len(commits) == 1 else weights.revision,
        files=tuple(
            RecordedFile(name=file.name, sha256=digests.get(file.name) or file.sha256)
            for file in weights.files
        ),
    )


def _told(role: Role, name: str, place: address.Place) -> RecordedBackend:
    from napari_zeroseg.backends.remote.client import server_at

    about = server_at(place.address).known
    offers = about.offers if about else ()
    for offer in offers:
        if (offer.role, offer.model) == (role, place.model):
            files = tuple(RecordedFile(name=file.name, sha256=file.sha256) for file in offer.files)
            return RecordedBackend(
                role=role, name=name, repository=offer.repository, revision=offer.revision, files=files
            )
    return RecordedBackend(role=role, name=name)


def _manifest(name: str, weights: Weights) -> Manifest:
    """Return what is known of downloaded files; of a person's own copies nothing is."""
    found = status(name, weights)
    with suppress(BadFileError):
        return Manifest() if found.place is Place.OWN else Manifest.of(found.folder)
    return Manifest()
