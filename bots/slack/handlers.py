"""What Slack tells Muster of conversations: messages, changes of them, reactions. Each is recorded, then acknowledged.

Registered on the Bolt app by `app`. Bolt acknowledges when a handler returns and not when it raises, so nothing is
acknowledged that is not in the inbox, files included; what is not acknowledged is told again.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncApp

from bots.attachments import Attachments, Kept, also_told
from bots.attendant import Attendant
from bots.requests import Asked, SettingsWanted
from bots.slack import limits, parse, replies
from bots.slack.people import SlackConversations
from bots.slack.recordings import Recordings
from bots.slack.surface import SlackSurface
from core.domain.commands import Command, PostReply, StartSession
from core.domain.refs import Place, UserId, WorkspaceId
from core.errors import UserError
from core.ports import Answer, Notify
from core.service.front_desk import FrontDesk

Ack = Callable[..., Awaitable[Any]]


class SlackHandlers:
    """The listeners of one workspace's app for events."""

    def __init__(
        self,
        *,
        workspace: WorkspaceId,
        bot_user: str,
        attendant: Attendant,
        people: SlackConversations,
        surface: SlackSurface,
        desk: FrontDesk,
        attachments: Attachments,
    ) -> None:
        self._workspace = workspace
        self._bot_user = bot_user
        self._attendant = attendant
        self._people = people
        self._surface = surface
        self._desk = desk
        self._attachments = attachments
        self._recordings = Recordings()

    def register(self, app: AsyncApp) -> None:
        """Make *app* call the handlers; whatever other events it is sent are acknowledged and forgotten."""
        app.event("message")(self.on_message)
        app.event("app_mention")(self.on_message)
        app.event("reaction_added")(self.on_reaction)
        app.event(re.compile(".*"))(_acknowledge)

    async def close(self) -> None:
        """Give up what waits for files."""
        await self._recordings.close()

    async def on_message(self, event: dict[str, Any]) -> None:
        """A `message` or `app_mention`; raises when it could not be recorded, so that Slack sends it again."""
        if (change := parse.changed(event, self._bot_user)) is not None:
            async with asyncio.timeout(limits.RECORD_S):
                await self._on_change(change)
            return
        message = parse.said(event, self._bot_user)
        if message is None:
            return
        # Two events tell of a mention, and nothing is recorded of a question that would show the second to be the same.
        first = message.direct or event["type"] == "app_mention"
        if not message.files:
            async with asyncio.timeout(limits.RECORD_S):
                await self._record(message, answers=first)
            return

        async def record() -> None:
            await self._record(message, answers=True)

        await self._recordings.join(message.dedupe_key, record, within_s=limits.RECORD_S)

    async def hear_again(self, event: dict[str, Any]) -> None:
        """A message of a thread that was read anew: taken if Slack has not told of it, as if it had just now.

        Questions about what is there are passed over: nothing says whether they were answered.

        Raises:
            TransientError: it could not be recorded.
        """
        message = parse.said({**event, "edited": None}, self._bot_user)
        if message is not None:

            async def record() -> None:
                await self._record(message, answers=False)

            await (self._recordings.join(message.dedupe_key, record) if message.files else record())
        edit = {"subtype": "message_changed", "channel": event["channel"], "message": event}
        if (change := parse.changed(edit, self._bot_user)) is not None:
            await self._on_change(change)

    async def on_reaction(self, event: dict[str, Any]) -> None:
        """A reaction: 🛑 on a post of Muster's stops the session; raises as `on_message` does."""
        mark = parse.marked(event, self._bot_user)
        if mark is None:
            return
        async with asyncio.timeout(limits.RECORD_S):
            wanted = parse.stop_marked(mark, self._workspace, await self._people.who(mark.user))
            notify = self._in_private(wanted.place, mark.user)
            await self._attendant.take(wanted, key=mark.dedupe_key, order=mark.at, notify=notify)

    async def _record(self, message: parse.Said, *, answers: bool) -> None:
        """Take what a message asks for, with its files; a question is answered only if this delivery *answers*."""
        by, names = await self._people.with_names(message.user, message.text, but=self._bot_user)
        place = Place(workspace=self._workspace, channel=message.channel, root=message.thread)
        notify = self._in_private(place, message.user)
        try:
            wanted = parse.asked_in(message, self._workspace, self._bot_user, by, names)
        except UserError as error:
            if answers:
                self._attendant.soon(notify(Answer(text=str(error))))
            return
        if isinstance(wanted, SettingsWanted):
            if answers:
                self._attendant.soon(notify(Answer(text=replies.SETTINGS_BY_COMMAND)))
        elif isinstance(wanted, Asked):
            if answers:
                self._attendant.answer_soon(wanted, notify)
        else:
            wanted, left_out = await self._with_files(wanted, message)
            notify, alone = also_told(notify, left_out)
            await self._attendant.take(wanted, key=message.dedupe_key, order=message.ts, notify=notify, otherwise=alone)

    async def _with_files(self, wanted: Command, message: parse.Said) -> tuple[Command, str]:
        """*wanted* with the message's files, fetched and kept, and what is to be said of those that are left out."""
        match wanted:
            case StartSession() | PostReply() if message.files and not self._is_refused(wanted):
                kept: Kept = await self._attachments.kept(self._workspace, message.files, within_s=limits.FETCH_S)
                return replace(wanted, files=kept.files), kept.left_out
        return wanted, ""

    def _is_refused(self, wanted: StartSession | PostReply) -> bool:
        """Whether it comes to nothing anyway: nobody's bytes are fetched for that."""
        if not isinstance(wanted, StartSession):
            return wanted.restricted
        try:
            self._desk.check(wanted)
        except UserError:
            return True
        return False

    async def _on_change(self, change: parse.Changed) -> None:
        by, names = await self._people.with_names(change.user, change.text, but=self._bot_user)
        wanted = parse.changed_reply(change, self._workspace, self._bot_user, by, names)
        notify = self._in_private(wanted.place, change.user)
        await self._attendant.take(wanted, key=change.dedupe_key, order=change.at, notify=notify)

    def _in_private(self, place: Place, user: UserId) -> Notify:
        async def notify(answer: Answer) -> None:
            await self._surface.tell(place, user, answer)

        return notify


async def _acknowledge(ack: Ack) -> None:
    await ack()
