"""Why a request gets no answer, as every part of the server says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

from napari_zeroseg.backends.remote.wire import Problem, ProblemKind

STATUS: dict[ProblemKind, int] = {
    "bad request": 400,
    "token": 401,
    "unknown model": 404,
    "slow": 408,
    "unknown plane": 409,
    "too large": 413,
    "refused": 422,
    "busy": 429,
    "failed": 500,
}


@dataclass(eq=False)
class RefusedError(Exception):
    """A request that is refused.

    Parameters
    ----------
    kind : str
        For programs.
    happened, remedy : str
        For a person.
    plane : str
        The digest of the image that is to be sent.
    status : int, optional
        Of HTTP; that of the kind by default.
    headers : mapping, optional
        Of the answer.
    """

    kind: ProblemKind
    happened: str
    remedy: str = ""
    plane: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the answer, which tells nothing of how the program is built."""
        problem = Problem(
            kind=self.kind, happened=self.happened[:2000], remedy=self.remedy[:2000], plane=self.plane
        )
        return Response(
            problem.model_dump_json(),
            self.status or STATUS[self.kind],
            dict(self.headers),
            media_type="application/json",
        )


def busy(happened: str, seconds: int = 1) -> RefusedError:
    """Return that a client is to ask again soon."""
    return RefusedError("busy", happened, headers={"Retry-After": str(seconds)})


def stopping() -> RefusedError:
    """Return that the server ends, and that whoever starts it again will answer."""
    return RefusedError("busy", "The server is being stopped.", status=503, headers={"Retry-After": "1"})
