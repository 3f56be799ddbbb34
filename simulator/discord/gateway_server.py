"""Reads the gateway's connections: hello, heartbeats, IDENTIFY, RESUME, and what else a client may send.

Mounted by the server at `GATEWAY_PATH`. It answers the client and tells `gateway` which session is reached where; what
sessions are told is the gateway's business.
Source: https://docs.discord.com/developers/events/gateway-events#send-events and discord.py 2.7 `gateway.py`
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from simulator.discord.gateway import Gateway
from simulator.discord.gateway_connection import Connection
from simulator.discord.gateway_protocol import (
    ALL_INTENTS,
    GATEWAY_PATH,
    PAYLOAD_BYTES,
    VERSION,
    CloseCode,
    Intent,
    Op,
)
from simulator.discord.gateway_session import Session
from simulator.discord.greeting import Greeting
from simulator.discord.identify_budget import Verdict
from simulator.discord.options import DiscordOptions
from simulator.truth import TruthLog

MISSED_BEATS = 2
"""Heartbeats that may be missing before a connection counts as dead."""
CLOSE_S = 1.0
"""How long a client may take to agree to a close."""


class _Refused(Exception):
    """The client did what closes the connection."""

    def __init__(self, code: CloseCode) -> None:
        super().__init__(code)
        self.code = code


class GatewayServer:
    """The gateway's door."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        greeting: Greeting,
        truth: TruthLog,
        options: Callable[[], DiscordOptions],
        token: Callable[[], str],
        reset_token: Callable[[], None],
    ) -> None:
        """
        Args:
            token: the bot's token at this moment.
            reset_token: makes it another one, as Discord does when the IDENTIFY budget is used up.
        """
        self._gateway = gateway
        self._greeting = greeting
        self._truth = truth
        self._options = options
        self._token = token
        self._reset_token = reset_token
        self._next_connection_id = 1

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root. discord.py asks at the path with a slash."""
        return [web.get(GATEWAY_PATH, self.serve), web.get(f"{GATEWAY_PATH}/", self.serve)]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Handle one connection from its upgrade to its end."""
        compression = request.query.get("compress")
        if compression not in (None, "zlib-stream") or request.query.get("encoding", "json") != "json":
            return web.Response(status=400, text="JSON, with zlib-stream or without compression")
        socket = web.WebSocketResponse(autoping=False, max_msg_size=1024 * 1024, timeout=CLOSE_S)
        await socket.prepare(request)
        connection = Connection(
            number=self._next_connection_id, socket=socket, request=request, compress=compression is not None
        )
        self._next_connection_id += 1
        self._gateway.opened(connection)
        writing = asyncio.create_task(connection.write())
        watching = asyncio.create_task(self._watch(connection))
        try:
            if request.query.get("v") != VERSION:
                connection.close(CloseCode.INVALID_API_VERSION)
            connection.send(Op.HELLO, {"heartbeat_interval": self._options().heartbeat_interval_ms, "_trace": []})
            await self._read(connection)
        finally:
            self._gateway.closed(connection, connection.closed_with or socket.close_code)
            writing.cancel()
            watching.cancel()
        return socket

    async def _watch(self, connection: Connection) -> None:
        """Close the connection when its client has stopped beating; nothing is known of a black-holed one."""
        while not connection.black_holed:
            allowed_s = MISSED_BEATS * self._options().heartbeat_interval_ms / 1000
            silent_s = time.monotonic() - connection.beat_at
            if silent_s >= allowed_s:
                connection.close(CloseCode.SESSION_TIMED_OUT)
                return
            await asyncio.sleep(allowed_s - silent_s)

    async def _read(self, connection: Connection) -> None:
        async for message in connection.socket:
            if connection.black_holed or connection.closed_with is not None:
                continue
            if message.type is WSMsgType.PING:
                await connection.socket.pong(message.data)
                continue
            try:
                if not connection.count_command():
                    raise _Refused(CloseCode.RATE_LIMITED)
                self._take(connection, *_frame(message.data))
            except _Refused as refusal:
                reason = refusal.code.name.lower()
                self._record("socket.refused", connection=connection.id, code=int(refusal.code), reason=reason)
                connection.close(refusal.code)

    def _take(self, connection: Connection, op: int, data: Any) -> None:
        """Do what a client's frame asks for.

        Raises:
            _Refused: it may not ask that.
        """
        session = self._gateway.session_of(connection)
        if op == Op.HEARTBEAT:
            connection.beat_at = time.monotonic()
            connection.send(Op.HEARTBEAT_ACK, None)
        elif op in (Op.IDENTIFY, Op.RESUME):
            if session is not None:
                raise _Refused(CloseCode.ALREADY_AUTHENTICATED)
            if not isinstance(data, dict) or not isinstance(data.get("token"), str):
                raise _Refused(CloseCode.DECODE_ERROR)
            if data["token"].removeprefix("Bot ") != self._token():
                raise _Refused(CloseCode.AUTHENTICATION_FAILED)
            if op == Op.IDENTIFY:
                self._identify(connection, data)
            else:
                self._resume(connection, data)
        elif op not in (Op.PRESENCE_UPDATE, Op.VOICE_STATE_UPDATE, Op.REQUEST_GUILD_MEMBERS):
            raise _Refused(CloseCode.UNKNOWN_OPCODE)
        elif session is None:
            raise _Refused(CloseCode.NOT_AUTHENTICATED)
        elif op == Op.REQUEST_GUILD_MEMBERS:
            if not isinstance(data, dict):
                raise _Refused(CloseCode.DECODE_ERROR)
            for chunk in self._greeting.members_chunks(session.intents, data):
                session.push("GUILD_MEMBERS_CHUNK", chunk)

    # -- IDENTIFY and RESUME ----------------------------------------------------------------------------------

    def _identify(self, connection: Connection, data: dict[str, Any]) -> None:
        options = self._options()
        verdict = self._gateway.budget.take(
            total=options.identify_total, max_concurrency=options.identify_max_concurrency
        )
        self._record("gateway.identify", connection=connection.id, verdict=verdict)
        if verdict is Verdict.EXHAUSTED:
            self._gateway.budget.renew()
            self._reset_token()
            self._gateway.refuse_all()
            return
        intents = self._allowed_intents(data.get("intents"))
        shard = _shard(data.get("shard", [0, 1]))
        if verdict is Verdict.TOO_SOON:
            connection.send(Op.INVALID_SESSION, False)
            return
        session = Session(intents=intents, shard=shard)
        self._gateway.begin(session)
        self._gateway.attach(session, connection)
        for event, body in self._greeting.to(session, host=connection.request.host):
            session.push(event, body)
            self._record("event.sent", event=event, sessions={session.id: session.seq}, data=body)

    def _allowed_intents(self, asked: Any) -> Intent:
        if not isinstance(asked, int) or isinstance(asked, bool) or asked < 0 or asked & ~int(ALL_INTENTS):
            raise _Refused(CloseCode.INVALID_INTENTS)
        options = self._options()
        granted = {
            Intent.MESSAGE_CONTENT: options.message_content_intent,
            Intent.GUILD_MEMBERS: options.members_intent,
            Intent.GUILD_PRESENCES: options.presence_intent,
        }
        if any(asked & intent and not is_granted for intent, is_granted in granted.items()):
            raise _Refused(CloseCode.DISALLOWED_INTENTS)
        return Intent(asked)

    def _resume(self, connection: Connection, data: dict[str, Any]) -> None:
        seq = data.get("seq")
        session = self._gateway.find(str(data.get("session_id")))
        if not isinstance(seq, int) or (session is not None and seq > session.seq):
            raise _Refused(CloseCode.INVALID_SEQ)
        missed = session.missed_since(seq) if session is not None else None
        known = {"connection": connection.id, "session": data.get("session_id"), "seq": seq}
        if session is None or missed is None:
            self._record("gateway.resume", **known, missed=None)
            connection.send(Op.INVALID_SESSION, False)
            return
        self._record("gateway.resume", **known, missed=len(missed))
        self._gateway.attach(session, connection)
        for text in missed:
            connection.send_text(text)
        session.push("RESUMED", {"_trace": []})

    def _record(self, kind: str, **data: Any) -> None:
        self._truth.append(kind, data)


def _frame(data: Any) -> tuple[int, Any]:
    """Operation and content of a client's frame.

    Raises:
        _Refused: it is none.
    """
    if not isinstance(data, str) or len(data.encode()) > PAYLOAD_BYTES:
        raise _Refused(CloseCode.DECODE_ERROR)
    try:
        frame = json.loads(data)
    except json.JSONDecodeError:
        raise _Refused(CloseCode.DECODE_ERROR) from None
    if not isinstance(frame, dict) or not isinstance(frame.get("op"), int):
        raise _Refused(CloseCode.DECODE_ERROR)
    return frame["op"], frame.get("d")


def _shard(asked: Any) -> tuple[int, int]:
    match asked:
        case [int(number), int(count)] if 0 <= number < count:
            return number, count
        case _:
            raise _Refused(CloseCode.INVALID_SHARD)
