"""People of the simulated guild, for tests, demonstrations and scripts.

    async with DiscordControl(simulator.url) as discord:
        ada = discord.person("ada")
        await ada.command("/agents run", channel="general", options={"task": "count the primes"})
        root = await discord.wait_for_message(channel="general", containing="primes")
        await ada.reply(root, "below one million")

Everything goes through the control API, as if in Discord's own client. What Slack's twin has too is called the same and
means the same: a `ts` is a message's id, a `thread_ts` a thread's.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.control_client import ControlClient, RefusedError
from simulator.discord.control import CONTROL_PATH
from simulator.discord.shown import Shown
from simulator.outcome import Outcome
from simulator.person import Person as AnyPerson
from simulator.truth import TruthEntry

__all__ = ["DiscordControl", "Outcome", "Person", "RefusedError", "Shown", "file"]


class DiscordControl(ControlClient[Shown]):
    """The control API of one guild, and its people. Use it as a context, or `start` and `close` it."""

    def __init__(self, url: str, *, team: str | None = None) -> None:
        """
        Args:
            url: the simulator's `url`.
            team: id of the guild; the first by default.
        """
        super().__init__(url, path=CONTROL_PATH, team=team)

    def person(self, name: str) -> Person:
        """The person with that name or id."""
        return Person(self, name)

    def shown(self, entry: TruthEntry) -> Shown:
        """The message that an entry of the truth log is about."""
        return Shown(channel=entry.data["channel"], body=entry.data["message"], parent=entry.data.get("parent"))

    async def until_served(self, *, timeout_s: float = 30.0) -> None:
        """Wait until the app is connected and its commands can be called; before, a person sees no command.

        Raises:
            TimeoutError: it took too long.
        """

        async def is_served() -> bool:
            app = (await self.state())["app"]
            return bool(app["commands"]) and any(each["identified"] for each in app["connections"])

        await self.until(is_served, timeout_s=timeout_s)

    async def messages(self, channel: str) -> list[Shown]:
        """All messages of a channel or of a thread, in the order of posting."""
        return _all_shown(await self.get("thread", channel=channel))

    async def thread(self, channel: str, ts: str) -> list[Shown]:
        """A thread as it is now: its root, then the replies."""
        return _all_shown(await self.get("thread", channel=channel, ts=ts))

    # -- trouble ----------------------------------------------------------------------------------------------

    async def close_sockets(self, code: int, *, resumable: bool = True, count: int | None = None) -> int:
        """Close connections with *code*; returns how many."""
        answer = await self.post("sockets/disconnect", code=code, resumable=resumable, count=count)
        return int(answer["connections"])

    async def cut_sockets(self, *, resumable: bool = True, count: int | None = None) -> int:
        """Cut connections off; returns how many. *resumable* is whether their sessions can be resumed."""
        answer = await self.post("sockets/disconnect", resumable=resumable, count=count)
        return int(answer["connections"])

    async def invalidate_sessions(self, *, resumable: bool = False, count: int | None = None) -> int:
        """Tell clients that their session is invalid (operation 9); returns how many."""
        return int((await self.post("sockets/invalidate", resumable=resumable, count=count))["connections"])

    async def inject(self, event: str, data: Any) -> int:
        """Send all sessions an event, whatever it is; returns how many there are."""
        return int((await self.post("sockets/inject", event=event, data=data))["sessions"])

    async def send_raw(self, text: str) -> int:
        """Send all connections a frame, whatever it is; returns how many there are."""
        return int((await self.post("sockets/raw", text=text))["connections"])

    async def revoke_token(self, *, again_good: bool = False) -> None:
        """Make the bot's token bad, or good again."""
        await self.post("teams/revoke", error="" if again_good else "token_revoked")

    async def set_outage(self, *, unavailable: bool = True) -> None:
        """Begin or end an outage of the guild."""
        await self.post("teams/outage", unavailable=unavailable)

    async def add_bot(self) -> None:
        """Let the bot into the guild."""
        await self.post("teams/bot")

    async def remove_bot(self) -> None:
        """Kick the bot out of the guild."""
        await self.post("members/remove", removed="@" + str((await self.state())["app"]["name"]))

    async def set_permissions(
        self, channel: str, whose: str, *, allow: Sequence[str] = (), deny: Sequence[str] = ()
    ) -> None:
        """Put an overwrite of a channel in force.

        Args:
            whose: a user or a role, by name or id; `@everyone`.
            allow: names of permissions, such as `SEND_MESSAGES_IN_THREADS`.
        """
        await self.post("channels/permissions", channel=channel, allow=list(allow), deny=list(deny), **{"for": whose})

    async def change_role(self, name: str, permissions: Sequence[str]) -> None:
        """Give a role (the bot's is called as the app is) these permissions, by name, and no others."""
        await self.post("roles", name=name, permissions=list(permissions))

    def _is_mine(self, entry: TruthEntry) -> bool:
        return self._team is None or entry.team in ("", self._team)

    def _names_of_channel(self, entry: TruthEntry) -> tuple[str, ...]:
        """A thread's messages are in its channel too, as a person sees it."""
        named = (entry.data.get(name) for name in ("channel", "channel_name", "parent", "parent_name"))
        return tuple(str(name) for name in named if name)


