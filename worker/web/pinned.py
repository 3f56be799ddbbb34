"""The guard of all that agents reach by address: it looks a host up once, judges what it finds, and connects there.

`pages` sends every request of every hop through it. The address that was judged is the one that is connected to: what a
name leads to a moment later (DNS rebinding) no longer matters. It must never follow a redirect or use a proxy.

A transport of httpx2 rather than httpx: the model's client stands on httpx2 already, and either takes a transport.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence

import httpx2

from worker.web.addresses import opened
from worker.web.errors import WebError
from worker.web.targets import PrivateHosts, Target, target_of

MOST_TRIED = 3  # addresses of one host

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks a host up; raises OSError when there is none."""


async def look_up(host: str, port: int) -> list[str]:
    """The system's answer: all IP addresses of *host*, those to prefer first."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class PinnedTransport(httpx2.AsyncBaseTransport):
    """Connects to judged addresses only, with the host's real name in TLS and in the request."""

    def __init__(
        self,
        *,
        trusted: ssl.SSLContext,
        private: PrivateHosts = frozenset(),
        resolve: Resolve = look_up,
        inner: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Connects nothing yet; `aclose` must be called at the end.

        Args:
            trusted: whose certificates count.
            private: hosts that may be anywhere, as the operator named them.
            inner: what connects. It is given addresses, never names.
        """
        self._private = private
        self._resolve = resolve
        # No connection is kept: one is for one judged address, one name and one request.
        self._inner = inner or httpx2.AsyncHTTPTransport(
            verify=trusted,
            trust_env=False,
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=0),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send *request* to an address of its host that may be reached.

        Raises:
            WebError: there is none.
            httpx2.TransportError: none could be connected to, or the answer broke off.
        """
        target = target_of(request.url, self._private)
        *others, last = (await self._judged(target))[:MOST_TRIED]
        for address in others:
            try:
                return await self._send(request, target, address)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._send(request, target, last)

    async def aclose(self) -> None:
        """Drop all connections."""
        await self._inner.aclose()

    async def _judged(self, target: Target) -> list[str]:
        """All addresses of the target's host, of which every single one may be reached."""
        try:
            found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise WebError(f"There is no host called {target.host}.")
        if target.is_private:
            return list(found)
        judged = [opened(address) for address in found]
        if None in judged:
            raise WebError("That host is in an inner network, which agents may not reach.")
        return [str(address) for address in judged]

    async def _send(self, request: httpx2.Request, target: Target, address: str) -> httpx2.Response:
        return await self._inner.handle_async_request(
            httpx2.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,  # with the host's name
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": target.host},
            )
        )
