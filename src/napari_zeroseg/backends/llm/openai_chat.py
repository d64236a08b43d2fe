"""A chat model on any server that speaks OpenAI's protocol."""

from __future__ import annotations

import asyncio
import email.utils
import itertools
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, SecretStr, ValidationError

from napari_zeroseg.backends.llm import abortable
from napari_zeroseg.backends.llm.chat import Question, Reply, Usage
from napari_zeroseg.backends.llm.keys import find_key
from napari_zeroseg.backends.llm.problems import BadServerError, ChatError, KeyProblemError
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.core.plain_text import plain

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

    from napari_zeroseg.backends.llm.servers import Server

SCHEMA, OBJECT, TEXT = range(3)
"""Rungs of the ladder: json_schema, json_object with the schema in it, the prompt alone."""

TEMPERATURE_STEP = 0.3
THINKING_TOKENS = 4000  # models that count by max_completion_tokens think before they answer
MAX_MODELS = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait and how much to take.

    Parameters
    ----------
    connect_s, request_s : float
        Seconds until a connection is there, and until an answer is complete.
    retries : int
        Further requests after failures that may pass.
    pause_s, longest_pause_s : float
        Seconds before the first retry, doubled each time; more than the longest is not waited for.
    max_bytes : int
        Longest answer.
    """

    connect_s: float = 10.0
    request_s: float = 120.0
    retries: int = 3
    pause_s: float = 0.5
    longest_pause_s: float = 60.0
    max_bytes: int = 2_000_000


class _Choice(BaseModel):
    class Said(BaseModel):
        content: str | None = None

    message: Said


class _Tokens(BaseModel):
    prompt_tokens: int = Field(0, ge=0)
    completion_tokens: int = Field(0, ge=0)


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Tokens | None = None


class _ModelList(BaseModel):
    class Model(BaseModel):
        id: str

    data: list[Model]


class OpenAIChat:
    """Asks a server; learns on the way what it understands.

    Parameters
    ----------
    server : Server
        Where.
    model : str
        Which model there.
    key : callable, optional
        Finds the server's key at every call; it is not kept.
    limits : Limits, optional
        Time and size.
    """

    def __init__(
        self,
        server: Server,
        model: str,
        key: Callable[[Server], SecretStr | None] = find_key,
        limits: Limits = Limits(),
    ) -> None:
        self._server = server
        self._model = model
        self._key = key
        self._limits = limits
        self._rung = SCHEMA
        self._rung_works = False
        self._counts_thinking = False
        self._takes_temperature = True

    def __repr__(self) -> str:
        return f"OpenAIChat({self._model!r} at {self._server.recipient!r})"

    @property
    def model(self) -> str:
        return self._model

    @property
    def server(self) -> Server:
        return self._server

    @property
    def recipient(self) -> str:
        return self._server.recipient

    def complete(self, question: Question, attempt: int = 0) -> Reply:
        """Return one answer, see :class:`~napari_zeroseg.backends.llm.chat.Chat`."""

        async def once(client: AsyncOpenAI) -> bytes:
            request = self._request(question, attempt)
            raw = await client.chat.completions.with_raw_response.create(**request)
            return bytes(raw.http_response.content)

        content = self._patiently(once, self._asks_less)
        self._rung_works = True
        return _reply(content)

    def models(self) -> list[str]:
        """Return the names of the models that the server offers, sorted."""

        async def once(client: AsyncOpenAI) -> bytes:
            return bytes((await client.models.with_raw_response.list()).http_response.content)

        try:
            listed = _ModelList.model_validate_json(self._patiently(once)).data
        except ValidationError:
            raise ChatError(f"{self.recipient} did not answer with a list of models.") from None
        return sorted(plain(model.id, 200) for model in listed[:MAX_MODELS])

    def _request(self, question: Question, attempt: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.text} for m in question.messages],
        }
        if self._counts_thinking:
            request["max_completion_tokens"] = question.max_tokens + THINKING_TOKENS
        else:
            request["max_tokens"] = question.max_tokens
        if self._takes_temperature:
            request["temperature"] = TEMPERATURE_STEP * attempt
        form = _response_format(max(self._rung, min(attempt, TEXT)), question.schema)
        return request | ({"response_format": form} if form else {})

    def _patiently(
        self,
        once: Callable[[AsyncOpenAI], Awaitable[bytes]],
        asks_less: Callable[[APIStatusError], bool] = lambda _error: False,
    ) -> bytes:
        """Ask again after failures that may pass, or that a simpler request can avoid."""
        _require_openai()
        _keep_headers_out_of_logs()
        secret = self._key(self._server)

        async def work() -> bytes:
            async with self._client(secret) as client:
                return await self._retried(client, once, asks_less, _redactor(secret))

        return abortable.run(work)

    def _client(self, secret: SecretStr | None) -> AsyncOpenAI:
        import httpx2
        from openai import AsyncOpenAI

        from napari_zeroseg.backends.llm.bounded import bounding, plain_headers

        http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(self._limits.request_s, connect=self._limits.connect_s),
            follow_redirects=False,  # another host must not get the key
            trust_env=not self._server.is_loopback,  # what is meant for this machine goes to no proxy
            event_hooks={"request": [plain_headers], "response": [bounding(self._limits.max_bytes)]},
        )
        return AsyncOpenAI(
            base_url=self._server.url,
            api_key=secret.get_secret_value() if secret else "none",
            max_retries=0,
            http_client=http,
            default_headers={"Accept-Encoding": "identity"},
        )

    async def _retried(
        self,
        client: AsyncOpenAI,
        once: Callable[[AsyncOpenAI], Awaitable[bytes]],
        asks_less: Callable[[APIStatusError], bool],
        redact: Callable[[str], str],
    ) -> bytes:
        import openai

        retries = itertools.count()
        while True:
            try:
                async with asyncio.timeout(self._limits.request_s):
                    return await once(client)
            except openai.APIStatusError as error:
                if asks_less(error):
                    continue
                problem, pause = self._explained(error, redact), _pause_asked(error)
                passing = error.status_code in {408, 409, 429} or error.status_code >= 500
                passing = passing and error.code != "insufficient_quota"
            except (TimeoutError, openai.APITimeoutError):
                problem, pause, passing = self._too_slow(), None, False
            except openai.APIConnectionError as error:
                if isinstance(error.__cause__, ChatError):
                    raise error.__cause__ from None
                problem, pause, passing = self._unreachable(), None, True
            await self._wait_or_raise(problem, pause, next(retries), passing=passing)

    async def _wait_or_raise(
        self, problem: ChatError, asked: float | None, retry: int, *, passing: bool
    ) -> None:
        backed_off = self._limits.pause_s * 2**retry * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
        pause = backed_off if asked is None else asked
        if not passing or retry >= self._limits.retries or pause > self._limits.longest_pause_s:
            if not self._rung_works:
                self._rung = SCHEMA  # the failures said nothing about what the server understands
            raise problem from None
        await asyncio.sleep(pause)

    def _asks_less(self, error: APIStatusError) -> bool:
        """Leave out what the server did not understand; False when there is nothing left to leave out."""
        refused = error.param if error.status_code in {400, 422} else None
        if refused == "max_tokens" and not self._counts_thinking:
            self._counts_thinking = True
        elif refused == "temperature" and self._takes_temperature:
            self._takes_temperature = False
        elif error.status_code in {400, 415, 422, 500, 501} and self._rung < TEXT and not self._rung_works:
            self._rung += 1
        else:
            return False
        return True

    def _explained(self, error: APIStatusError, redact: Callable[[str], str]) -> ChatError:
        who, said = self.recipient, _said(error, redact)
        match error.status_code:
            case 401 | 403:
                return KeyProblemError(
                    f"{who} refused the API key{said}", remedy=_how_to_give_a_key(self._server)
                )
            case 404:
                return BadServerError(
                    f"{who} knows no model '{self._model}', or the address is not its base URL{said}",
                    remedy="Choose one of the server's models, and check the address (it often ends in /v1).",
                )
            case 429:
                return ChatError(f"{who} takes no more requests for now{said}")
            case status if 300 <= status < 400:
                return BadServerError(
                    f"{who} sends requests on to another address; it was not followed.",
                    remedy="Give the final address of the server yourself, if you trust it.",
                )
            case status:
                return ChatError(f"{who} answered with error {status}{said}")

    def _too_slow(self) -> ChatError:
        return ChatError(f"{self.recipient} gave no complete answer within {self._limits.request_s:g} s.")

    def _unreachable(self) -> ChatError:
        return ChatError(
            f"{self.recipient} cannot be reached.",
            remedy="Start the server or check the address and the network; "
            "or choose the refiner embedded:book, which needs neither.",
        )


def _response_format(rung: int, schema: dict[str, Any]) -> dict[str, Any] | None:
    if rung == SCHEMA:
        return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    if rung == OBJECT:
        return {"type": "json_object", "schema": schema}
    return None


def _reply(content: bytes) -> Reply:
    try:
        completion = _Completion.model_validate_json(content)
    except ValidationError:
        return Reply("")  # what is no completion holds no answer either: it is asked for again
    tokens = completion.usage or _Tokens(prompt_tokens=0, completion_tokens=0)
    usage = Usage(1, tokens.prompt_tokens, tokens.completion_tokens)
    return Reply(completion.choices[0].message.content or "", usage)


def _pause_asked(error: APIStatusError) -> float | None:
    """Return the seconds of a Retry-After header, in either of its forms."""
    asked = error.response.headers.get("retry-after", "")
    try:
        return max(float(asked), 0.0)
    except ValueError:
        when = email.utils.parsedate_tz(asked)
    return max(email.utils.mktime_tz(when) - time.time(), 0.0) if when else None


def _said(error: APIStatusError, redact: Callable[[str], str]) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return f": {plain(redact(message), 200)}" if isinstance(message, str) and message.strip() else "."


def _redactor(secret: SecretStr | None) -> Callable[[str], str]:
    """Return a function that takes the key out of what a server says of it."""
    key = secret.get_secret_value() if secret else ""
    return lambda text: text.replace(key, "…") if key else text


def _how_to_give_a_key(server: Server) -> str:
    variable = server.key_variable or "the server's settings"
    return f"Store the key in the keyring, or set {variable}; or choose the refiner embedded:book."


def _keep_headers_out_of_logs() -> None:
    """Silence the wire's debug log: it writes out all that a server answers, which can repeat the key."""
    for name in ("httpcore2", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _require_openai() -> None:
    try:
        import openai  # noqa: F401
    except ImportError:
        raise MissingBackendError(
            "The package 'openai' is not installed.",
            remedy="Install it with: pip install 'napari-zeroseg[llm]'",
        ) from None
