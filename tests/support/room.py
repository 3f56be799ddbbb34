"""A channel of a test's own on a stage: what people do in it, and what they get to see.

Made by `stage.Stage.room`. Sessions are found by the room's name, which every task in it holds.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.slack.person import Outcome, Person, Shown
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

STOP_BUTTON = "muster_stop"

_POST_S = 40.0
_END_S = 60.0


class Room:
    """One channel, and what is said in it."""

    def __init__(self, stage: "Stage", name: str, channel: str) -> None:
        self.stage = stage
        self.name = name
        self.channel = channel  # its id
        self.ada: Person = stage.slack.person("ada")
        self.ben: Person = stage.slack.person("ben")
        self.chloe: Person = stage.slack.person("chloe")

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
        after = self.stage.slack.position
        outcome = await self.command(task if self.name in task else self.task(task), by=by)
        assert outcome.acked, outcome
        return await self.root(after=after)

    async def command(self, text: str, *, by: Person | None = None) -> Outcome:
        """Type `/agents <text>`."""
        return await (by or self.ada).command("/agents", text, channel=self.name)

    # --- what people see

    async def root(self, *, after: int = 0) -> Shown:
        """The first message of Muster's that opens a thread here."""

        def opens(entry: TruthEntry) -> bool:
            if entry.kind != "message.posted" or entry.data["channel"] != self.channel:
                return False
            return _opens_thread(entry.data["message"])

        return _shown(
            await self.stage.slack.wait_for(opens, after=after, timeout_s=_POST_S, what=f"root in {self.name}")
        )

    async def until(self, containing: str, root: Shown, *, after: int = 0, timeout_s: float = _POST_S) -> Shown:
        """The first reply in the thread, now or to come, with that in it."""

        def says(entry: TruthEntry) -> bool:
            return _replied(entry, root) and containing in _shown(entry).text

        what = f"{containing!r} in the thread {root.ts} of {self.name}"
        return _shown(await self.stage.slack.wait_for(says, after=after, timeout_s=timeout_s, what=what))

    async def end(self, root: Shown, *, after: int = 0, timeout_s: float = _END_S) -> Shown:
        """The last post of the thread's session, whatever it says."""

        def ends(entry: TruthEntry) -> bool:
            return _replied(entry, root) and _shown(entry).text.startswith(ENDINGS)

        what = f"end of the thread {root.ts} of {self.name}"
        return _shown(await self.stage.slack.wait_for(ends, after=after, timeout_s=timeout_s, what=what))

    async def until_card(self, containing: str, root: Shown, *, timeout_s: float = _POST_S) -> Shown:
        """The status card once it says *containing*."""

        async def says() -> Shown | None:
            [card, *_] = await self.lines(root)
            return card if containing in card.text else None

        return await self.stage.slack.until(says, timeout_s=timeout_s)

    async def until_asked(self, **query: str) -> None:
        """Wait until the model has a request of this room that matches *query*."""

        async def asked() -> bool:
            return bool(await self.stage.model.requests(self.name, **query))

        await until(asked, timeout_s=_POST_S)

    async def lines(self, root: Shown) -> list[Shown]:
        """The thread as it is now, root first."""
        return await self.stage.slack.thread(root.channel, root.ts)

    async def texts(self, root: Shown) -> list[str]:
        """What Muster has said in the thread, without the card."""
        return [line.text for line in (await self.lines(root))[1:] if _by_muster(line.body)]

    async def roots(self) -> list[Shown]:
        """The messages of the channel that Muster began threads with."""
        messages = await self.stage.slack.messages(self.channel)
        return [message for message in messages if _opens_thread(message.body)]


def _shown(entry: TruthEntry) -> Shown:
    return Shown(channel=entry.data["channel"], body=entry.data["message"])


def _by_muster(message: Mapping[str, Any]) -> bool:
    """Agents speak under names of their own, so the author says nothing."""
    return bool(message.get("bot_id")) and not str(message.get("subtype", "")).startswith("channel_")


def _opens_thread(message: Mapping[str, Any]) -> bool:
    return _by_muster(message) and message.get("thread_ts", message["ts"]) == message["ts"]


def _replied(entry: TruthEntry, root: Shown) -> bool:
    if entry.kind != "message.posted" or entry.data["channel"] != root.channel:
        return False
    message = entry.data["message"]
    return bool(message.get("thread_ts") == root.ts and message["ts"] != root.ts)