class Person(AnyPerson[Shown]):
    """One person of the guild, with what only Discord has."""

    async def command(
        self,
        command: str,
        text: str = "",
        *,
        channel: str,
        options: Mapping[str, Any] | None = None,
        thread_ts: str | None = None,
    ) -> Outcome:
        """Call a slash command, and wait for what comes of it (3 s at most).

        Args:
            command: its name, with the subcommand's: `/agents run`.
            text: names the subcommand, or is the value of the first text option, for who does not care which.
            options: values by name; a file is what `file` makes, a user or channel goes by name.
        """
        more = {"thread_ts": thread_ts} if thread_ts else {}
        return Outcome.told(
            await self._do("commands", channel=channel, command=command, text=text, options=dict(options or {}), **more)
        )

    async def autocomplete(
        self, command: str, focused: str, typed: str = "", *, channel: str, options: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """What the app offers while *typed* stands in the option *focused*; nothing when it does not answer."""
        values = {**(options or {}), focused: typed}
        answer = await self._do(
            "commands/autocomplete", channel=channel, command=command, focused=focused, options=values
        )
        return list((answer["payload"] or {}).get("data", {}).get("choices", []))

    async def answer(self, to: Shown, text: str = "") -> Shown:
        """Answer a message where it is, as Discord's own "reply" does."""
        return await self._post(to.channel, text, files=None, reply_to=to.ts)

    async def close_view(self, view_id: str) -> None:
        """Close a modal."""
        await self._do("views/close", view_id=view_id)

    async def create_thread(self, channel: str, name: str, *, on: Shown | None = None, private: bool = False) -> str:
        """Start a thread, from a message or without one; returns its id."""
        more = {"ts": on.ts} if on is not None else {}
        return str((await self._do("threads", channel=channel, name=name, private=private, **more))["channel"])

    async def change_thread(self, thread: str, *, archived: bool | None = None, locked: bool | None = None) -> None:
        """Archive, wake, lock or unlock a thread."""
        wanted = {"archived": archived, "locked": locked}
        await self._do("threads/change", channel=thread, **{n: v for n, v in wanted.items() if v is not None})

    async def invite(self, thread: str, invited: str) -> None:
        """Bring a person, or the bot, into a thread."""
        await self._do("threads/invite", channel=thread, invited=invited)

    async def leave(self, thread: str) -> None:
        """Leave a thread."""
        await self._do("threads/leave", channel=thread)

    async def remove(self, thread: str, removed: str) -> None:
        """Remove someone, the bot included, from a thread."""
        await self._do("threads/leave", channel=thread, removed=removed)

    async def delete_channel(self, channel: str) -> None:
        """Delete a channel with its threads, or a thread."""
        await self._do("channels/delete", channel=channel)

    def _shown(self, answer: dict[str, Any]) -> Shown:
        return Shown(channel=answer["channel"], body=answer["message"], parent=answer.get("parent"))


def file(name: str, content: bytes) -> dict[str, str]:
    """A file as the value of a command's option or of a form's upload."""
    return {"name": name, "content_base64": base64.b64encode(content).decode()}


def _all_shown(answer: dict[str, Any]) -> list[Shown]:
    return [Shown(channel=m["channel"], body=m["message"], parent=m["parent"]) for m in answer["messages"]]
