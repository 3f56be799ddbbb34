"""A Discord channel of a test's own. Made by `stage.Stage.room`."""

import re
from typing import Any

from simulator.control_client import ControlClient
from simulator.outcome import Outcome
from tests.support.room import Person, Room, Shown

_KEYWORD = re.compile(r"(stop|status|help)(?: #?(\d+))?", re.IGNORECASE)
_NUMBER = re.compile(r"#?(\d+)")


class DiscordRoom(Room):
    """See `Room`."""

    platform = "discord"
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
        return next((action for action in message.actions if action.startswith(f"muster:{what}")), "")

    async def lines(self, root: Shown) -> list[Shown]:
        return list(await self.stage.discord.thread(root.channel, root.ts))

    async def roots(self) -> list[Shown]:
        return [message for message in await self.stage.discord.messages(self.channel) if self._opens_thread(message)]

    def _in_thread(self, message: Shown, root: Shown) -> bool:
        return bool(message.root_ts == root.ts and message.is_reply)
