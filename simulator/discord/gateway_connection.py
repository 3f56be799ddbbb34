"""One open WebSocket of the gateway: frames out in order, compressed or not, and its end.

Made by `gateway`, which reads it and decides what is said; this only says it.
Source: https://docs.discord.com/developers/events/gateway#transport-compression
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import zlib
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.discord.gateway_protocol import COMMANDS, COMMANDS_WINDOW_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Goodbye:
    """Close with this code once all before it is sent."""

    code: int


class Connection:
    """A client's WebSocket. It sends what it is given while `write` runs."""

    def __init__(self, *, number: int, socket: web.WebSocketResponse, request: web.Request, compress: bool) -> None:
        self.id = number
        self.socket = socket
        self.request = request
        self.black_holed = False
        """Nothing goes in or out, but it stays open: a half-open connection."""
        self.closed_with: int | None = None
        """Code that we closed it with."""
        self.beat_at = time.monotonic()
        """When the client last sent a heartbeat."""
        self._deflate = zlib.compressobj() if compress else None
        self._outbox: asyncio.Queue[str | _Goodbye] = asyncio.Queue()
        self._commands: deque[float] = deque()

    def send(self, op: int, data: Any) -> None:
        """Send a frame that is no event."""
        self.send_text(json.dumps({"t": None, "s": None, "op": op, "d": data}))

    def send_text(self, text: str) -> None:
        """Send a frame as it is; a black-holed connection swallows it."""
        if not self.black_holed and self.closed_with is None:
            self._outbox.put_nowait(text)

    def close(self, code: int) -> None:
        """Close with *code* after what was sent before."""
        if self.closed_with is None:
            self.closed_with = code
            self._outbox.put_nowait(_Goodbye(code=code))

    def cut(self) -> None:
        """Drop the TCP connection, with no closing handshake."""
        if self.request.transport is not None:
            self.request.transport.abort()

    def count_command(self) -> bool:
        """Count a frame of the client's; False when it is one too many."""
        now = time.monotonic()
        while self._commands and now - self._commands[0] > COMMANDS_WINDOW_S:
            self._commands.popleft()
        self._commands.append(now)
        return len(self._commands) <= COMMANDS

    async def write(self) -> None:
        """Send what there is to send, until the connection is closed."""
        with contextlib.suppress(ConnectionError):
            while True:
                item = await self._outbox.get()
                if isinstance(item, _Goodbye):
                    await self.socket.close(code=item.code)
                    return
                if not self.black_holed:
                    await self._write(item)

    async def _write(self, text: str) -> None:
        if self._deflate is None:
            await self.socket.send_str(text)
            return
        packed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self.socket.send_bytes(packed)
