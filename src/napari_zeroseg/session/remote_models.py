"""Models on servers: what they offer, their tokens, and how they take the place of models of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_zeroseg.backends.llm.keys import store_key
from napari_zeroseg.backends.remote.address import Address, Place, place_of
from napari_zeroseg.backends.remote.client import known_servers, server_at
from napari_zeroseg.core.consent import PERSON, Consent, TextKind
from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from napari_zeroseg.backends.remote.wire import About, Offer

BUILT_IN = "embedded:"


@dataclass(frozen=True, slots=True)
class Offered:
    """What a server offers.

    Parameters
    ----------
    recipient : str
        Host and port.
    program : str
        The version of napari-zeroseg there.
    names : mapping of str to tuple of str
        The backends' names by role.
    """

    recipient: str
    program: str
    names: Mapping[str, tuple[str, ...]]

    @property
    def count(self) -> int:
        """Number of different models."""
        return len({name for names in self.names.values() for name in names})

    def instead_of(self, role: str, name: str) -> str:
        """Return which model takes the place of one of this machine; its own name where there is none.

        The same model if it is offered, else the first that is more than built in.
        """
        there = self.names.get(role, ())
        place = place_of(name)
        own = name if place is None else place.model
        same = [n for n in there if _model(n) == own]
        larger = [n for n in there if not _model(n).startswith(BUILT_IN)]
        return next(iter(same + larger), name)


def ask_offers(url: str) -> Offered:
    """Ask a server what it offers; waits for some seconds at most.

    Raises
    ------
    RemoteError
        When it cannot be asked.
    """
    address = Address.parse(url)
    return _offered(address, server_at(address).about())


def keep_token(url: str, token: str) -> None:
    """Put the token of a server into the system's keyring.

    Raises
    ------
    RemoteError, KeyProblemError
        When it is none, or there is no keyring.
    """
    address = Address.parse(url)
    store_key(address, token)
    server_at(address).forget_token()


def recipient_of(url: str) -> str:
    """Return host and port of an address, or raise RemoteError where it is none."""
    return Address.parse(url).recipient


def earlier_servers(consent: Consent = PERSON) -> tuple[str, ...]:
    """Return the addresses of the servers to which images may be sent."""
    return tuple(sorted(to for kind, to in consent.granted if kind is TextKind.IMAGES))


def names_on_servers(role: str) -> tuple[str, ...]:
    """Return the names of the backends for a role on the servers that were asked."""
    return tuple(
        Place(server.address, offer.model).name
        for server in known_servers()
        if server.known is not None
        for offer in server.known.offers
        if offer.role == role
    )


def offered(place: Place, role: str) -> Offer | None:
    """Return what a server has said of a model; None where it was not asked."""
    about = server_at(place.address).known
    offers = about.offers if about else ()
    return next((o for o in offers if (o.role, o.model) == (role, place.model)), None)


def title_of(name: str) -> str:
    """Return a backend's name for a person."""
    try:
        place = place_of(name)
    except ZeroSegError:
        return name
    return name if place is None else f"{place.model} on {place.address.recipient}"


def _model(name: str) -> str:
    return Place.parse(name.partition(":")[2]).model


def _offered(address: Address, about: About) -> Offered:
    names: dict[str, list[str]] = {}
    for offer in about.offers:
        names.setdefault(offer.role, []).append(Place(address, offer.model).name)
    return Offered(address.recipient, about.program, {role: tuple(found) for role, found in names.items()})
