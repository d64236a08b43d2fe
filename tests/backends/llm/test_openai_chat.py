from __future__ import annotations

import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest

from napari_zeroseg.backends.llm.chat import Message, Question
from napari_zeroseg.backends.llm.openai_chat import Limits, OpenAIChat
from napari_zeroseg.backends.llm.problems import BadServerError, ChatError, KeyProblemError
from napari_zeroseg.backends.llm.servers import server_at
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from tests.backends.llm.conftest import QUICK
from tests.backends.llm.scripted_server import Answer, error, said

SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
QUESTION = Question((Message("system", "be brief"), Message("user", "hello")), SCHEMA, 50)


def forms(server):
    return [r.get("response_format", {}).get("type") for r in server.requests]


def in_turn(*answers):
    left = list(answers)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


def test_an_answer_comes_with_its_tokens(serve, chat_on):
    server = serve(in_turn(said("hi", 7, 3)))
    reply = chat_on(server).complete(QUESTION)
    assert reply.text == "hi"
    assert (reply.usage.prompt_tokens, reply.usage.answer_tokens) == (7, 3)
    assert server.requests[0]["messages"][1] == {"role": "user", "content": "hello"}
    assert forms(server) == ["json_schema"]


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_without_schemas_is_asked_with_less_and_that_is_remembered(serve, chat_on, status):
    server = serve(lambda r: error(status) if "response_format" in r else said("hi"))
    chat = chat_on(server)
    assert chat.complete(QUESTION).text == "hi"
    chat.complete(QUESTION)
    assert forms(server) == ["json_schema", "json_object", None, None]


def test_the_middle_rung_holds_the_schema(serve, chat_on):
    server = serve(lambda r: said("{}") if r["response_format"]["type"] == "json_object" else error(500))
    assert chat_on(server).complete(QUESTION).text == "{}"
    assert server.requests[1]["response_format"]["schema"] == SCHEMA


def test_models_that_think_get_their_own_parameters(serve, chat_on):
    def script(request):
        for parameter in ("max_tokens", "temperature"):
            if parameter in request:
                return error(400, "unsupported", param=parameter)
        return said("hi")

    server = serve(script)
    assert chat_on(server).complete(QUESTION).text == "hi"
    assert server.requests[-1]["max_completion_tokens"] > 50
    assert forms(server)[-1] == "json_schema"


def test_what_passes_is_tried_again(serve, chat_on):
    server = serve(in_turn(said("one"), error(503), error(429, headers={"Retry-After": "0"}), said("two")))
    chat = chat_on(server)
    chat.complete(QUESTION)
    assert chat.complete(QUESTION).text == "two"
    assert len(server.requests) == 4


def test_retry_after_is_waited_for(serve, chat_on):
    server = serve(in_turn(error(429, headers={"Retry-After": "0.3"}), said("hi")))
    start = time.monotonic()
    chat_on(server).complete(QUESTION)
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize(
    "when", ["3600", formatdate(time.time() + 3600, usegmt=True)], ids=["seconds", "date"]
)
def test_an_hour_is_not_waited_for(serve, chat_on, when):
    server = serve(in_turn(error(429, "slow down", headers={"Retry-After": when})))
    with pytest.raises(ChatError, match=r"no more requests for now: slow down.*embedded:book"):
        chat_on(server).complete(QUESTION)
    assert len(server.requests) == 1


def test_an_empty_account_is_not_asked_again(serve, chat_on):
    server = serve(in_turn(error(429, "no money", code="insufficient_quota")))
    with pytest.raises(ChatError, match="no money"):
        chat_on(server).complete(QUESTION)
    assert len(server.requests) == 1


def test_retries_end(serve, chat_on):
    server = serve(in_turn(error(503, "busy")))
    with pytest.raises(ChatError, match=r"error 503: busy.*embedded:book"):
        chat_on(server).complete(QUESTION)
    assert len(server.requests) == 1 + QUICK.retries


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [(401, KeyProblemError, "refused the API key"), (404, BadServerError, "knows no model 'scripted'")],
)
def test_what_will_not_pass_is_told_at_once(serve, chat_on, status, kind, text):
    server = serve(in_turn(error(status)))
    with pytest.raises(kind, match=text):
        chat_on(server).complete(QUESTION)
    assert len(server.requests) == 1


def test_nothing_is_told_of_the_machine(serve, chat_on):
    server = serve(in_turn(error(503), said("{}"), Answer(body=b'{"data": []}')))
    chat = chat_on(server)
    chat.complete(QUESTION)
    chat.models()
    needed = {
        "host",
        "authorization",
        "accept",
        "accept-encoding",
        "connection",
        "content-type",
        "content-length",
    }
    for sent in server.headers:
        assert set(sent) <= needed | {"user-agent", "x-stainless-raw-response"}
        assert (sent["user-agent"], sent["x-stainless-raw-response"]) == ("napari-zeroseg", "true")
    assert len(server.headers) == 3


