"""Asking a server: with consent and the token, sending each plane when the server does not have it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from napari_zeroseg.backends.llm.keys import find_key
from napari_zeroseg.backends.remote import wire
from napari_zeroseg.backends.remote.address import TOKEN_VARIABLE, Address
from napari_zeroseg.backends.remote.connection import Line
from napari_zeroseg.backends.remote.problems import RemoteError
from napari_zeroseg.backends.remote.verbs import ABOUT_PATH, PLANES_PATH
from napari_zeroseg.core.consent import PERSON, Consent
from napari_zeroseg.core.plain_text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from napari_zeroseg.backends.remote.connection import Reply
    from napari_zeroseg.backends.remote.verbs import Verb
    from napari_zeroseg.core.consent import Letter
    from napari_zeroseg.core.image import Plane

A = TypeVar("A", bound=BaseModel)
Q = TypeVar("Q", bound=BaseModel)

_log = logging.getLogger(__name__)

SENDINGS = 8
"""How often planes are sent for one question before the server's memory counts as too small for them."""
_ME = uuid.uuid4().hex
_OK = 200


class RemoteServer:
    """A server of models, as this program knows it.

    Parameters
    ----------
    address : Address
        Where it is.
    consent : Consent, optional
        Is asked before anything of an image or its words leaves this program.
    line : Line, optional
        How it is reached.
    token : callable, optional
        Finds its token; one that is refused is looked for again at the next request.
    """

    def __init__(
        self,
        address: Address,
        consent: Consent = PERSON,
        line: Line | None = None,
        token: Callable[[Address], SecretStr | None] = find_key,
    ) -> None:
        self.address = address
        self._consent = consent
        self._line = line or Line(address)
        self._token = token
        self._about: wire.About | None = None
        self._secret: SecretStr | None = None

    def __repr__(self) -> str:
        return f"RemoteServer({self.address.url!r})"

    @property
    def known(self) -> wire.About | None:
        """What it last said of itself; None before it was asked."""
        return self._about

    def about(self) -> wire.About:
        """Ask the server what it offers; nothing but the token is sent.

        Raises
        ------
        RemoteError
            When it does not answer, refuses the token, or speaks another protocol.
        """
        found = self._read(wire.About, self._asked("GET", ABOUT_PATH))
        if found.protocol != wire.PROTOCOL:
            raise RemoteError(
                f"{self.address.recipient} speaks protocol {found.protocol} and this program "
                f"{wire.PROTOCOL}.",
                remedy="Install the same version of napari-zeroseg on both machines.",
            )
        self._about = found
        return found

    def ask(
        self, verb: Verb[Q, A], question: Q, letter: Letter, planes: Mapping[str, Plane] | None = None
    ) -> A:
        """Return the answer to a question, sending the planes that it names where the server lacks them.

        Parameters
        ----------
        verb : Verb
            What is asked.
        question : BaseModel
            The question.
        letter : Letter
            What is sent, for the person to agree.
        planes : mapping of str to ndarray, optional
            The planes by their digests.

        Raises
        ------
        CancelledError
            When the work is called off.
        NotConsentedError
            When nobody has agreed.
        RemoteError
            When there is no answer.
        """
        self._consent.require(letter)
        about = self._about or self.about()
        body = question.model_dump_json().encode()
        self._refuse_large(len(body), about.max_question_bytes)
        for _ in range(SENDINGS):
            reply = self._line.ask("POST", verb.path, self._headers("application/json"), body)
            if reply.status == _OK:
                return self._read(verb.answer, reply)
            problem = _problem(reply)
            missing = (planes or {}).get(problem.plane) if problem else None
            if problem is None or problem.kind != "unknown plane" or missing is None:
                raise self._explained(reply, problem)
            self._send(problem.plane, missing, about)
        raise RemoteError(
            f"The memory of {self.address.recipient} is too small for the images that are sent to it.",
            remedy="Start the server with a larger --cache, or ask it about fewer images at once.",
        )

    def _send(self, digest: str, plane: Plane, about: wire.About) -> None:
        height, width = plane.shape[:2]
        if height * width > about.max_pixels:
            raise RemoteError(
                f"{self.address.recipient} takes images of at most {about.max_pixels / 1e6:.1f} megapixels, "
                f"and this one has {height * width / 1e6:.1f}.",
                remedy="Choose a smaller tile under Settings, or start the server with --max-megapixels.",
            )
        channels, raw = wire.packed(plane)
        path = f"{PLANES_PATH}/{digest}?height={height}&width={width}&channels={channels}"
        self._read(wire.Ready, self._asked("PUT", path, "application/octet-stream", raw))

    def _refuse_large(self, size: int, largest: int) -> None:
        if size > largest:
            raise RemoteError(
                f"What is asked takes {size / 1e6:.1f} MB, and {self.address.recipient} takes "
                f"{largest / 1e6:.1f} MB.",
                remedy="Ask about fewer or smaller masks at once.",
            )

    def _asked(self, method: str, path: str, kind: str = "", body: bytes = b"") -> Reply:
        reply = self._line.ask(method, path, self._headers(kind), body)
        if reply.status != _OK:
            raise self._explained(reply, _problem(reply))
        return reply

    def _headers(self, kind: str) -> dict[str, str]:
        self._secret = self._secret or self._token(self.address)  # to ask a keyring takes a while
        secret = {"Authorization": f"Bearer {self._secret.get_secret_value()}"} if self._secret else {}
        typed = {"Content-Type": kind} if kind else {}
        own = {"User-Agent": "napari-zeroseg", "Accept-Encoding": "identity", wire.CLIENT_HEADER: _ME}
        return own | typed | secret

    def _read(self, kind: type[A], reply: Reply) -> A:
        try:
            return kind.model_validate_json(reply.body)
        except ValidationError as error:
            _log.info("The answer of %s cannot be read: %s", self.address.recipient, _first(error))
            raise self.unreadable() from None

    def unreadable(self) -> RemoteError:
        """Return the problem that an answer makes no sense."""
        return RemoteError(
            f"{self.address.recipient} gave an answer that makes no sense.",
            remedy="Check that napari-zeroseg runs there, in the same version; or choose models of this "
            "machine under Models.",
        )

    def _explained(self, reply: Reply, problem: wire.Problem | None) -> RemoteError:
        who = self.address.recipient
        if reply.status == 401:
            self._secret = None
            return RemoteError(
                f"{who} refused the token.",
                remedy=f"Give the server's present token under Models, Models of a server…, or in the "
                f"environment variable {TOKEN_VARIABLE}.",
            )
        if problem is not None:
            said = plain(problem.happened, 300) or problem.kind
            return RemoteError(f"{who} says: {self._clean(said)}", remedy=self._remedy(problem))
        if 300 <= reply.status < 400:
            return RemoteError(
                f"{who} sends requests on to another address; it was not followed.",
                remedy="Give the final address of the server yourself, if you trust it.",
            )
        return RemoteError(
            f"{who} answered with error {reply.status}.",
            remedy="Check that the address is that of 'napari-zeroseg serve'.",
        )

    def _remedy(self, problem: wire.Problem) -> str:
        return self._clean(plain(problem.remedy, 300)) or "Try again, or choose another model under Models."

    def _clean(self, text: str) -> str:
        """Take the token out of what a server says of it."""
        return text.replace(self._secret.get_secret_value(), "…") if self._secret else text

    def forget_token(self) -> None:
        """Look for the token again at the next request: there is another one."""
        self._secret = None


_servers: dict[Address, RemoteServer] = {}


def server_at(address: Address) -> RemoteServer:
    """Return the server at an address; there is one for all models of it."""
    return _servers.setdefault(address, RemoteServer(address))


def known_servers() -> tuple[RemoteServer, ...]:
    """Return the servers that have said in this program what they offer."""
    return tuple(server for server in tuple(_servers.values()) if server.known is not None)


def _problem(reply: Reply) -> wire.Problem | None:
    try:
        return wire.Problem.model_validate_json(reply.body)
    except ValidationError:
        return None


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
