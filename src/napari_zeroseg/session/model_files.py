"""Which models can be chosen, what each needs on this machine, and how its files come here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_zeroseg.backends import packages
from napari_zeroseg.backends.catalog import ENTRIES, PROFILES
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.models import Model, model, sharing
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.backends.remote.address import place_of
from napari_zeroseg.backends.weights import download as downloads
from napari_zeroseg.backends.weights.own_copies import use_own
from napari_zeroseg.backends.weights.store import remove
from napari_zeroseg.backends.weights.verify import verify
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.session.remote_models import names_on_servers, offered, title_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.backends.remote.address import Place
    from napari_zeroseg.backends.weights.download import Progress
    from napari_zeroseg.core.recipe import Recipe

PROFILE_NAMES = tuple(PROFILES)
VISION_ROLES = tuple(str(role) for role in Role if role is not Role.REFINER)
"""The roles that look at the image, of all methods; the refiner is chosen apart."""
Tell = Callable[[str, int, int], None]
"""Hears the model's name, the bytes that came, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one model needs, for a person.

    Parameters
    ----------
    name : str
        Of the backend.
    roles : tuple of str
        What it is chosen for.
    summary, licence : str
        One line each.
    source : str
        Repository and revision that its files come from; empty where there are none.
    terms : str
        Page of the terms to accept before the download; empty for none.
    size : int
        Bytes that are still to be downloaded.
    memory : int
        Bytes that it takes when it is loaded, about.
    place : str
        Where its files are: ``"built in"``, ``"downloaded"``, …; empty while they are not here.
    problem : str
        Why it will not run here even then, and what to type; empty if it will.
    """

    name: str
    roles: tuple[str, ...]
    summary: str
    licence: str
    source: str
    terms: str
    size: int
    memory: int
    place: str
    problem: str

    @property
    def is_here(self) -> bool:
        return bool(self.place)

    @property
    def title(self) -> str:
        """The name for a person."""
        return title_of(self.name)


def choices(role: str) -> tuple[str, ...]:
    """Return the names of the backends for a role: of this machine, and of servers that were asked."""
    here = tuple(entry.name for entry in ENTRIES if entry.role == role and not entry.is_open)
    return here + names_on_servers(role)


def chosen(recipe: Recipe) -> dict[str, str]:
    """Return the backend of each role of the method that looks at the image."""
    return {str(role): name for role, name in names_of(recipe).items() if role is not Role.REFINER}


def needs(recipe: Recipe) -> tuple[Need, ...]:
    """Return what the models of a recipe need, each once; looks at the disk, not at a server."""
    roles = chosen(recipe)
    return tuple(
        _need(model(name), tuple(role for role, n in roles.items() if n == name))
        for name in dict.fromkeys(roles.values())
    )


def _need(one: Model, roles: tuple[str, ...]) -> Need:
    place = place_of(one.name)
    if place is not None:
        return _need_on_server(one, roles, place)
    found, absent = one.status, packages.missing(one.packages)
    missing = f"Not installed: {', '.join(absent)}. Type: {packages.line(absent)}" if absent else ""
    return Need(
        name=one.name,
        roles=roles,
        summary=one.summary,
        licence=one.licence,
        source=f"{one.weights.repository}, {one.weights.revision}" if one.weights else "",
        terms=one.weights.terms if one.weights else "",
        size=found.size if found else 0,
        memory=one.memory,
        place="built in" if found is None else str(found.place) if found.present else "",
        problem=missing or one.too_large,
    )


def _need_on_server(one: Model, roles: tuple[str, ...], place: Place) -> Need:
    told = offered(place, roles[0])
    return Need(
        name=one.name,
        roles=roles,
        summary=told.summary if told else one.summary,
        licence=told.licence if told else one.licence,
        source="",
        terms="",
        size=0,
        memory=0,
        place="on a server",
        problem="",
    )


def fetch(names: Iterable[str], tell: Tell) -> None:
    """Download the files of models that are not here, one after the other.

    May be called from any thread; the present cancellation ends it.

    Raises
    ------
    CancelledError
        When it is called off.
    DownloadError
        When a file cannot be fetched; what came is kept.
    MissingBackendError
        When a model is too large for this machine.
    """
    for one in map(model, names):
        if one.weights is not None:
            _refuse_too_large(one)
            downloads.download(one.name, one.weights, _telling(one.name, tell))


def _telling(name: str, tell: Tell) -> Callable[[Progress], None]:
    return lambda progress: tell(name, progress.done, progress.total)


def _refuse_too_large(one: Model) -> None:
    if one.too_large:
        raise MissingBackendError(one.too_large, remedy="Choose a smaller model.")


def check_files(name: str) -> tuple[str, ...]:
    """Read the files of a model, compare them with their checksums, and say what was found of each."""
    one = model(name)
    findings = verify(one.name, one.weights) if one.weights else []
    return tuple(f"{f.file}: {f.verdict}{f.detail and f' ({f.detail})'}" for f in findings)


def remove_files(name: str) -> int:
    """Delete the downloaded files of a model and return the bytes set free.

    Raises
    ------
    BadFileError
        When the files are a person's own, or shared with other programs.
    """
    one = model(name)
    return remove(one.name, one.weights) if one.weights else 0


def use_own_copy(name: str, path: Path) -> None:
    """Load a model from a person's own folder, or file, from now on.

    Raises
    ------
    MissingBackendError, BadFileError
        When there are no files to load for it, or they are not there.
    """
    one = model(name)
    if one.weights is None:
        raise MissingBackendError(f"'{name}' is built in.", remedy="Nothing is to be done.")
    for other in sharing(one):
        use_own(other.name, one.weights, path)
