"""A channel of a test's own on a stage: what people do in it, and what they get to see, whatever the platform.

Made by `stage.Stage.room`. Sessions are found by the room's name, which every task in it holds. What platforms do
differently is in `slack_room` and `discord_room`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.control_client import ControlClient
from simulator.outcome import Outcome
from simulator.truth import TruthEntry
from tests.support.model_control import Turn
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.support.stage import Stage

ASKS = "Reply in this thread to answer"
COMPLETED = "✅ Completed"
FAILED = "❌ Failed"
STOPPED = "⏹ Stopped"
ENDINGS = (COMPLETED, FAILED, STOPPED, "⌛ Expired")

Person = Any
"""Somebody of a platform: `simulator.slack.person.Person` or `simulator.discord.person.Person`."""
Shown = Any
"""A message as a platform's people see it: `simulator.slack.shown.Shown` or `simulator.discord.shown.Shown`."""

_POST_S = 40.0
_END_S = 60.0


class Room:
    """One channel, and what is said in it."""

    platform: str
    called: Mapping[str, str]
    """What people are called when Muster speaks of them."""
    how_to_start: str
    """What help says of starting."""
    stop_sign: str
    """The reaction 🛑 by the platform's name."""

    def __init__(self, stage: "Stage", name: str, channel: str) -> None:
        self.stage = stage
        self.name = name
        self.channel = channel  # its id
        self.ada = self.person("ada")
        self.ben = self.person("ben")
        self.chloe = self.person("chloe")

    # --- what platforms do differently

    @property
    def chat(self) -> ControlClient[Any]:
        """The control client of the platform."""
        raise NotImplementedError

    def person(self, name: str) -> Person:
        """Somebody of the platform."""
        raise NotImplementedError

    async def command(self, text: str, *, by: Person | None = None, channel: str = "") -> Outcome:
        """`/agents <text>`: a task, or `status`, `stop`, `help`, with a number perhaps."""
        raise NotImplementedError

    async def history(self, text: str = "", *, by: Person | None = None, channel: str = "") -> Outcome:
        """`/history <text>`: words, or a number."""
        raise NotImplementedError

    def button(self, message: Shown, what: str) -> str:
        """The id of a message's button: `stop`, `older`, `answer`, or a choice as `choice:1`; "" when it has none."""
        raise NotImplementedError

    async def settings(self, *, by: Person | None = None, **fields: str) -> Outcome:
        """Open the form of one's own settings and send it with these *fields*; others stay as the form shows them.

        Args:
            fields: `provider`, `model`, `system_prompt`, `provider_key`, `tavily_key`.
        """
        raise NotImplementedError

    async def told(self, who: Person, containing: str = "", *, after: int = 0, timeout_s: float = 30.0) -> Shown:
        """What the person is told in private: where they are, or in their direct messages with Muster."""
        raise NotImplementedError

    async def document(self, who: Person, *, after: int = 0) -> Shown:
        """The private message that brings the person a file."""
        raise NotImplementedError

    async def confirmed(self, who: Person, *, after: int) -> None:
        """Wait until the person was told that their command was carried out, where the platform wants them told."""

    async def thread_under(self, message: Shown) -> None:
        """Let people talk in a thread under one's message, where that is not just done."""

    async def remove(self, name: str) -> None:
        """Take somebody out of a private room."""
        raise NotImplementedError

    # --- what is to happen

    def task(self, words: str) -> str:
        """*words* as a task of this room."""
        return f"{words} ({self.name})"

    async def script(self, *turns: Turn, team: Sequence[str] = ("Ana", "Bea")) -> None:
        """Have the next session here made of *team*, who take turns and say this."""
        await self.stage.model.team(team, text=self.name)
        for turn in turns:
            await self.stage.model.turn(turn, text=self.name)

    async def fault(self, fault: str, **order: object) -> None:
        """Let the model's next matching request of this room fail."""
        await self.stage.model.fault(fault, text=self.name, **order)

    # --- what people do

    async def start(self, task: str = "Do it", *, by: Person | None = None) -> Shown:
        """Type `/agents <task>`; returns the root of the thread that opens."""
        after = self.chat.position
        outcome = await self.command(task if self.name in task else self.task(task), by=by)
        assert outcome.acked, outcome
        root = await self.root(after=after)
        await self.confirmed(by or self.ada, after=after)
        return root

    async def press(self, message: Shown, what: str, *, by: Person | None = None) -> Outcome:
        """Press a message's button, as `button` names it."""
        outcome: Outcome = await (by or self.ada).press(message, self.button(message, what))
        return outcome

    # --- what people see

    async def root(self, *, after: int = 0) -> Shown:
        """The first message of Muster's that opens a thread here."""

        def opens(entry: TruthEntry) -> bool:
            return entry.kind == "message.posted" and self._opens_thread(self.chat.shown(entry))

        found = await self.chat.wait_for(opens, after=after, timeout_s=_POST_S, what=f"root in {self.name}")
        return self.chat.shown(found)

    async def until(self, containing: str, root: Shown, *, after: int = 0, timeout_s: float = _POST_S) -> Shown:
        """The first reply in the thread, now or to come, with that in it."""

        def says(shown: Shown) -> bool:
            return containing in shown.text

        return await self._reply(says, root, after, timeout_s, repr(containing))

    async def end(self, root: Shown, *, after: int = 0, timeout_s: float = _END_S) -> Shown:
        """The last post of the thread's session, whatever it says."""

        def ends(shown: Shown) -> bool:
            return bool(shown.text.startswith(ENDINGS))

        return await self._reply(ends, root, after, timeout_s, "end")

    async def until_card(self, containing: str, root: Shown, *, timeout_s: float = _POST_S) -> Shown:
        """The status card once it says *containing*."""

        async def says() -> Shown | None:
            [card, *_] = await self.lines(root)
            return card if containing in card.text else None

        return await self.chat.until(says, timeout_s=timeout_s)

    def number(self, message: Shown) -> int:
        """The first session's number in it."""
        found = re.search(r"#(\d+)", message.text)
        assert found, message.text
        return int(found[1])

    async def until_asked(self, **query: str) -> None:
        """Wait until the model has a request of this room that matches *query*."""

        async def asked() -> bool:
            return bool(await self.stage.model.requests(self.name, **query))

        await until(asked, timeout_s=_POST_S)

    async def lines(self, root: Shown) -> list[Shown]:
        """The thread as it is now, root first."""
        raise NotImplementedError

    async def texts(self, root: Shown) -> list[str]:
        """What Muster has said in the thread, without the card."""
        return [line.text for line in (await self.lines(root))[1:] if line.is_by_app]

    async def speakers(self, root: Shown) -> list[str]:
        """The agents that have posted in the thread, one a post, in order."""
        return [speaker for line in await self.lines(root) if (speaker := line.speaker)]

    async def said_by(self, agent: str, root: Shown) -> list[Shown]:
        """What the agent has posted in the thread."""
        return [line for line in await self.lines(root) if line.speaker == agent]

    async def roots(self) -> list[Shown]:
        """The messages of the channel that Muster began threads with."""
        raise NotImplementedError

    async def download(self, file: str) -> bytes:
        """The bytes of a file."""
        return await self.chat.download(file)

    async def _reply(self, matches: Any, root: Shown, after: int, timeout_s: float, what: str) -> Shown:
        def found(entry: TruthEntry) -> bool:
            if entry.kind != "message.posted":
                return False
            shown = self.chat.shown(entry)
            return self._in_thread(shown, root) and matches(shown)

        what = f"{what} in the thread {root.ts} of {self.name}"
        return self.chat.shown(await self.chat.wait_for(found, after=after, timeout_s=timeout_s, what=what))

    def _opens_thread(self, message: Shown) -> bool:
        return bool(message.channel == self.channel and message.is_by_app and not message.is_reply)

    def _in_thread(self, message: Shown, root: Shown) -> bool:
        raise NotImplementedError
