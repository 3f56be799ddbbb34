"""A TCP proxy on loopback that does to connections what networks do.

Chaos and flow tests put it between Muster and a server: Redis, PostgreSQL, a platform or a model.
"""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65_536


@dataclass(slots=True, kw_only=True, eq=False)
class _Link:
    """One client's connection and the connection to the server that was made for it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    forgotten: bool = False  # half-open: neither side hears of the other any more
    swallows_reply: bool = False
    request_tail: bytes = b""  # a pattern may lie across two chunks
    pumps: list["asyncio.Task[None]"] = field(default_factory=list)

    def reset(self) -> None:
        """Close both sides at once with RST, as after a crash."""
        for writer in (self.client, self.server):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class FaultProxy:
    """`async with FaultProxy("127.0.0.1", server.port) as proxy: ... proxy.port`."""

    def __init__(self, host: str, port: int) -> None:
        """Listen on nothing yet; *host* and *port* are the server's."""
        self._target = (host, port)
        self._listener: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._refuses = False
        self._pattern: bytes | None = None
        self._drops_left = 0
        self.port = 0
        self.delay_s = 0.0  # added to each chunk, in each direction
        self.connections = 0  # made so far
        self.replies_dropped = 0

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._listener is not None
        self._listener.close()
        pumps = [pump for link in self._links for pump in link.pumps]
        self.cut()
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection; new ones work."""
        for link in list(self._links):
            link.reset()

    def refuse(self) -> None:
        """Reset every connection, and each new one at once, until `heal`."""
        self._refuses = True
        self.cut()

    def black_hole(self) -> None:
        """Accept connections and bytes, and pass on nothing, until `heal` (then what was held back arrives)."""
        self._flows.clear()

    def half_open(self) -> None:
        """Drop all connections without telling either end; new ones work."""
        for link in self._links:
            link.forgotten = True

    def heal(self) -> None:
        """End `refuse` and `black_hole`."""
        self._refuses = False
        self._flows.set()

    def drop_replies_to(self, request: bytes, *, times: int = 1) -> None:
        """Pass on the next *times* requests that contain *request*, then reset the connection instead of replying."""
        self._pattern = request
        self._drops_left = times

    async def _serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self._refuses:
                raise ConnectionRefusedError
            server_reader, server = await asyncio.open_connection(*self._target)
        except OSError:
            client.transport.abort()
            return
        link = _Link(client=client, server=server)
        self._links.add(link)
        link.pumps = [
            asyncio.create_task(self._pump(link, client_reader, server, is_request=True)),
            asyncio.create_task(self._pump(link, server_reader, client, is_request=False)),
        ]
        try:
            await asyncio.gather(*link.pumps, return_exceptions=True)
        finally:
            self._links.discard(link)
            link.reset()

    async def _pump(
        self, link: _Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_request: bool
    ) -> None:
        """Pass bytes one way until the source ends; what happens to one side happens to the other."""
        try:
            while chunk := await source.read(CHUNK_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flows.wait()
                if link.forgotten:
                    continue
                if is_request:
                    self._look_for_pattern(link, chunk)
                elif link.swallows_reply:
                    self.replies_dropped += 1
                    link.reset()
                    return
                sink.write(chunk)
                await sink.drain()
            await self._flows.wait()
            if not link.forgotten:
                sink.write_eof()
        except OSError:
            if not link.forgotten:
                link.reset()

    def _look_for_pattern(self, link: _Link, chunk: bytes) -> None:
        if self._pattern is None or self._drops_left == 0:
            return
        seen = link.request_tail + chunk
        if self._pattern in seen:
            self._drops_left -= 1
            link.swallows_reply = True
        link.request_tail = seen[-len(self._pattern) + 1 :] if len(self._pattern) > 1 else b""
