"""A client of a control API: looks at a simulated platform, waits for what happens, orders trouble.

The base of each platform's `ControlClient`. It speaks HTTP alone, so the simulator may be in this process or in
another, and it never asks twice for what it can wait for: all waiting is on the live feed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import aiohttp

from simulator.truth import TruthEntry

WAIT_S = 10.0
_T = TypeVar("_T")


class RefusedError(Exception):
    """The control API refused; the message says why."""


class Shown(Protocol):
    """A message as somebody sees it, whatever the platform."""

    @property
    def channel(self) -> str:
        """Id of the channel that it is in."""

    @property
    def body(self) -> dict[str, Any]:
        """The message as on the platform's wire."""

    @property
    def ts(self) -> str:
        """The message's id."""

    @property
    def root_ts(self) -> str:
        """Id of the root of the thread that it is in, or would open."""

    @property
    def author(self) -> str:
        """The name it was posted under, or the id of its user."""

    @property
    def speaker(self) -> str:
        """The name that the app gave itself in it; "" when it speaks as itself, and for what people write."""

    @property
    def text(self) -> str:
        """All that can be read in it."""

    @property
    def markdown(self) -> str:
        """The same as markdown, near enough for a terminal."""

    @property
    def actions(self) -> list[str]:
        """Ids of what can be used on it."""

    @property
    def files(self) -> list[dict[str, Any]]:
        """The files attached to it that are not shown as pictures: `id` and `name`."""

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """The files that it shows as pictures: `id` and `name`."""

    @property
    def is_by_app(self) -> bool:
        """Whether the app's bot wrote it."""

    @property
    def is_reply(self) -> bool:
        """Whether it is in a thread without being its root."""


ShownT = TypeVar("ShownT", bound=Shown)


