"""Owns the demo model's HTTP wire: an OpenAI-compatible endpoint that plays the script.

Mounted by `simulator/server.py`. It authenticates, checks, thinks for as long as it is told, notices a client that
leaves, and carries out ordered faults, in the manner of a provider where its path names one. What is said comes from
`script`; it keeps no conversation.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import web

from simulator.model import token_count
from simulator.model.answers import Answer, make_answer, spoil
from simulator.model.control import ModelControl
from simulator.model.images import check_image_request, image_json
from simulator.model.lists import key_json, model_json, models_json
from simulator.model.manners import MANNERS, STRICT, Manner, check_credit, check_key
from simulator.model.orders import Fault, FaultKind, OrderList, QueuedReply
from simulator.model.request_log import Entry, Outcome, RequestLog
from simulator.model.request_reading import Request, read_request
from simulator.model.script import reply_to
from simulator.model.wire_check import MODELS, check_context, check_request
from simulator.model.wire_errors import Refused

log = structlog.get_logger(__name__)

CLIENT_POLL_S = 0.05
"""How often a waiting request looks whether its client is still there; aiohttp does not tell."""
CLIENT_CLOSED_STATUS = 499
FAULT_WORDS = {
    401: ("Incorrect API key provided.", "invalid_api_key"),
    402: ("Insufficient Balance", "insufficient_balance"),
    403: ("This request is not permitted.", "forbidden"),
    404: ("The model does not exist or you do not have access to it.", "model_not_found"),
    429: ("Rate limit reached for requests. Please try again later.", "rate_limit_exceeded"),
    503: ("The engine is currently overloaded, please try again later.", "overloaded"),
}


class _ClientLeft(Exception):
    """The client closed the connection before the answer."""


_Answering = Callable[[web.Request, Entry, Manner], Awaitable[web.StreamResponse]]


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
        """An OpenAI-compatible API at *prefix*, the same in each provider's manner, and the control API.

        A provider's is at `/model/<provider>/v1`, where *prefix* is `/model/v1`. The control API (`/control/model`) has
        the orders and the log of all of them.
        """
        before, version = prefix.rsplit("/", 1)
        routes = self._routes(prefix, STRICT)
        for name, manner in MANNERS.items():
            routes += self._routes(f"{before}/{name}/{version}", manner)
        return [*routes, *ModelControl(self.faults, self.replies, self.requests).routes()]

    async def close(self) -> None:
        """End the requests that still wait."""
        self._closing.set()

    def _routes(self, prefix: str, manner: Manner) -> list[web.RouteDef]:
        async def models(http: web.Request) -> web.Response:
            if not manner.public_models:
                check_key(manner, http.headers)
            return web.json_response(models_json(manner, MODELS))

        async def model(http: web.Request) -> web.Response:
            check_key(manner, http.headers)
            name = http.match_info["id"]
            if name not in MODELS:
                raise Refused(f"The model '{name}' does not exist", status=404, code="model_not_found")
            return web.json_response(model_json(name))

        async def key(http: web.Request) -> web.Response:
            check_key(manner, http.headers)
            return web.json_response(key_json())

        async def complete(http: web.Request) -> web.StreamResponse:
            return await self._logged(http, manner, self._answer)

        async def draw(http: web.Request) -> web.StreamResponse:
            return await self._logged(http, manner, self._draw)

        return [
            web.post(f"{prefix}/chat/completions", complete),
            web.post(f"{prefix}/images/generations", draw),
            web.get(f"{prefix}/models", _saying(manner, models)),
            web.get(f"{prefix}/models/{{id}}", _saying(manner, model)),
            *([web.get(f"{prefix}/key", _saying(manner, key))] if manner.name == "openrouter" else []),
        ]

    async def _logged(self, http: web.Request, manner: Manner, answer: _Answering) -> web.StreamResponse:
        entry = self.requests.open(datetime.now(UTC))
        started = time.monotonic()
        outcome = Outcome.CANCELLED  # stands when the server cancels this handler
        response: web.StreamResponse = web.Response(status=CLIENT_CLOSED_STATUS)
        try:
            response = await answer(http, entry, manner)
            outcome = Outcome.FAULT if entry.fault else Outcome.ANSWERED
        except Refused as refused:
            response, entry.error = _error(manner, refused, entry.model), str(refused)
            outcome = Outcome.FAULT if entry.fault else Outcome.REFUSED
        except (_ClientLeft, ConnectionResetError):
            outcome = Outcome.CANCELLED
        finally:
            entry.status = response.status
            self.requests.close(entry, outcome, time.monotonic() - started)
        log.debug("model.request", kind=entry.kind, agent=entry.agent, outcome=outcome, status=entry.status)
        return response

    async def _answer(self, http: web.Request, entry: Entry, manner: Manner) -> web.StreamResponse:
        sent = await self._received(http, entry, manner)
        body = manner.read(sent)
        limits = check_request(body)
        entry.model, entry.stream = body["model"], bool(body.get("stream"))
        entry.prompt_tokens = token_count.count_prompt(body)
        check_context(entry.prompt_tokens, limits)
        request = read_request(body)
        fault = await self._take_fault(http, entry, request)
        if fault and (broken := await self._break(http, fault, entry)):
            return broken
        queued = self.replies.take(request, body["model"])
        reply = spoil(queued.reply if queued else reply_to(request), fault, body)
        finish_reason = queued.finish_reason if queued else ""
        answer = make_answer(body, reply, created=int(time.time()), finish_reason=finish_reason)
        parts = _parts(answer, body, manner)
        if fault and fault.fault is FaultKind.CUT:
            return await _send_half(http, parts, entry)
        response = await _send(http, parts, entry)
        entry.completion_tokens = answer.completion_tokens
        return response

    async def _draw(self, http: web.Request, entry: Entry, manner: Manner) -> web.StreamResponse:
        body = await self._received(http, entry, manner)
        request = check_image_request(body)
        fault = await self._take_fault(http, entry, request)
        if fault and (broken := await self._break(http, fault, entry)):
            return broken
        answer = json.dumps(image_json(body)).encode()
        if fault and fault.fault is FaultKind.CUT:
            return await _send_half(http, [answer], entry)
        return await _send(http, [answer], entry)

    async def _received(self, http: web.Request, entry: Entry, manner: Manner) -> dict[str, Any]:
        check_key(manner, http.headers)
        body = await _read_body(http)
        self.requests.keep_body(entry, body)
        entry.model = body["model"] if isinstance(body.get("model"), str) else ""
        check_credit(http.headers)
        return body

    async def _take_fault(self, http: web.Request, entry: Entry, request: Request) -> Fault | None:
        """What is ordered for the request; thinks for as long as it is to take."""
        entry.kind, entry.agent = request.kind, request.agent
        fault = self.faults.take(request, entry.model)
        if fault:
            entry.fault = fault.fault
        await self._think(http, self._delay_s if fault is None or fault.delay_s is None else fault.delay_s)
        return fault

    async def _break(self, http: web.Request, fault: Fault, entry: Entry) -> web.Response | None:
        """The answer to a request that a fault keeps from being answered; None when the fault lets it be.

        Raises:
            Refused: the fault is an error of the provider.
        """
        match fault.fault:
            case FaultKind.STATUS:
                words, code = FAULT_WORDS.get(fault.status, ("The server had an error processing your request.", None))
                kind = "server_error" if fault.status >= 500 else "invalid_request_error"
                raise Refused(words, status=fault.status, code=code, kind=kind, retry_after_s=fault.retry_after_s)
            case FaultKind.CONTEXT_LENGTH:
                limits = MODELS.get(entry.model, MODELS["demo"])
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


def _parts(answer: Answer, body: dict[str, Any], manner: Manner) -> list[bytes]:
    """The answer's bytes: one part, or one a server-sent event."""
    include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    stream = bool(body.get("stream"))
    bodies = list(answer.chunks(include_usage=include_usage)) if stream else [answer.completion()]
    for one in bodies:
        if one.get("usage"):
            manner.add_usage(one)
    events = [json.dumps(one) for one in bodies]
    if not stream:
        return [event.encode() for event in events]
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


def _error(manner: Manner, refused: Refused, model: str) -> web.Response:
    status, body = manner.shape(refused, model)
    after_s = refused.retry_after_s
    return web.json_response(body, status=status, headers={} if after_s is None else {"Retry-After": f"{after_s:g}"})


def _saying(
    manner: Manner, handler: Callable[[web.Request], Awaitable[web.Response]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """*handler*, whose refusals are said as the provider says them."""

    async def said(http: web.Request) -> web.Response:
        try:
            return await handler(http)
        except Refused as refused:
            return _error(manner, refused, http.match_info.get("id", ""))

    return said
