"""Socket Mode: tickets, WebSocket connections, envelopes and their acknowledgements.

Called by `web_api` (`apps.connections.open`) and by `deliveries`. It knows nothing of what it carries and sends nothing
twice on its own.
Source: https://docs.slack.dev/apis/events-api/using-socket-mode and slack_sdk 3.47 `socket_mode/aiohttp`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import WSMsgType, web

from simulator.slack import limits
from simulator.slack.options import SlackOptions
from simulator.truth import TruthLog

SOCKET_PATH = "/slack/socket"
_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Connection:
    """One open WebSocket of the app."""

    id: int
    socket: web.WebSocketResponse
    request: web.Request
    retiring: bool = False
    """Told to go."""
    black_holed: bool = False
    """Nothing goes in or out, but it stays open: a half-open connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """How the app acknowledged an envelope."""

    latency_s: float
    payload: dict[str, Any] | None


@dataclass(slots=True, kw_only=True)
class _Pending:
    """An envelope that waits for its acknowledgement; the future is None when its connection closed first."""

    answer: asyncio.Future[dict[str, Any] | None]
    connection: Connection
    sent_at: float


class NoConnectionError(Exception):
    """The app has no open connection, or lost the one that carried the envelope."""


class SocketModeHub:
    """The app's connections, and what is on its way over them."""

    def __init__(self, *, app_id: str, truth: TruthLog, options: Callable[[], SlackOptions]) -> None:
        self._app_id = app_id
        self._truth = truth
        self._options = options
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._next_connection_id = 1
        self._turn = 0
        self._pending: dict[str, _Pending] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> list[Connection]:
        """The connections that are open."""
        return list(self._connections)

    @property
    def reached_at(self) -> str | None:
        """Host and port under which the app's newest connection reached us; None while there is none."""
        return self._connections[-1].request.host if self._connections else None

    # -- connecting -------------------------------------------------------------------------------------------

    def new_url(self, host: str) -> str:
        """A WebSocket address that can be connected to once. *host* is the one the app reached us at."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"ws://{host}{SOCKET_PATH}?ticket={ticket}&app_id={self._app_id}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Handle one connection from its upgrade to its end. A failed upgrade leaves the ticket good."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="unknown or used ticket")
        socket = web.WebSocketResponse(autoping=False, max_msg_size=4 * 1024 * 1024)
        await socket.prepare(request)
        self._tickets.discard(ticket)
        if len(self._connections) >= limits.CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": _debug_info()})
            await socket.close()
            return socket
        connection = Connection(id=self._next_connection_id, socket=socket, request=request)
        self._next_connection_id += 1
        self._connections.append(connection)
        self._truth.append("socket.opened", {"connection": connection.id})
        pings = asyncio.create_task(self._ping(connection))
        try:
            await self._greet(connection)
            await self._read(connection)
        finally:
            pings.cancel()
            self._forget(connection)
        return socket

    async def _greet(self, connection: Connection) -> None:
        hello = {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": _debug_info() | {"build_number": 1, "approximate_connection_time": 18_060},
            "connection_info": {"app_id": self._app_id},
        }
        await connection.socket.send_json(hello)

    async def _read(self, connection: Connection) -> None:
        async for message in connection.socket:
            if connection.black_holed:
                continue
            if message.type is WSMsgType.PING:
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._take_ack(connection, message.data)

    def _take_ack(self, connection: Connection, text: str) -> None:
        try:
            frame = json.loads(text)
            envelope_id = frame["envelope_id"]
        except (json.JSONDecodeError, KeyError, TypeError):
            self._truth.append("socket.nonsense", {"connection": connection.id, "text": text[:500]})
            return
        pending = self._pending.get(envelope_id)
        if pending is None or pending.answer.done():
            self._truth.append("envelope.acked_late", {"envelope_id": envelope_id, "connection": connection.id})
            return
        pending.answer.set_result(frame.get("payload"))

    async def _ping(self, connection: Connection) -> None:
        while not connection.socket.closed:
            await asyncio.sleep(self._options().ping_interval_s)
            if not connection.black_holed:
                await connection.socket.ping(f"Ping from simulator-{connection.id}".encode())

    def _forget(self, connection: Connection) -> None:
        self._connections.remove(connection)
        self._truth.append("socket.closed", {"connection": connection.id})
        for pending in self._pending.values():
            if pending.connection is connection and not pending.answer.done():
                pending.answer.set_exception(NoConnectionError())

    # -- exchanging ------------------------------------------------------------------------------------------

    async def repeat(self, team: str, envelope: dict[str, Any], envelope_id: str) -> None:
        """Repeat an envelope as it was, whatever becomes of it."""
        connection = self._choose()
        if connection is None or connection.black_holed:
            return
        self._record(team, "envelope.sent", envelope_id, envelope, connection=connection.id)
        with contextlib.suppress(ConnectionError):
            await connection.socket.send_str(json.dumps({"envelope_id": envelope_id, **envelope}))

    async def exchange(self, team: str, envelope: dict[str, Any], envelope_id: str) -> Ack:
        """Send an envelope over one connection and wait for its acknowledgement.

        Raises:
            NoConnectionError: nobody was there to take it, or the connection closed before the answer.
            TimeoutError: no acknowledgement in time.
        """
        connection = self._choose()
        if connection is None:
            self._record(team, "envelope.unsent", envelope_id, envelope)
            raise NoConnectionError
        answer: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        pending = _Pending(answer=answer, connection=connection, sent_at=time.monotonic())
        self._pending[envelope_id] = pending
        self._record(team, "envelope.sent", envelope_id, envelope, connection=connection.id)
        try:
            if not connection.black_holed:
                await connection.socket.send_str(json.dumps({"envelope_id": envelope_id, **envelope}))
            payload = await asyncio.wait_for(answer, self._options().ack_timeout_s)
        except (TimeoutError, NoConnectionError) as error:
            self._record(team, "envelope.unacked", envelope_id, envelope, reason=type(error).__name__)
            raise
        except ConnectionError:
            self._record(team, "envelope.unacked", envelope_id, envelope, reason="ConnectionError")
            raise NoConnectionError from None
        finally:
            if self._pending.get(envelope_id) is pending:
                del self._pending[envelope_id]
        ack = Ack(latency_s=time.monotonic() - pending.sent_at, payload=payload)
        latency_ms = round(ack.latency_s * 1000, 1)
        self._record(team, "envelope.acked", envelope_id, envelope, latency_ms=latency_ms, answer=payload)
        return ack

    def _choose(self) -> Connection | None:
        """The next connection in turn: an envelope may come over any. One that was told to go is the last resort."""
        alive = [c for c in self._connections if not c.socket.closed]
        able = [c for c in alive if not c.retiring] or alive
        if not able:
            return None
        self._turn += 1
        return able[self._turn % len(able)]

    def _record(self, team: str, kind: str, envelope_id: str, envelope: dict[str, Any], **more: Any) -> None:
        payload = envelope["payload"]
        event = payload.get("event", {})
        data = {"envelope_id": envelope_id, "type": envelope["type"], **more}
        if envelope["type"] == "events_api":
            data |= {"event_id": payload["event_id"], "event_type": event["type"], "subtype": event.get("subtype")}
            data |= {"event_ts": event.get("event_ts"), "attempt": envelope["retry_attempt"]}
        if kind == "envelope.sent":
            data["payload"] = payload
        self._truth.append(kind, data, team=team)

    # -- trouble on order -------------------------------------------------------------------------------------

    async def disconnect(self, *, reason: str | None, count: int | None = None) -> int:
        """Make *count* connections (all when None) end; returns how many there were.

        Args:
            reason: `warning` or `refresh_requested` announces it and leaves time to reconnect; None cuts at once.
        """
        chosen = [c for c in self._connections if not c.retiring][:count]
        for connection in chosen:
            if reason is None:
                _cut(connection)
                continue
            connection.retiring = True
            await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": _debug_info()})
            self._start(self._retire(connection))
        return len(chosen)

    async def _retire(self, connection: Connection) -> None:
        await asyncio.sleep(self._options().refresh_grace_s)
        await connection.socket.close()

    def black_hole(self, count: int | None = None) -> int:
        """Make *count* connections (all when None) half-open; returns how many."""
        chosen = [c for c in self._connections if not c.black_holed][:count]
        for connection in chosen:
            connection.black_holed = True
            self._truth.append("socket.black_holed", {"connection": connection.id})
        return len(chosen)

    async def close(self) -> None:
        """End all connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self.connections:
            _cut(connection)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("slack.delivery_failed", exc_info=task.exception())


def _cut(connection: Connection) -> None:
    """Drop the TCP connection, with no closing handshake."""
    transport = connection.request.transport
    if transport is not None:
        transport.abort()


def _debug_info() -> dict[str, Any]:
    return {"host": "applink-simulator"}