def test_a_redirect_is_not_followed(serve, chat_on, monkeypatch):
    monkeypatch.setenv("ZEROSEG_API_KEY", "sk-secret")
    other = serve(in_turn(said("caught you")))
    server = serve(in_turn(Answer(307, headers={"Location": f"{other.url}/chat/completions"})))
    with pytest.raises(BadServerError, match="not followed"):
        chat_on(server).complete(QUESTION)
    assert other.requests == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"\xff\xfe"],
)
def test_what_is_no_completion_holds_no_text(serve, chat_on, body):
    assert chat_on(serve(in_turn(Answer(body=body)))).complete(QUESTION).text == ""


def test_no_content_holds_no_text(serve, chat_on):
    assert chat_on(serve(in_turn(said(None)))).complete(QUESTION).text == ""


def test_a_huge_answer_is_not_read_to_its_end(serve, chat_on):
    with pytest.raises(ChatError, match="too long"):
        chat_on(serve(in_turn(said("x" * 1_000_000)))).complete(QUESTION)


def test_a_huge_error_is_not_read_to_its_end(serve, chat_on):
    with pytest.raises(ChatError, match="too long"):
        chat_on(serve(in_turn(error(401, "x" * 1_000_000)))).complete(QUESTION)


def test_a_compressed_answer_is_refused(serve, chat_on):
    bomb = gzip.compress(bytes(10_000_000))
    server = serve(in_turn(Answer(body=bomb, headers={"Content-Encoding": "gzip"})))
    with pytest.raises(ChatError, match="compressed"):
        chat_on(server).complete(QUESTION)
    assert server.headers[0]["accept-encoding"] == "identity"


def test_a_cut_off_answer_is_asked_for_again(serve, chat_on):
    whole = said("hi")
    server = serve(in_turn(Answer(body=whole.body[:20], cut=100), whole))
    assert chat_on(server).complete(QUESTION).text == "hi"


def test_a_slow_server_is_given_up(serve, chat_on):
    never = threading.Event()
    server = serve(lambda _r: Answer(wait=never))
    with pytest.raises(ChatError, match=r"no complete answer within 0\.2 s"):
        chat_on(server, Limits(request_s=0.2)).complete(QUESTION)
    never.set()


def test_a_server_that_is_not_there_is_told(chat_on):
    gone = OpenAIChat(server_at("http://127.0.0.1:9/v1"), "x", limits=QUICK)
    with pytest.raises(ChatError, match=r"127\.0\.0\.1:9 cannot be reached.*Start the server"):
        gone.complete(QUESTION)


def test_cancel_ends_a_request_that_hangs(serve, chat_on):
    never, cancellation = threading.Event(), Cancellation()
    server = serve(lambda _r: Answer(wait=never))

    def work():
        with cancelled_by(cancellation):
            return chat_on(server, Limits(request_s=60)).complete(QUESTION)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        assert server.arrived.wait(10)
        cancellation.cancel()
        assert isinstance(future.exception(timeout=1), CancelledError)
        never.set()
    _wait_until_chat_threads_end()


def test_what_is_cancelled_already_sends_nothing(serve, chat_on):
    server, cancellation = serve(in_turn(said("hi"))), Cancellation()
    cancellation.cancel()
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        chat_on(server).complete(QUESTION)
    assert server.requests == []


def _wait_until_chat_threads_end():
    for thread in threading.enumerate():
        if thread.name == "zeroseg-chat":
            thread.join(10)
            assert not thread.is_alive()


def test_it_can_be_asked_inside_a_running_loop(serve, chat_on):
    import asyncio

    async def notebook_cell():
        return chat_on(server).complete(QUESTION).text

    server = serve(in_turn(said("hi")))
    assert asyncio.run(notebook_cell()) == "hi"


def test_models_are_listed(serve, chat_on):
    listed = {
        "object": "list",
        "data": [{"id": "b\u202e", "object": "model"}, {"id": "a", "object": "model"}],
    }
    server = serve(in_turn(Answer(body=json.dumps(listed).encode())))
    assert chat_on(server).models() == ["a", "b"]


def test_no_list_of_models_is_told(serve, chat_on):
    with pytest.raises(ChatError, match="list of models"):
        chat_on(serve(in_turn(Answer(body=b"{}")))).models()


def test_a_list_that_fails_is_asked_for_as_often_as_anything_else(serve, chat_on):
    server = serve(in_turn(error(500)))
    with pytest.raises(ChatError, match="error 500"):
        chat_on(server).models()
    assert len(server.headers) == 1 + QUICK.retries
