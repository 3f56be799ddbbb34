"""Owns the demo model's HTTP wire: an OpenAI-compatible endpoint that plays the script.

Mounted by `simulator/server.py`. It authenticates, checks, thinks for as long as it is told, notices a client that
leaves, and carries out ordered faults. What is said comes from `script`; it keeps no conversation.
"""

import asyncio
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import web

from simulator.model import token_count
from simulator.model.answers import Answer, make_answer, spoil
from simulator.model.control import ModelControl
from simulator.model.orders import Fault, FaultKind, OrderList, QueuedReply
from simulator.model.request_log import Entry, Outcome, RequestLog
from simulator.model.request_reading import read_request
from simulator.model.script import reply_to
from simulator.model.wire_check import MODELS, check_authorization, check_context, check_request
from simulator.model.wire_errors import Refused

log = structlog.get_logger(__name__)

CLIENT_POLL_S = 0.05
"""How often a waiting request looks whether its client is still there; aiohttp does not tell."""
CLIENT_CLOSED_STATUS = 499
FAULT_WORDS = {
    401: ("Incorrect API key provided.", "invalid_api_key"),
    402: ("Insufficient Balance", "insufficient_balance"),
    404: ("The model does not exist or you do not have access to it.", "model_not_found"),
    429: ("Rate limit reached for requests. Please try again later.", "rate_limit_exceeded"),
    503: ("The engine is currently overloaded, please try again later.", "overloaded"),
}


class _ClientLeft(Exception):
    """The client closed the connection before the answer."""


class DemoModel:
    """An OpenAI-compatible model endpoint that plays a script.

    Mount `routes()`, and call `close()` when the server begins to shut down, so that hanging requests end.

    Args:
        delay_s: how long each answer is thought about; ends early when the client leaves.
    """

    def __init__(self, *, delay_s: float = 0.0) -> None:
        self.requests = RequestLog()
        self.faults: OrderList[Fault] = OrderList()
        self.replies: OrderList[QueuedReply] = OrderList()
        self._delay_s = delay_s
        self._closing = asyncio.Event()

    def routes(self, prefix: str = "/model/v1") -> list[web.RouteDef]:
        """`POST {prefix}/chat/completions`, `GET {prefix}/models[/<id>]`, and the control API (`/control/model`)."""
        return [
            web.post(f"{prefix}/chat/completions", self._chat_completions),
            web.get(f"{prefix}/models", self._models),
            web.get(f"{prefix}/models/{{id}}", self._model),
            *ModelControl(self.faults, self.replies, self.requests).routes(),
        ]

    async def close(self) -> None:
        """End the requests that still wait."""
        self._closing.set()

    async def _models(self, http: web.Request) -> web.Response:
        try:
            check_authorization(http.headers.get("Authorization"))
        except Refused as refused:
            return _error(refused)
        return web.json_response({"object": "list", "data": [_model_json(name) for name in MODELS]})

    async def _model(self, http: web.Request) -> web.Response:
        name = http.match_info["id"]
        try:
            check_authorization(http.headers.get("Authorization"))
        except Refused as refused:
            return _error(refused)
        if name not in MODELS:
            return _error(Refused(f"The model '{name}' does not exist", status=404, code="model_not_found"))
        return web.json_response(_model_json(name))

    async def _chat_completions(self, http: web.Request) -> web.StreamResponse:
        entry = self.requests.open(datetime.now(UTC))
        started = time.monotonic()
        outcome = Outcome.CANCELLED  # stands when the server cancels this handler
        response: web.StreamResponse = web.Response(status=CLIENT_CLOSED_STATUS)
        try:
            response = await self._answer(http, entry)
            outcome = Outcome.FAULT if entry.fault else Outcome.ANSWERED
        except Refused as refused:
            response, outcome, entry.error = _error(refused), Outcome.REFUSED, str(refused)
        except (_ClientLeft, ConnectionResetError):
            outcome = Outcome.CANCELLED
        finally:
            entry.status = response.status
            self.requests.close(entry, outcome, time.monotonic() - started)
        log.debug("model.request", kind=entry.kind, agent=entry.agent, outcome=outcome, status=entry.status)
        return response

    async def _answer(self, http: web.Request, entry: Entry) -> web.StreamResponse:
        check_authorization(http.headers.get("Authorization"))
        body = await _read_body(http)
        self.requests.keep_body(entry, body)
        limits = check_request(body)
        entry.model, entry.stream = body["model"], bool(body.get("stream"))
        entry.prompt_tokens = token_count.count_prompt(body)
        check_context(entry.prompt_tokens, limits)
        request = read_request(body)
        entry.kind, entry.agent = request.kind, request.agent

        fault = self.faults.take(request, body["model"])
        if fault:
            entry.fault = fault.fault
        await self._think(http, self._delay_s if fault is None or fault.delay_s is None else fault.delay_s)
        if fault and (broken := await self._break(http, fault, entry)):
            return broken
        queued = self.replies.take(request, body["model"])
        reply = spoil(queued.reply if queued else reply_to(request), fault, body)
        finish_reason = queued.finish_reason if queued else ""
        answer = make_answer(body, reply, created=int(time.time()), finish_reason=finish_reason)
        parts = _parts(answer, body)
        if fault and fault.fault is FaultKind.CUT:
            return await _send_half(http, parts, entry)
        response = await _send(http, parts, entry)
        entry.completion_tokens = answer.completion_tokens
        return response

    async def _break(self, http: web.Request, fault: Fault, entry: Entry) -> web.Response | None:
        """The answer to a request that a fault keeps from being answered; None when the fault lets it be."""
        match fault.fault:
            case FaultKind.STATUS:
                words, code = FAULT_WORDS.get(fault.status, ("The server had an error processing your request.", None))
                kind = "server_error" if fault.status >= 500 else "invalid_request_error"
                headers = {} if fault.retry_after_s is None else {"Retry-After": f"{fault.retry_after_s:g}"}
                return _error(Refused(words, status=fault.status, code=code, kind=kind), headers)
            case FaultKind.CONTEXT_LENGTH:
                limits = MODELS[entry.model]
                check_context(max(entry.prompt_tokens, limits.context_tokens + 1), limits)
            case FaultKind.HTML:
                return web.Response(text="<html><body><h1>502 Bad Gateway</h1></body></html>", content_type="text/html")
            case FaultKind.HANG:
                await self._think(http, float("inf"))
        return None

    async def _think(self, http: web.Request, seconds: float) -> None:
        """Wait *seconds*, or until the model closes; raises `_ClientLeft` as soon as the client is gone."""
        ends = time.monotonic() + seconds
        while not self._closing.is_set() and (left := ends - time.monotonic()) > 0:
            if http.transport is None or http.transport.is_closing():
                raise _ClientLeft
            try:
                async with asyncio.timeout(min(left, CLIENT_POLL_S)):
                    await self._closing.wait()
            except TimeoutError:
                continue


