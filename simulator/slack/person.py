"""People of the simulated workspace, for tests, demonstrations and scripts.

    async with SlackControl(simulator.url) as slack:
        ada = slack.person("ada")
        await ada.command("/agents", "count the primes", channel="general")
        root = await slack.wait_for_message(channel="general", containing="primes")
        await ada.reply(root, "below one million")

Everything goes through the control API, as if in Slack's own client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.control_client import RefusedError
from simulator.outcome import Outcome
from simulator.person import Person as AnyPerson
from simulator.slack.control_client import ControlClient
from simulator.slack.shown import Shown

__all__ = ["Outcome", "Person", "RefusedError", "Shown", "SlackControl"]


class SlackControl(ControlClient):
    """The control API of one workspace, and its people. Use it as a context, or `start` and `close` it."""

    def person(self, name: str) -> Person:
        """The person with that handle or id."""
        return Person(self, name)

    async def set_group(self, handle: str, *members: str) -> str:
        """Make the user group `@handle`, or change who is in it; returns its id. Without members it is disabled."""
        return str((await self.post("usergroups", handle=handle, members=list(members)))["usergroup"])


class Person(AnyPerson[Shown]):
    """One person of the workspace, with what only Slack has."""

    async def command(self, command: str, text: str = "", *, channel: str, thread_ts: str | None = None) -> Outcome:
        """Type a slash command, and wait for what comes of it (3 s at most)."""
        more = {"thread_ts": thread_ts} if thread_ts else {}
        return Outcome.told(await self._do("commands", channel=channel, command=command, text=text, **more))

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
        return await self._post(channel, text, files=files, thread_ts=thread_ts, broadcast=broadcast)

    async def press_in_view(self, view_id: str, action_id: str, *, value: Any = None) -> Outcome:
        """Use an element of a modal or of the home tab."""
        return Outcome.told(await self._do("actions", view_id=view_id, action_id=action_id, value=value))

    async def close_view(self, view_id: str, *, whole_stack: bool = False) -> None:
        """Close a modal."""
        await self._do("views/close", view_id=view_id, whole_stack=whole_stack)

    async def open_home(self) -> None:
        """Open the app's home tab."""
        await self._do("home")

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

    def _shown(self, answer: dict[str, Any]) -> Shown:
        return Shown(channel=answer["channel"], body=answer["message"])
