"""What people of every simulated platform can do alike, for tests, demonstrations and scripts.

The base of each platform's `Person`. Everything goes through the control API, as if in the platform's own client.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Generic

from simulator.control_client import WAIT_S, ControlClient, ShownT
from simulator.outcome import Outcome
from simulator.truth import TruthEntry


class Person(Generic[ShownT]):
    """One person, acting. Channels go by name or id; `@muster` is the direct messages with the app."""

    def __init__(self, control: ControlClient[ShownT], name: str) -> None:
        self.name = name
        self._control = control

    async def post(
        self, channel: str, text: str = "", *, thread_ts: str | None = None, files: Mapping[str, bytes] | None = None
    ) -> ShownT:
        """Post a message with *files* by name; a reply when *thread_ts* is given."""
        return await self._post(channel, text, thread_ts=thread_ts, files=files)

    async def _post(self, channel: str, text: str, *, files: Mapping[str, bytes] | None, **more: Any) -> ShownT:
        attached = [{"name": n, "content_base64": base64.b64encode(c).decode()} for n, c in (files or {}).items()]
        return self._shown(await self._do("messages", channel=channel, text=text, files=attached, **more))

    async def reply(self, to: ShownT, text: str = "", *, files: Mapping[str, bytes] | None = None) -> ShownT:
        """Answer in the thread that *to* is in, or opens."""
        return await self.post(to.channel, text, thread_ts=to.root_ts, files=files)

    async def edit(self, message: ShownT, text: str) -> ShownT:
        """Change what one's message says."""
        return self._shown(await self._do("messages/edit", channel=message.channel, ts=message.ts, text=text))

    async def delete(self, message: ShownT) -> None:
        """Delete one's message."""
        await self._do("messages/delete", channel=message.channel, ts=message.ts)

    async def react(self, message: ShownT, name: str, *, remove: bool = False) -> None:
        """Add a reaction, or take it back."""
        await self._do("reactions", channel=message.channel, ts=message.ts, name=name, remove=remove)

    async def press(self, message: ShownT, action_id: str, *, value: Any = None, stale: bool = False) -> Outcome:
        """Use a button, or choose *value* in another element.

        Args:
            stale: press a button that the message no longer has, as on a page that has not caught up.
        """
        more = {"stale": True} if stale else {}
        return Outcome.told(
            await self._do("actions", channel=message.channel, ts=message.ts, action_id=action_id, value=value, **more)
        )

    async def shortcut(self, callback_id: str, *, on: ShownT | None = None) -> Outcome:
        """Start a shortcut by its id (Slack) or a command of the context menu by its name (Discord), on a message."""
        where = {"channel": on.channel, "ts": on.ts} if on is not None else {}
        return Outcome.told(await self._do("shortcuts", callback_id=callback_id, **where))

    async def modals(self) -> list[dict[str, Any]]:
        """The forms open before this person, the visible one last; each has an `id`."""
        state = await self._control.state()
        return list(state["modals"].get(await self.id(), []))

    async def submit(self, view_id: str, values: Mapping[str, Any]) -> Outcome:
        """Fill in a form, by ids of its inputs, and submit it."""
        return Outcome.told(await self._do("views/submit", view_id=view_id, values=dict(values)))

    async def open_im(self) -> str:
        """Open the direct messages with the app; returns the channel's id."""
        return str((await self._do("channels/im"))["channel"])

    async def create_channel(self, name: str, *, private: bool = False, members: tuple[str, ...] = ()) -> str:
        """Make a channel; returns its id."""
        answer = await self._do("channels", name=name, private=private, members=list(members))
        return str(answer["channel"])

    async def ephemerals(self) -> list[ShownT]:
        """What this person alone was shown and still sees, oldest first."""
        state, mine = await self._control.state(), await self.id()
        mine_alone = [each for each in state["ephemerals"] if each["to"] == mine]
        return [self._shown({"channel": each["channel"], "message": each}) for each in mine_alone]

    async def wait_for_ephemeral(self, containing: str = "", *, after: int = 0, timeout_s: float = WAIT_S) -> ShownT:
        """The first ephemeral message to this person that says something, with that in it.

        Raises:
            TimeoutError: none came.
        """
        mine = await self.id()

        def matches(entry: TruthEntry) -> bool:
            if not entry.kind.startswith("ephemeral.") or entry.data["user"] != mine or "message" not in entry.data:
                return False
            shown = self._control.shown(entry)
            return containing in shown.text and bool(shown.text or shown.files)  # not one that the app still thinks on

        what = f"ephemeral message to {self.name} containing {containing!r}"
        return self._control.shown(await self._control.wait_for(matches, after=after, timeout_s=timeout_s, what=what))

    async def id(self) -> str:
        """This person's user id."""
        state = await self._control.state()
        return next(str(u["id"]) for u in state["users"] if self.name in (u["id"], u.get("name"), u.get("username")))

    def _shown(self, answer: dict[str, Any]) -> ShownT:
        """The message of an answer of the control API."""
        raise NotImplementedError

    async def _do(self, path: str, **body: Any) -> dict[str, Any]:
        return await self._control.post(path, user=self.name, **body)
