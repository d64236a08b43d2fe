"""The paths of the server, and what is documented of them."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError as FutureCancelledError
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

import napari_zeroseg
from napari_zeroseg.backends.remote import verbs, wire
from napari_zeroseg.backends.remote.problems import BadWireError
from napari_zeroseg.backends.remote.verbs import ABOUT_PATH, PLANES_PATH, Verb
from napari_zeroseg.core.cancellation import CancelledError
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.image import MAX_SIDE, MIN_SIDE
from napari_zeroseg.server.desk import Desk
from napari_zeroseg.server.limits import Limits
from napari_zeroseg.server.refusals import STATUS, RefusedError, stopping
from napari_zeroseg.server.turns import Turns

_log = logging.getLogger(__name__)

ALL = (
    verbs.TAG, verbs.CAPTION, verbs.SUGGEST, verbs.MATCH, verbs.DETECT, verbs.EMBED, verbs.SEGMENT,
    verbs.SEEK, verbs.FEATURES, verbs.DETAIL, verbs.CLASSIFY, verbs.ENCODE,
)  # fmt: skip
_REF = "#/components/schemas/{model}"
_CLIENT = re.compile(r"[0-9a-f]{8,64}")
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": wire.Problem} for status in (*STATUS.values(), 405, 411, 415, 503)
}


def make_app(desk: Desk, turns: Turns, limits: Limits) -> FastAPI:
    """Return the program that answers; who may ask is checked before it.

    Parameters
    ----------
    desk : Desk
        Knows models and images.
    turns : Turns
        In which questions come to the models.
    limits : Limits
        What clients are told, and what images are checked against.
    """
    app = FastAPI(
        title="napari-zeroseg",
        version=napari_zeroseg.__version__,
        description="Models of one machine for others, see docs/server.md.",
        openapi_url=f"/v{wire.PROTOCOL}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,
        # the token has been checked; this tells readers of the schema that there is one
        dependencies=[Depends(HTTPBearer(auto_error=False))],
    )
    about = wire.About(
        protocol=wire.PROTOCOL,
        program=napari_zeroseg.__version__,
        offers=desk.offers,
        max_pixels=limits.max_pixels,
        max_question_bytes=limits.max_question_bytes,
    )
    app.get(ABOUT_PATH, response_model=wire.About)(_always(_json(about)))
    _add_planes(app, desk, limits)
    for verb in ALL:
        _add_verb(app, verb, desk, turns)
    _add_refusals(app)
    _document_questions(app)
    return app


def _json(document: BaseModel) -> Callable[[], Response]:
    return lambda: Response(document.model_dump_json(), media_type="application/json")


def _always(make: Callable[[], Response]) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        return make()

    return answer


def _add_planes(app: FastAPI, desk: Desk, limits: Limits) -> None:
    async def put_plane(
        request: Request,
        digest: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
        height: Annotated[int, Query(ge=1)],
        width: Annotated[int, Query(ge=1)],
        channels: Annotated[int, Query(ge=1, le=3)],
    ) -> Response:
        _check_size(height, width, channels, limits)
        body = await request.body()

        def keep() -> None:
            desk.keep(digest, wire.unpacked(body, height, width, channels))

        await asyncio.to_thread(keep)
        return _json(wire.Ready())()

    bytes_of_it = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    app.put(
        f"{PLANES_PATH}/{{digest}}",
        response_model=wire.Ready,
        openapi_extra={"requestBody": {"required": True, "content": bytes_of_it}},
    )(put_plane)


def _check_size(height: int, width: int, channels: int, limits: Limits) -> None:
    sides = (height, width)
    if min(sides) < MIN_SIDE or max(sides) > MAX_SIDE or channels == 2:
        raise RefusedError("refused", "An image of this size is not taken.")
    if height * width > limits.max_pixels:
        raise RefusedError("too large", f"At most {limits.max_pixels} pixels are taken.")


def _add_verb(app: FastAPI, verb: Verb[Any, Any], desk: Desk, turns: Turns) -> None:
    async def answer(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusedError("bad request", "A question comes as application/json.", status=415)
        question = await asyncio.to_thread(_read, verb, await request.body())
        work = desk.prepared(verb, question)
        content = await _answered(request, turns, lambda: work().model_dump_json().encode())
        return Response(content, media_type="application/json")

    form = {"application/json": {"schema": {"$ref": _REF.format(model=verb.question.__name__)}}}
    app.post(
        verb.path,
        response_model=verb.answer,
        name=verb.name,
        openapi_extra={"requestBody": {"required": True, "content": form}},
    )(answer)


def _read(verb: Verb[Any, Any], body: bytes) -> Any:
    try:
        return verb.question.model_validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise RefusedError("refused", f"{where}: {first['msg']}.") from None


async def _answered(request: Request, turns: Turns, work: Callable[[], bytes]) -> bytes:
    """Wait for the turn of a question, or call it off when its client leaves."""
    turn = turns.take(_client_of(request), work)
    answer: asyncio.Future[bytes] = asyncio.wrap_future(turn.answer)
    gone = asyncio.ensure_future(_gone(request))
    try:
        either: set[asyncio.Future[Any]] = {answer, gone}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise CancelledError
        return await answer
    except (CancelledError, FutureCancelledError, asyncio.CancelledError):
        raise stopping() from None  # or the client is gone, and hears nothing
    except (RefusedError, BadWireError, ZeroSegError):
        raise
    except MemoryError:
        raise RefusedError("failed", "The server has not enough memory for this.") from None
    except Exception as error:
        _log.exception("A model failed")
        raise RefusedError("failed", "The model failed; the server's log says why.") from error
    finally:
        gone.cancel()
        answer.cancel()
        turn.call_off()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _client_of(request: Request) -> str:
    """Return who asks: what a program calls itself, or where it is."""
    named = request.headers.get(wire.CLIENT_HEADER, "")
    return named if _CLIENT.fullmatch(named) else str(request.client.host if request.client else "")


def _add_refusals(app: FastAPI) -> None:
    async def refused(_request: Request, error: Exception) -> Response:
        return _refusal(error).response()

    for kind in (RefusedError, BadWireError, ZeroSegError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, refused)


def _refusal(error: Exception) -> RefusedError:
    match error:
        case RefusedError():
            return error
        case BadWireError():
            return RefusedError("refused", f"{error}.")
        case ZeroSegError():
            return RefusedError("refused", error.happened, error.remedy)
        case RequestValidationError():
            first = error.errors()[0]
            return RefusedError("refused", f"{first['loc'][-1]}: {first['msg']}.")
        case HTTPException():
            headers = dict(error.headers or {})
            return RefusedError("bad request", str(error.detail), status=error.status_code, headers=headers)
    raise error


def _document_questions(app: FastAPI) -> None:
    """Put the forms of questions into the schema: they are read here, and not by the framework."""
    plain = app.openapi

    def with_questions() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            kinds = list({verb.question: None for verb in ALL})
            _, forms = models_json_schema([(kind, "validation") for kind in kinds], ref_template=_REF)
            schema["components"]["schemas"] |= forms["$defs"]
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = with_questions  # type: ignore[method-assign]
