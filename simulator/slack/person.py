"""A person of the simulated workspace, for tests, demonstrations and scripts: a client of the control API.

    async with SlackControl(simulator.url) as slack:
        ada = slack.person("ada")
        await ada.command("/agents", "count the primes", channel="general")
        root = await slack.wait_for_message(channel="general", containing="primes")
        await ada.reply(root, "below one million")

It speaks HTTP alone, so the simulator may be in this process or in another. It never asks twice for what it can wait
for: all waiting is on the live feed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

import aiohttp

from simulator.slack.markup import unescape
from simulator.truth import TruthEntry

WAIT_S = 10.0
_T = TypeVar("_T")


class RefusedError(Exception):
    """The control API refused; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as somebody sees it."""

    channel: str
    """Id of the channel it is in."""
    body: dict[str, Any] = field(repr=False)
    """The message as on Slack's wire."""

    @property
    def ts(self) -> str:
        """The message's id in its channel."""
        return str(self.body["ts"])

    @property
    def root_ts(self) -> str:
        """Ts of the root of the thread that it is in, or would open."""
        return str(self.body.get("thread_ts") or self.body["ts"])

    @property
    def author(self) -> str:
        """The customised name it was posted under, or the id of its user."""
        return str(self.body.get("username") or self.body.get("user") or "")

    @property
    def text(self) -> str:
        """All that can be read in it: its text and that of its blocks, unescaped."""
        return unescape("\n".join([self.body.get("text", ""), *_texts(self.body.get("blocks", []))]))

    @property
    def actions(self) -> list[str]:
        """The action ids that can be used on it."""
        return list(_action_ids(self.body.get("blocks", [])))

    @property
    def files(self) -> list[dict[str, Any]]:
        """The files attached to it."""
        return list(self.body.get("files", []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an interaction went for the person."""

    acked: bool
    latency_ms: float | None
    error: str | None
    """`operation_timeout` or `dispatch_failed` when the app did not answer."""
    payload: dict[str, Any] | None
    """What the app sent along with its acknowledgement."""


class SlackControl:
    """The control API of one workspace. Use it as a context, or `start` and `close` it."""

    def __init__(self, url: str, *, team: str | None = None) -> None:
        """
        Args:
            url: the simulator's `url`.
            team: id or name of the workspace; the first by default.
        """
        self._url = f"{url.rstrip('/')}/control/slack"
        self._team = team
        self._entries: list[TruthEntry] = []
        self._more = asyncio.Condition()
        self._http: aiohttp.ClientSession | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> SlackControl:
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

    def person(self, name: str) -> Person:
        """The person with that handle or id."""
        return Person(self, name)

    # -- looking ----------------------------------------------------------------------------------------------

    async def state(self) -> dict[str, Any]:
        """The whole state of the workspace (`GET state`)."""
        return await self.get("state")

    async def messages(self, channel: str) -> list[Shown]:
        """All messages of a channel, replies included, in the order of posting."""
        return await self._messages(channel=channel)

    async def thread(self, channel: str, ts: str) -> list[Shown]:
        """A thread as it is now: its root, then the replies."""
        return await self._messages(channel=channel, ts=ts)

    async def _messages(self, **where: str) -> list[Shown]:
        answer = await self.get("thread", **where)
        return [Shown(channel=answer["channel"], body=body) for body in answer["messages"]]

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
    ) -> Shown:
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
            if channel is not None and channel.removeprefix("#") not in _names_of_channel(entry):
                return False
            shown = Shown(channel=entry.data["channel"], body=entry.data["message"])
            return (
                containing in shown.text
                and (thread_ts is None or shown.body.get("thread_ts") == thread_ts)
                and (author is None or shown.author == author)
            )

        what = f"message containing {containing!r} in {channel or 'any channel'} (thread {thread_ts}, by {author})"
        entry = await self.wait_for(matches, after=after, timeout_s=timeout_s, what=what)
        return Shown(channel=entry.data["channel"], body=entry.data["message"])

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
        """Change settings (`simulator.slack.options.SlackOptions` says which there are)."""
        await self.post("settings", **settings)

    async def disconnect_sockets(self, *, reason: str | None = None, count: int | None = None) -> int:
        """End Socket Mode connections; with a *reason* (`warning`, `refresh_requested`) announced, else cut off."""
        return int((await self.post("sockets/disconnect", reason=reason, count=count))["connections"])

    async def black_hole_sockets(self, *, count: int | None = None) -> int:
        """Make Socket Mode connections half-open."""
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


class Person:
    """One person, acting. Channels go by name or id; `@muster` is the direct messages with the app."""

    def __init__(self, control: SlackControl, name: str) -> None:
        self.name = name
        self._control = control

    async def command(self, command: str, text: str = "", *, channel: str, thread_ts: str | None = None) -> Outcome:
        """Type a slash command, and wait for what comes of it (3 s at most)."""
        more = {"thread_ts": thread_ts} if thread_ts else {}
        return _outcome(await self._do("commands", channel=channel, command=command, text=text, **more))

    async def post(
        self,
        channel: str,
        text: str = "",
        *,
        thread_ts: str | None = None,
        files: Mapping[str, bytes] | None = None,
        broadcast: bool = False,
    ) -> Shown:
        """Post a message with *files* by name; a reply when *thread_ts* is given."""
        attached = [{"name": n, "content_base64": base64.b64encode(c).decode()} for n, c in (files or {}).items()]
        answer = await self._do(
            "messages", channel=channel, text=text, thread_ts=thread_ts, files=attached, broadcast=broadcast
        )
        return Shown(channel=answer["channel"], body=answer["message"])

    async def reply(self, to: Shown, text: str = "", *, files: Mapping[str, bytes] | None = None) -> Shown:
        """Answer in the thread that *to* is in, or opens."""
        return await self.post(to.channel, text, thread_ts=to.root_ts, files=files)

    async def edit(self, message: Shown, text: str) -> Shown:
        """Change what one's message says."""
        answer = await self._do("messages/edit", channel=message.channel, ts=message.ts, text=text)
        return Shown(channel=answer["channel"], body=answer["message"])

    async def delete(self, message: Shown) -> None:
        """Delete one's message."""
        await self._do("messages/delete", channel=message.channel, ts=message.ts)

    async def react(self, message: Shown, name: str, *, remove: bool = False) -> None:
        """Add a reaction, or take it back."""
        await self._do("reactions", channel=message.channel, ts=message.ts, name=name, remove=remove)

    async def press(self, message: Shown, action_id: str, *, value: Any = None, stale: bool = False) -> Outcome:
        """Use a button, or choose *value* in another element.

        Args:
            stale: press a button that the message no longer has, as on a page that has not caught up.
        """
        more = {"stale": True} if stale else {}
        return _outcome(
            await self._do("actions", channel=message.channel, ts=message.ts, action_id=action_id, value=value, **more)
        )

    async def press_in_view(self, view_id: str, action_id: str, *, value: Any = None) -> Outcome:
        """Use an element of a modal or of the home tab."""
        return _outcome(await self._do("actions", view_id=view_id, action_id=action_id, value=value))

    async def shortcut(self, callback_id: str, *, on: Shown | None = None) -> Outcome:
        """Start a global shortcut, or one on a message."""
        where = {"channel": on.channel, "ts": on.ts} if on is not None else {}
        return _outcome(await self._do("shortcuts", callback_id=callback_id, **where))

    async def modals(self) -> list[dict[str, Any]]:
        """The modals open before this person, the visible one last."""
        state = await self._control.state()
        return list(state["modals"].get(await self.id(), []))

    async def submit(self, view_id: str, values: Mapping[str, Any]) -> Outcome:
        """Fill in a modal, by action id or block id, and submit it."""
        return _outcome(await self._do("views/submit", view_id=view_id, values=dict(values)))

    async def close_view(self, view_id: str, *, whole_stack: bool = False) -> None:
        """Close a modal."""
        await self._do("views/close", view_id=view_id, whole_stack=whole_stack)

    async def open_home(self) -> None:
        """Open the app's home tab."""
        await self._do("home")

    async def open_im(self) -> str:
        """Open the direct messages with the app; returns the channel's id."""
        return str((await self._do("channels/im"))["channel"])

    async def create_channel(self, name: str, *, private: bool = False, members: tuple[str, ...] = ()) -> str:
        """Make a channel; returns its id."""
        answer = await self._do("channels", name=name, private=private, members=list(members))
        return str(answer["channel"])

    async def join(self, channel: str) -> None:
        """Join a public channel."""
        await self._do("channels/join", channel=channel)

    async def invite(self, channel: str, invited: str) -> None:
        """Bring a person, or the bot, into a channel."""
        await self._do("channels/invite", channel=channel, invited=invited)

    async def leave(self, channel: str) -> None:
        """Leave a channel."""
        await self._do("channels/leave", channel=channel)

    async def remove(self, channel: str, removed: str) -> None:
        """Remove someone, the bot included, from a channel."""
        await self._do("channels/leave", channel=channel, removed=removed)

    async def archive(self, channel: str) -> None:
        """Archive a channel."""
        await self._do("channels/archive", channel=channel)

    async def ephemerals(self) -> list[Shown]:
        """What this person alone was shown and still sees, oldest first."""
        state, mine = await self._control.state(), await self.id()
        return [Shown(channel=e["channel"], body=e) for e in state["ephemerals"] if e["to"] == mine]

    async def wait_for_ephemeral(self, containing: str = "", *, after: int = 0, timeout_s: float = WAIT_S) -> Shown:
        """The first ephemeral message to this person with that in it.

        Raises:
            TimeoutError: none came.
        """
        mine = await self.id()

        def matches(entry: TruthEntry) -> bool:
            if not entry.kind.startswith("ephemeral.") or entry.data["user"] != mine or "message" not in entry.data:
                return False
            return containing in Shown(channel=entry.data["channel"], body=entry.data["message"]).text

        what = f"ephemeral message to {self.name} containing {containing!r}"
        entry = await self._control.wait_for(matches, after=after, timeout_s=timeout_s, what=what)
        return Shown(channel=entry.data["channel"], body=entry.data["message"])

    async def id(self) -> str:
        """This person's user id."""
        state = await self._control.state()
        return next(str(u["id"]) for u in state["users"] if self.name in (u["id"], u["name"]))

    async def _do(self, path: str, **body: Any) -> dict[str, Any]:
        return await self._control.post(path, user=self.name, **body)


async def _answer(response: aiohttp.ClientResponse) -> dict[str, Any]:
    if response.content_type != "application/json":
        raise RefusedError(f"{response.status}: {await response.text()}")
    body: dict[str, Any] = await response.json()
    if response.status >= 400:
        raise RefusedError(body.get("error", f"status {response.status}"))
    return body


def _outcome(body: dict[str, Any]) -> Outcome:
    return Outcome(acked=body["acked"], latency_ms=body["latency_ms"], error=body["error"], payload=body["payload"])


def _names_of_channel(entry: TruthEntry) -> tuple[str, str]:
    return entry.data["channel"], entry.data["channel_name"]


def _texts(blocks: Any) -> Iterator[str]:
    """Every text in a block structure."""
    if isinstance(blocks, list):
        for item in blocks:
            yield from _texts(item)
    elif isinstance(blocks, dict):
        if isinstance(blocks.get("text"), str):
            yield blocks["text"]
        for item in blocks.values():
            if isinstance(item, list | dict):
                yield from _texts(item)


def _action_ids(blocks: Any) -> Iterator[str]:
    if isinstance(blocks, list):
        for item in blocks:
            yield from _action_ids(item)
    elif isinstance(blocks, dict):
        if isinstance(blocks.get("action_id"), str):
            yield blocks["action_id"]
        for item in blocks.values():
            if isinstance(item, list | dict):
                yield from _action_ids(item)
