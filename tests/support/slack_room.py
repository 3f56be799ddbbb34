"""A Slack channel of a test's own. Made by `stage.Stage.room`."""

from typing import Any

from simulator.control_client import ControlClient
from simulator.outcome import Outcome
from tests.support.room import Person, Room, Shown

_BUTTONS = {"stop": "muster_stop", "older": "muster_older"}


class SlackRoom(Room):
    """See `Room`."""

    platform = "slack"
    how_to_start = "/agents <task>"
    stop_sign = "octagonal_sign"
    called = {"ada": "ada", "ben": "ben", "chloe": "chloe"}  # noqa: RUF012

    @property
    def chat(self) -> ControlClient[Any]:
        return self.stage.slack

    def person(self, name: str) -> Person:
        return self.stage.slack.person(name)

    async def command(self, text: str, *, by: Person | None = None, channel: str = "") -> Outcome:
        return await self._command("/agents", text, by or self.ada, channel)

    async def history(self, text: str = "", *, by: Person | None = None, channel: str = "") -> Outcome:
        return await self._command("/history", text, by or self.ada, channel)

    async def _command(self, name: str, text: str, by: Any, channel: str) -> Outcome:
        outcome: Outcome = await by.command(name, text, channel=channel or self.name)
        return outcome

    def button(self, message: Shown, what: str) -> str:
        wanted = _BUTTONS.get(what) or what.replace("choice:", "muster_choice_")
        return wanted if wanted in message.actions else ""

    async def settings(self, *, by: Person | None = None, **fields: str) -> Outcome:
        who = by or self.ada
        outcome = await self.command("settings", by=who)
        assert outcome.acked, outcome
        [view] = await who.modals()
        sent: Outcome = await who.submit(view["id"], {f"mine:{name}": value for name, value in fields.items()})
        return sent

    async def told(self, who: Person, containing: str = "", *, after: int = 0, timeout_s: float = 30.0) -> Shown:
        return await who.wait_for_ephemeral(containing, after=after, timeout_s=timeout_s)

    async def document(self, who: Person, *, after: int = 0) -> Shown:
        return await self.stage.slack.wait_for_message(channel=await who.open_im(), after=after, timeout_s=30)

    async def remove(self, name: str) -> None:
        await self.ada.remove(self.channel, name)

    async def lines(self, root: Shown) -> list[Shown]:
        return list(await self.stage.slack.thread(root.channel, root.ts))

    async def roots(self) -> list[Shown]:
        return [message for message in await self.stage.slack.messages(self.channel) if self._opens_thread(message)]

    def _in_thread(self, message: Shown, root: Shown) -> bool:
        return bool(message.channel == root.channel and message.root_ts == root.ts and message.is_reply)
