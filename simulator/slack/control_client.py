"""A client of the control API of the simulated Slack: one workspace, its messages and its truth log.

The base of `person.SlackControl`.
"""

from __future__ import annotations

from simulator.control_client import ControlClient as AnyControlClient
from simulator.slack.control import CONTROL_PATH
from simulator.slack.shown import Shown
from simulator.truth import TruthEntry


class ControlClient(AnyControlClient[Shown]):
    """The control API of one workspace. Use it as a context, or `start` and `close` it."""

    def __init__(self, url: str, *, team: str | None = None) -> None:
        """
        Args:
            url: the simulator's `url`.
            team: id of the workspace; the first by default.
        """
        super().__init__(url, path=CONTROL_PATH, team=team)

    def shown(self, entry: TruthEntry) -> Shown:
        """The message that an entry of the truth log is about."""
        return Shown(channel=entry.data["channel"], body=entry.data["message"])

    async def messages(self, channel: str) -> list[Shown]:
        """All messages of a channel, replies included, in the order of posting."""
        return await self._messages(channel=channel)

    async def thread(self, channel: str, ts: str) -> list[Shown]:
        """A thread as it is now: its root, then the replies."""
        return await self._messages(channel=channel, ts=ts)

    async def _messages(self, **where: str) -> list[Shown]:
        answer = await self.get("thread", **where)
        return [Shown(channel=answer["channel"], body=body) for body in answer["messages"]]

    def _is_in_thread(self, shown: Shown, ts: str) -> bool:
        """Slack says `thread_ts` on a root too, once there are replies."""
        return shown.body.get("thread_ts") == ts
