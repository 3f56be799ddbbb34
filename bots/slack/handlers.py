"""What Slack tells Muster: each handler records and acknowledges, parses, and calls the front desk.

Registered on the Bolt app by `app`. Bolt acknowledges when a handler returns and not when it raises, so nothing is
acknowledged that is not in the inbox. Response URLs live in memory only.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from bots import replies, requests
from bots.attendant import Attendant
from bots.facts import Known
from bots.requests import Asked
from bots.slack import limits, parse
from bots.slack.markup import mentioned
from bots.slack.people import SlackConversations
from bots.slack.surface import SlackSurface
from core.domain.commands import Command
from core.domain.refs import ChannelId, MessageId, Place, UserId, WorkspaceId
from core.errors import MusterError
from core.ports import Answer, Clock, Notify

log = structlog.get_logger(__name__)

Ack = Callable[..., Awaitable[Any]]
Payload = Mapping[str, Any]

_NAMES_LOOKED_UP = 5


class SlackHandlers:
    """The listeners of one workspace's app."""

    def __init__(
        self,
        *,
        workspace: WorkspaceId,
        bot_user: str,
        attendant: Attendant,
        people: SlackConversations,
        surface: SlackSurface,
        clock: Clock,
    ) -> None:
        self._workspace = workspace
        self._bot_user = bot_user
        self._attendant = attendant
        self._people = people
        self._surface = surface
        self._clock = clock

    def register(self, app: AsyncApp) -> None:
        """Make *app* call the handlers; whatever else it is sent is acknowledged and forgotten."""
        app.command("/agents")(self.on_agents)
        app.command("/history")(self.on_history)
        app.event("message")(self.on_message)
        app.event("app_mention")(self.on_message)
        app.event(re.compile(".*"))(_acknowledge)
        app.action(parse.ACTION_STOP)(self.on_stop)
        app.action(parse.ACTION_OLDER)(self.on_older)
        app.action(re.compile(".*"))(_acknowledge)

    async def on_agents(self, ack: Ack, command: dict[str, Any]) -> None:
        """`/agents ...`: a task, or help, status, stop."""
        await self._on_command(ack, command, parse.agents_command)

    async def on_history(self, ack: Ack, command: dict[str, Any]) -> None:
        """`/history`, `/history <words>`, `/history <number>`."""
        await self._on_command(ack, command, parse.history_command)

    async def on_message(self, event: dict[str, Any]) -> None:
        """A `message` or `app_mention`; raises when it could not be recorded, so that Slack sends it again."""
        message = parse.said(event, self._bot_user)
        if message is None:
            return
        async with asyncio.timeout(limits.RECORD_S):
            by, names = await self._who(message.user, "", message.text)
            wanted = parse.asked_in(message, self._workspace, self._bot_user, by, names)
            place = Place(workspace=self._workspace, channel=message.channel, root=message.thread)

            async def notify(answer: Answer) -> None:
                await self._surface.tell(place, message.user, answer)

            if isinstance(wanted, Asked):
                # Two events tell of a mention, and nothing is recorded that would show the second to be the same.
                if message.direct or event["type"] == "app_mention":
                    self._attendant.answer_soon(wanted, notify)
            else:
                await self._attendant.take(wanted, key=message.dedupe_key, order=message.ts, notify=notify)

    async def on_stop(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The Stop button of a status card."""
        await self._on_press(ack, body, action, requests.stop_pressed, replace=False)

    async def on_older(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The button to the next page of a list."""
        await self._on_press(ack, body, action, requests.older_pressed, replace=True)

    async def _on_command(
        self, ack: Ack, command: Payload, read: Callable[[str, Place, Known, Mapping[str, str]], Command | Asked]
    ) -> None:
        user, text = UserId(command["user_id"]), command.get("text") or ""
        place = Place(workspace=self._workspace, channel=ChannelId(command["channel_id"]))
        notify = self._by_url(command["response_url"], place, user, replace=False)

        async def record() -> None:
            by, names = await self._who(user, command.get("user_name", ""), text)
            wanted = read(text, place, by, names)
            key = f"command:{command['trigger_id']}"
            await self._attendant.take(wanted, key=key, order=self._now(), notify=notify)

        await self._record_in_time(ack, record)

    async def _on_press(
        self,
        ack: Ack,
        body: Payload,
        action: Payload,
        read: Callable[[str, Place, Known], Command | Asked | None],
        *,
        replace: bool,
    ) -> None:
        user, container = UserId(body["user"]["id"]), body["container"]
        thread = None if container.get("is_ephemeral") else container.get("thread_ts") or container["message_ts"]
        place = Place(
            workspace=self._workspace,
            channel=ChannelId(container["channel_id"]),
            root=MessageId(thread) if thread else None,
        )
        notify = self._by_url(body["response_url"], place, user, replace=replace)
        key = f"press:{container['message_ts']}:{action['action_id']}:{action['action_ts']}:{user}"

        async def record() -> None:
            by = await self._people.who(user, body["user"].get("username", ""))
            wanted = read(action.get("value", ""), place, by)
            if wanted is not None:
                await self._attendant.take(wanted, key=key, order=action["action_ts"], notify=notify)

        await self._record_in_time(ack, record, notify)

    async def _record_in_time(
        self, ack: Ack, record: Callable[[], Coroutine[Any, Any, None]], tell: Notify | None = None
    ) -> None:
        """Acknowledge once recorded; else say that nothing was started: this is not sent again.

        Args:
            tell: how to say so; None when the acknowledgement itself may carry words.
        """
        try:
            await self._attendant.in_time(record())
        except Exception as error:
            log.error("slack.not_recorded", error=type(error).__name__, exc_info=not isinstance(error, MusterError))
            if tell is None:
                await ack(response_type="ephemeral", text=replies.NOT_STARTED)
                return
            self._attendant.soon(tell(Answer(text=replies.NOT_STARTED)))
        await ack()

    async def _who(self, user: UserId, name: str, text: str) -> tuple[Known, dict[str, str]]:
        """Who speaks, and the names of those whom *text* mentions."""
        others = [UserId(other) for other in mentioned(text) if other != self._bot_user][:_NAMES_LOOKED_UP]
        by, *known = await asyncio.gather(self._people.who(user, name), *map(self._people.who, others))
        return by, {found.person.id: found.person.name for found in known}

    def _by_url(self, url: str, place: Place, user: UserId, *, replace: bool) -> Notify:
        async def notify(answer: Answer) -> None:
            await self._surface.respond(url, answer, place, user, replace=replace)

        return notify

    def _now(self) -> str:
        """The present in the form of Slack's own message ids, so that all sort together."""
        return f"{self._clock.now().timestamp():.6f}"


async def _acknowledge(ack: Ack) -> None:
    await ack()
