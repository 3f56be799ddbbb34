"""What attacks on what agents may reach by address stand on: a table of hosts, and clients that reach nobody else."""

import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from ipaddress import ip_address

import httpx2

from tests.support.web_host import WebHost
from worker.web.pages import PageLimits, Pages
from worker.web.pinned import PinnedTransport

OPEN = "93.184.215.14"


class Table:
    """Looks hosts up in a table; a host's answers come one call after the other, the last for ever.

    What is not in it has an address of the open internet, so that a spelling is refused for what it is.
    """

    def __init__(self, answers: dict[str, list[Sequence[str]]] | None = None) -> None:
        self.asked: list[str] = []
        self._answers = answers or {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._answers.get(host, [[host if _is_address(host) else OPEN]])
        return answers[min(self.asked.count(host), len(answers)) - 1]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def here() -> Table:
    return Table({"site.example": [["127.0.0.1"]]})


class Noting(httpx2.AsyncBaseTransport):
    """Connects to nothing; notes where it should."""

    def __init__(self, location: str = "") -> None:
        self.hosts: list[str] = []
        self.requests: list[httpx2.Request] = []
        self._location = location

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.hosts.append(request.url.host)
        self.requests.append(request)
        if self._location:
            location = [(b"Location", self._location.encode())]
            return httpx2.Response(302, headers=location, stream=httpx2.ByteStream(b""))
        return httpx2.Response(200, headers={"Content-Type": "text/plain"}, stream=httpx2.ByteStream(b"reached"))


@cache
def trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def pages_of(
    resolve: Callable[[str, int], Awaitable[Sequence[str]]],
    inner: httpx2.AsyncBaseTransport | None = None,
    *hosts: WebHost,
    limits: PageLimits | None = None,
) -> Pages:
    """Pages, where `site.example` on the ports of *hosts* may be anywhere."""
    private = frozenset(("site.example", host.port) for host in hosts)
    return Pages(PinnedTransport(trusted=trusted(), private=private, resolve=resolve, inner=inner), limits=limits)