async def _read_body(http: web.Request) -> dict[str, Any]:
    # Not `http.json()`: the application's size limit is for chat, and a long transcript is longer.
    raw = await http.content.read()
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused(
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP"
            " library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
        )
    return body


def _parts(answer: Answer, body: dict[str, Any]) -> list[bytes]:
    """The answer's bytes: one part, or one a server-sent event."""
    if not body.get("stream"):
        return [json.dumps(answer.completion()).encode()]
    include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    events = [json.dumps(chunk) for chunk in answer.chunks(include_usage=include_usage)]
    return [f"data: {event}\n\n".encode() for event in [*events, "[DONE]"]]


def _headers(entry: Entry) -> dict[str, str]:
    kind = "text/event-stream; charset=utf-8" if entry.stream else "application/json"
    return {"Content-Type": kind, "x-request-id": f"req_{entry.n:08d}"}


async def _send(http: web.Request, parts: Iterable[bytes], entry: Entry) -> web.StreamResponse:
    if not entry.stream:
        return web.Response(body=b"".join(parts), headers=_headers(entry))
    response = web.StreamResponse(headers=_headers(entry))
    await response.prepare(http)
    for part in parts:
        await response.write(part)
    await response.write_eof()
    return response


async def _send_half(http: web.Request, parts: list[bytes], entry: Entry) -> web.StreamResponse:
    whole = b"".join(parts)
    response = web.StreamResponse(headers=_headers(entry))
    if not entry.stream:
        response.content_length = len(whole)
    await response.prepare(http)
    await response.write(b"".join(parts[: len(parts) // 2]) if entry.stream else whole[: len(whole) // 2])
    if http.transport is not None:
        http.transport.close()  # not abort: what was written must reach the client before the end does
    return response


def _error(refused: Refused, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(refused.body, status=refused.status, headers=headers)


def _model_json(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "simulator"}
