"""People of the simulated workspace, for tests, demonstrations and scripts.

    async with SlackControl(simulator.url) as slack:
        ada = slack.person("ada")
        await ada.command("/agents", "count the primes", channel="general")
        root = await slack.wait_for_message(channel="general", containing="primes")
        await ada.reply(root, "below one million")

Everything goes through the control API, as if in Slack's own client.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from simulator.slack.control_client import WAIT_S, ControlClient, RefusedError
from simulator.slack.shown import Outcome, Shown
from simulator.truth import TruthEntry

__all__ = ["Outcome", "Person", "RefusedError", "Shown", "SlackControl"]


class SlackControl(ControlClient):
    """The control API of one workspace, and its people. Use it as a context, or `start` and `close` it."""

    def person(self, name: str) -> Person:
        """The person with that handle or id."""
        return Person(self, name)


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


def _outcome(body: dict[str, Any]) -> Outcome:
    return Outcome(acked=body["acked"], latency_ms=body["latency_ms"], error=body["error"], payload=body["payload"])