class ControlClient(Generic[ShownT]):
    """The control API of one platform. Use it as a context, or `start` and `close` it."""

    def __init__(self, url: str, *, path: str, team: str | None = None) -> None:
        """
        Args:
            url: the simulator's `url`.
            path: of the platform's control API.
            team: id of the workspace; the first by default.
        """
        self._url = f"{url.rstrip('/')}{path}"
        self._team = team
        self._entries: list[TruthEntry] = []
        self._more = asyncio.Condition()
        self._http: aiohttp.ClientSession | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Connect, and follow the feed from the log's beginning."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        self._http = aiohttp.ClientSession(timeout=timeout, read_bufsize=4 * 1024 * 1024)
        self._reader = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stop following and disconnect."""
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._http is not None:
            await self._http.close()

    # -- looking ----------------------------------------------------------------------------------------------

    def shown(self, entry: TruthEntry) -> ShownT:
        """The message that an entry of the truth log is about."""
        raise NotImplementedError

    async def state(self) -> dict[str, Any]:
        """The whole state of the workspace (`GET state`)."""
        return await self.get("state")

    async def download(self, file_id: str) -> bytes:
        """The bytes of a file."""
        async with self._session.get(f"{self._url}/files/{file_id}", params=self._of_team({})) as response:
            response.raise_for_status()
            return await response.read()

    @property
    def position(self) -> int:
        """Id of the newest entry read so far; pass it as `after` to wait for something newer."""
        return self._entries[-1].id if self._entries else 0

    def entries(self, *kinds: str, after: int = 0) -> list[TruthEntry]:
        """The truth log as read so far, of the kinds that start with one of *kinds*."""
        return [e for e in self._entries if e.id > after and (not kinds or e.kind.startswith(kinds))]

    # -- waiting ----------------------------------------------------------------------------------------------

    async def wait_for(
        self, predicate: Callable[[TruthEntry], bool], *, after: int = 0, timeout_s: float = WAIT_S, what: str = ""
    ) -> TruthEntry:
        """The first entry above *after* for which *predicate* holds, now or to come.

        Raises:
            TimeoutError: none came; says *what* was waited for and what came last instead.
        """
        index = 0
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    while index < len(self._entries):
                        entry = self._entries[index]
                        index += 1
                        if entry.id > after and predicate(entry):
                            return entry
                    await self._wait_for_more(index)
        except TimeoutError:
            last = "; ".join(f"{e.id} {e.kind} {str(e.data)[:160]}" for e in self._entries[-5:])
            raise TimeoutError(f"no {what or 'such entry'} within {timeout_s} s; last: {last}") from None

    async def wait_for_message(
        self,
        *,
        containing: str = "",
        channel: str | None = None,
        thread_ts: str | None = None,
        author: str | None = None,
        after: int = 0,
        timeout_s: float = WAIT_S,
    ) -> ShownT:
        """The first message that was posted, or changed to be, as asked.

        Args:
            channel: its name or id.
            thread_ts: ts of its thread's root.
            author: the customised name, or the user's id.

        Raises:
            TimeoutError: none came.
        """

        def matches(entry: TruthEntry) -> bool:
            if entry.kind not in ("message.posted", "message.changed") or not self._is_mine(entry):
                return False
            if channel is not None and channel.removeprefix("#") not in self._names_of_channel(entry):
                return False
            shown = self.shown(entry)
            return (
                containing in shown.text
                and (thread_ts is None or self._is_in_thread(shown, thread_ts))
                and (author is None or shown.author == author)
            )

        what = f"message containing {containing!r} in {channel or 'any channel'} (thread {thread_ts}, by {author})"
        entry = await self.wait_for(matches, after=after, timeout_s=timeout_s, what=what)
        return self.shown(entry)

    async def until(self, check: Callable[[], Awaitable[_T | None]], *, timeout_s: float = WAIT_S) -> _T:
        """What *check* answers once that is something; it is asked again after each thing that happens.

        Raises:
            TimeoutError: it never was.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                seen = len(self._entries)
                found = await check()
                if found:
                    return found
                await self._wait_for_more(seen)

    async def _wait_for_more(self, seen: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: len(self._entries) > seen)

    def _is_mine(self, entry: TruthEntry) -> bool:
        return self._team is None or entry.team == self._team

    def _names_of_channel(self, entry: TruthEntry) -> tuple[str, ...]:
        """By what the channel of a message's entry can be called."""
        return entry.data["channel"], entry.data["channel_name"]

    def _is_in_thread(self, shown: ShownT, ts: str) -> bool:
        """Whether a message belongs to the thread with that root, the root included."""
        return shown.root_ts == ts

    async def _follow(self) -> None:
        """Read the feed for as long as it can be read; start over where it broke off."""
        while True:
            try:
                params = {"after": str(self.position)}
                async with self._session.get(f"{self._url}/feed", params=params) as response:
                    async for line in response.content:
                        if line.startswith(b"data: "):
                            await self._take(TruthEntry(**json.loads(line[6:])))
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)

    async def _take(self, entry: TruthEntry) -> None:
        self._entries.append(entry)
        async with self._more:
            self._more.notify_all()

    # -- ordering trouble -------------------------------------------------------------------------------------

    async def add_fault(self, kind: str, **fields: Any) -> int:
        """Order a fault (`simulator.faults.Fault` says which fields there are); returns its id."""
        return int((await self.post("faults", kind=kind, **fields))["id"])

    async def clear_faults(self, fault_id: int | None = None) -> None:
        """Lift one fault, or all."""
        params = {} if fault_id is None else {"id": str(fault_id)}
        async with self._session.delete(f"{self._url}/faults", params=params) as response:
            await _answer(response)

    async def set(self, **settings: Any) -> None:
        """Change settings (the platform's `options` say which there are)."""
        await self.post("settings", **settings)

    async def disconnect_sockets(self, *, reason: str | None = None, count: int | None = None) -> int:
        """End connections; with a *reason* (Slack's `warning` and so on) announced, else cut off; returns how many."""
        return int((await self.post("sockets/disconnect", reason=reason, count=count))["connections"])

    async def black_hole_sockets(self, *, count: int | None = None) -> int:
        """Make connections half-open; returns how many."""
        return int((await self.post("sockets/black_hole", count=count))["connections"])

    # -- HTTP -------------------------------------------------------------------------------------------------

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """Ask the control API for *path*.

        Raises:
            RefusedError: it refused.
        """
        async with self._session.get(f"{self._url}/{path}", params=self._of_team(query)) as response:
            return await _answer(response)

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Have the control API do *path*.

        Raises:
            RefusedError: it refused.
        """
        of_team = body if path in ("faults", "settings") or path.startswith("sockets/") else self._of_team(body)
        async with self._session.post(f"{self._url}/{path}", json=of_team) as response:
            return await _answer(response)

    def _of_team(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {**values, "team": self._team} if self._team else dict(values)

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("start the control client first")
        return self._http


async def _answer(response: aiohttp.ClientResponse) -> dict[str, Any]:
    if response.content_type != "application/json":
        raise RefusedError(f"{response.status}: {await response.text()}")
    body: dict[str, Any] = await response.json()
    if response.status >= 400:
        raise RefusedError(body.get("error", f"status {response.status}"))
    return body
