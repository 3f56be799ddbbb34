"""Web pages by address: fetched within bounds, through the guard at every hop, and made readable.

Called by `fetch_page`. It must never send a cookie, a key or anything else of the session, and never follow a redirect
that the guard has not judged.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import httpx2

from worker.web.body import decoded, read_body
from worker.web.errors import WebError
from worker.web.pinned import PinnedTransport
from worker.web.readable import Reader
from worker.web.targets import MOST_URL_CHARS

_HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; Muster)",
    "Accept": "text/html, application/xhtml+xml, text/*;q=0.9, application/json;q=0.9, application/xml;q=0.8",
    "Accept-Encoding": "gzip",
}
_WAITS = httpx2.Timeout(10.0, connect=5.0).as_dict()
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HTML = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLimits:
    """How much one page may take."""

    total_s: float = 20.0  # all hops, from the first look-up to the last byte
    most_bytes: int = 5_000_000  # over the wire, and unpacked
    redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was found at an address."""

    url: str  # where the redirects ended
    hosts: tuple[str, ...]  # that was asked for, and that answered
    title: str
    text: str  # may be the beginning only
    chars: int  # of the whole text


class Pages:
    """Reads pages for all sessions of a worker; keeps nothing of one for the next."""

    def __init__(
        self, transport: PinnedTransport, reader: Reader | None = None, limits: PageLimits | None = None
    ) -> None:
        """Connects nothing yet; whoever made the *transport* closes it."""
        self._transport = transport
        self._reader = reader or Reader()
        self._limits = limits or PageLimits()

    async def read(self, address: str) -> Page:
        """The page at *address*.

        Raises:
            WebError: it may not be reached, does not answer in time, is too large, or is nothing to read.
        """
        try:
            async with asyncio.timeout(self._limits.total_s):
                hosts, url, kind, text = await self._fetch(address)
        except TimeoutError as error:
            raise WebError(f"The page was not there within {self._limits.total_s:.0f} s.") from error
        except httpx2.TimeoutException as error:
            raise WebError("The host does not answer.") from error
        except httpx2.HTTPError as error:
            raise WebError(f"The host cannot be reached ({type(error).__name__}).") from error
        if kind not in _HTML:
            return Page(url=url, hosts=hosts, title="", text=text, chars=len(text))
        found = await self._reader.read(text)
        return Page(url=url, hosts=hosts, title=found.title, text=found.text, chars=found.chars)

    async def _fetch(self, address: str) -> tuple[tuple[str, ...], str, str, str]:
        """Hosts, final address, kind and text of what is at *address*, hop by hop."""
        url = _read(address)
        first = url.host
        for _ in range(self._limits.redirects + 1):
            request = httpx2.Request("GET", url, headers=_HEADERS, extensions={"timeout": _WAITS})
            response = await self._transport.handle_async_request(request)
            try:
                if response.status_code not in _REDIRECTS:
                    kind = _kind_of(response)
                    body = await read_body(response, most_bytes=self._limits.most_bytes)
                    hosts = tuple(dict.fromkeys((first, url.host)))
                    return hosts, str(url), kind, decoded(body, response.headers.get("content-type", ""))
                url = _next(url, response.headers.get("location", ""))
            finally:
                await response.aclose()
        raise WebError(f"The page leads elsewhere more than {self._limits.redirects} times.")


def _read(address: str) -> httpx2.URL:
    try:
        return httpx2.URL(address.strip())
    except (httpx2.InvalidURL, ValueError) as error:
        raise WebError("That is not the address of a web page.") from error


def _next(url: httpx2.URL, location: str) -> httpx2.URL:
    if not location or len(location) > MOST_URL_CHARS:
        raise WebError("The page leads elsewhere and does not say where.")
    try:
        return url.join(location).copy_with(fragment=None)
    except (httpx2.InvalidURL, ValueError) as error:
        raise WebError("The page leads to something that is no address.") from error


def _kind_of(response: httpx2.Response) -> str:
    """What kind of text the answer is.

    Raises:
        WebError: it is an error, or nothing to read.
    """
    if response.status_code != HTTPStatus.OK:
        known = {status.value: status.phrase for status in HTTPStatus}
        phrase = known.get(response.status_code, "")
        raise WebError(f"The host answers {response.status_code} {phrase}".rstrip() + ".")
    kind: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind.endswith(("/json", "+json", "/xml", "+xml")):
        return kind
    if kind == "application/pdf":
        raise WebError("That is a PDF file, which cannot be read here. Look for the same as a web page.")
    raise WebError(f"That is {kind[:60] or 'of no named kind'}, not a page of text.")
