"""A host on this machine that answers with the very bytes it is told, for clients that must bear anything."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

Answer = Callable[["Asked", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    path: str
    head: str  # request line and headers
    at: str  # address that it was sent to


@dataclass(slots=True)
class WebHost:
    """A server for as long as the block lasts; each connection is one request."""

    answer: Answer
    host: str = "127.0.0.1"
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    certificate: Path | None = None  # with its key; it speaks TLS then
    server_names: list[str] = field(default_factory=list)  # that TLS was for
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, self.host, self.port, limit=1_000_000, ssl=self._tls() if self.certificate else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _tls(self) -> ssl.SSLContext:
        assert self.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        context.sni_callback = lambda _, name, __: self.server_names.append(name or "")
        return context

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            asked = Asked(path=head.split(" ")[1], head=head, at=writer.get_extra_info("sockname")[0])
            self.asked.append(asked)
            await self.answer(asked, writer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # whoever asked is gone
        finally:
            self._open.discard(task)
            writer.close()


def http(
    body: bytes | str = b"", *, status: int = 200, kind: str = "text/html", headers: dict[str, str] | None = None
) -> bytes:
    """A whole answer."""
    content = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"} | (headers or {})
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def says(answer: bytes) -> Answer:
    """The same to everybody."""

    async def send(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return send


def leads_to(location: str, *, status: int = 302) -> Answer:
    """Elsewhere."""
    return says(http(status=status, headers={"Location": location}))
