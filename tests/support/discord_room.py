"""A Discord channel of a test's own. Made by `stage.Stage.room`."""

import re
from typing import Any

from simulator.control_client import ControlClient
from simulator.outcome import Outcome
from simulator.truth import TruthEntry
from tests.support.room import Person, Room, Shown

_KEYWORD = re.compile(r"(stop|status|help|usage|access|audit)(?: #?(\d+))?", re.IGNORECASE)
_NUMBER = re.compile(r"#?(\d+)")


class DiscordRoom(Room):
    """See `Room`."""

    platform = "discord"
    how_to_start = "/agents run"
    stop_sign = "🛑"
    called = {"ada": "Ada Lovelace", "ben": "Ben Ortiz", "chloe": "Chloe Tan"}  # noqa: RUF012

    @property
    def chat(self) -> ControlClient[Any]:
        return self.stage.discord

    def person(self, name: str) -> Person:
        return self.stage.discord.person(name)

    async def command(self, text: str, *, by: Person | None = None, channel: str = "") -> Outcome:
        keyword = _KEYWORD.fullmatch(text.strip())
        if keyword is None:
            return await self._command("/agents run", {"task": text}, by or self.ada, channel)
        options = {"number": int(keyword[2])} if keyword[2] else {}
        return await self._command(f"/agents {keyword[1].lower()}", options, by or self.ada, channel)

    async def history(self, text: str = "", *, by: Person | None = None, channel: str = "") -> Outcome:
        number = _NUMBER.fullmatch(text)
        options: dict[str, Any] = {"id": int(number[1])} if number else {"query": text} if text else {}
        return await self._command("/history", options, by or self.ada, channel)

    async def _command(self, name: str, options: dict[str, Any], by: Any, channel: str) -> Outcome:
        outcome: Outcome = await by.command(name, channel=channel or self.name, options=options)
        return outcome

    def button(self, message: Shown, what: str) -> str:
        kind, colon, n = what.partition(":")
        fitting = (each for each in message.actions if each.startswith(f"muster:{kind}:"))
        return next((each for each in fitting if each.endswith(colon + n)), "")

    async def settings(self, *, by: Person | None = None, **fields: str) -> Outcome:
        who = by or self.ada
        outcome = await self._command("/agents settings", {}, who, "")
        assert outcome.acked, outcome
        [form] = await who.modals()
        sent: Outcome = await who.submit(form["id"], fields)
        return sent

    async def confirmed(self, who: Person, *, after: int) -> None:
        await self.told(who, "Started", after=after)

    async def told(self, who: Person, containing: str = "", *, after: int = 0, timeout_s: float = 30.0) -> Shown:
        mine, direct = await who.id(), await who.open_im()

        def tells(entry: TruthEntry) -> bool:
            if entry.kind.startswith("ephemeral."):
                to_me = entry.data["user"] == mine and "message" in entry.data
            else:
                to_me = entry.kind == "message.posted" and entry.data["channel"] == direct
            if not to_me:
                return False
            shown = self.chat.shown(entry)
            return shown.is_by_app and containing in shown.text and bool(shown.text or shown.files)

        what = f"word to {who.name} containing {containing!r}"
        return self.chat.shown(await self.chat.wait_for(tells, after=after, timeout_s=timeout_s, what=what))

    async def document(self, who: Person, *, after: int = 0) -> Shown:
        return await self.told(who, after=after)

    async def thread_under(self, message: Shown) -> None:
        await self.ben.create_thread(message.channel, "Among people", on=message)

    async def remove(self, name: str) -> None:
        await self.stage.discord.set_permissions(self.channel, name, deny=["VIEW_CHANNEL"])

    async def lines(self, root: Shown) -> list[Shown]:
        return list(await self.stage.discord.thread(root.channel, root.ts))

    async def roots(self) -> list[Shown]:
        return [message for message in await self.stage.discord.messages(self.channel) if self._opens_thread(message)]

    def _in_thread(self, message: Shown, root: Shown) -> bool:
        return bool(message.root_ts == root.ts and message.is_reply)
