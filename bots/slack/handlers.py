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
from slack_sdk.web.async_client import AsyncWebClient

from bots import replies, requests
from bots.attendant import Attendant
from bots.facts import Known
from bots.requests import Asked
from bots.slack import forms, limits, parse
from bots.slack.calls import call
from bots.slack.flags import Wish
from bots.slack.markup import from_slack, mentioned
from bots.slack.people import SlackConversations
from bots.slack.surface import SlackSurface
from core.domain.commands import Command
from core.domain.refs import ChannelId, MessageId, Place, UserId, WorkspaceId
from core.errors import MusterError, UserError
from core.ports import Answer, Clock, Notify
from core.service.front_desk import FrontDesk

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
        client: AsyncWebClient,
        desk: FrontDesk,
        clock: Clock,
    ) -> None:
        self._workspace = workspace
        self._bot_user = bot_user
        self._attendant = attendant
        self._people = people
        self._surface = surface
        self._client = client
        self._desk = desk
        self._clock = clock

    def register(self, app: AsyncApp) -> None:
        """Make *app* call the handlers; whatever else it is sent is acknowledged and forgotten."""
        app.command("/agents")(self.on_agents)
        app.command("/history")(self.on_history)
        app.event("message")(self.on_message)
        app.event("app_mention")(self.on_message)
        app.event("reaction_added")(self.on_reaction)
        app.event(re.compile(".*"))(_acknowledge)
        app.action(parse.ACTION_STOP)(self.on_stop)
        app.action(parse.ACTION_OLDER)(self.on_older)
        app.action(re.compile(".*"))(_acknowledge)
        app.shortcut(parse.SHORTCUT_RUN)(self.on_shortcut)
        app.view(forms.CALLBACK)(self.on_form)

    async def on_agents(self, ack: Ack, command: dict[str, Any]) -> None:
        """`/agents ...`: a task, or help, status, stop; without a task the form."""
        await self._on_command(ack, command, parse.agents_command)

    async def on_history(self, ack: Ack, command: dict[str, Any]) -> None:
        """`/history`, `/history <words>`, `/history <number>`."""
        await self._on_command(ack, command, parse.history_command)

    async def on_message(self, event: dict[str, Any]) -> None:
        """A `message` or `app_mention`; raises when it could not be recorded, so that Slack sends it again."""
        if (change := parse.changed(event, self._bot_user)) is not None:
            async with asyncio.timeout(limits.RECORD_S):
                await self._on_change(change)
            return
        message = parse.said(event, self._bot_user)
        if message is None:
            return
        async with asyncio.timeout(limits.RECORD_S):
            by, names = await self._who(message.user, "", message.text)
            wanted = parse.asked_in(message, self._workspace, self._bot_user, by, names)
            place = Place(workspace=self._workspace, channel=message.channel, root=message.thread)
            notify = self._in_private(place, message.user)
            if isinstance(wanted, Asked):
                # Two events tell of a mention, and nothing is recorded that would show the second to be the same.
                if message.direct or event["type"] == "app_mention":
                    self._attendant.answer_soon(wanted, notify)
            else:
                await self._attendant.take(wanted, key=message.dedupe_key, order=message.ts, notify=notify)

    async def hear_again(self, event: dict[str, Any]) -> None:
        """A message of a thread that was read anew: taken if Slack has not told of it, as if it had just now.

        Questions about what is there are passed over: nothing says whether they were answered.

        Raises:
            TransientError: it could not be recorded.
        """
        message = parse.said({**event, "edited": None}, self._bot_user)
        if message is not None:
            by, names = await self._who(message.user, "", message.text)
            wanted = parse.asked_in(message, self._workspace, self._bot_user, by, names)
            if not isinstance(wanted, Asked):
                notify = self._in_private(wanted.place, message.user)
                await self._attendant.take(wanted, key=message.dedupe_key, order=message.ts, notify=notify)
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

    async def on_shortcut(self, ack: Ack, body: dict[str, Any]) -> None:
        """The shortcut on a message: the form, with the message as the task."""
        user, place = UserId(body["user"]["id"]), parse.shortcut_place(body, self._workspace)

        async def open_form() -> None:
            text = body["message"].get("text") or ""
            _, names = await self._who(user, "", text)
            await self._open_form(body["trigger_id"], place, Wish(task=from_slack(text, names).strip()))

        async def refuse(error: UserError) -> None:
            self._attendant.soon(self._surface.tell(place, user, Answer(text=str(error))))
            await ack()

        await self._record_in_time(ack, open_form, refuse)

    async def on_form(self, ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        """The form is filled in: what is wrong with it is said beside the field, and the form stays open."""
        user, (place, wish) = UserId(body["user"]["id"]), forms.filled_in(view)

        async def record() -> None:
            by = await self._people.who(user, body["user"].get("username", ""))
            wanted = parse.started(wish, place, by)
            self._desk.check(wanted)
            key, notify = f"view:{view['id']}:{view['hash']}", self._in_private(place, user)
            await self._attendant.take(wanted, key=key, order=self._now(), notify=notify)

        async def refuse(error: UserError) -> None:
            await ack(response_action="errors", errors=forms.beside_the_field(error))

        await self._record_in_time(ack, record, refuse)

    async def on_stop(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The Stop button of a status card."""
        await self._on_press(ack, body, action, requests.stop_pressed, replace=False)

    async def on_older(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The button to the next page of a list."""
        await self._on_press(ack, body, action, requests.older_pressed, replace=True)

    async def _on_command(
        self,
        ack: Ack,
        command: Payload,
        read: Callable[[str, Place, Known, Mapping[str, str]], Command | Asked | Wish],
    ) -> None:
        user, text = UserId(command["user_id"]), command.get("text") or ""
        place = Place(workspace=self._workspace, channel=ChannelId(command["channel_id"]))
        notify = self._by_url(command["response_url"], place, user, replace=False)

        async def record() -> None:
            by, names = await self._who(user, command.get("user_name", ""), text)
            wanted = read(text, place, by, names)
            if isinstance(wanted, Wish):
                await self._open_form(command["trigger_id"], place, wanted)
                return
            key = f"command:{command['trigger_id']}"
            await self._attendant.take(wanted, key=key, order=self._now(), notify=notify)

        async def refuse(error: UserError) -> None:
            await ack(response_type="ephemeral", text=str(error))

        await self._record_in_time(ack, record, refuse)

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

        async def refuse(error: UserError) -> None:
            self._attendant.soon(notify(Answer(text=str(error))))
            await ack()

        await self._record_in_time(ack, record, refuse)

    async def _on_change(self, change: parse.Changed) -> None:
        by, names = await self._who(change.user, "", change.text)
        wanted = parse.changed_reply(change, self._workspace, self._bot_user, by, names)
        notify = self._in_private(wanted.place, change.user)
        await self._attendant.take(wanted, key=change.dedupe_key, order=change.at, notify=notify)

    async def _open_form(self, trigger: str, place: Place, wish: Wish) -> None:
        """Show the form: a read, which leaves no record.

        Source: https://docs.slack.dev/reference/methods/views.open
        """
        view = forms.start_form(place, wish, self._desk.defaults)
        await call(self._client.views_open(trigger_id=trigger, view=view), reading=True)

    async def _record_in_time(
        self,
        ack: Ack,
        record: Callable[[], Coroutine[Any, Any, None]],
        refuse: Callable[[UserError], Awaitable[None]],
    ) -> None:
        """Acknowledge once recorded; else *refuse*, which acknowledges too: this is not sent again."""
        try:
            await self._attendant.in_time(record())
        except UserError as error:
            await refuse(error)
        except Exception as error:
            log.error("slack.not_recorded", error=type(error).__name__, exc_info=not isinstance(error, MusterError))
            await refuse(UserError(replies.NOT_STARTED))
        else:
            await ack()

    async def _who(self, user: UserId, name: str, text: str) -> tuple[Known, dict[str, str]]:
        """Who speaks, and the names of those whom *text* mentions."""
        others = [UserId(other) for other in mentioned(text) if other != self._bot_user][:_NAMES_LOOKED_UP]
        by, *known = await asyncio.gather(self._people.who(user, name), *map(self._people.who, others))
        return by, {found.person.id: found.person.name for found in known}

    def _in_private(self, place: Place, user: UserId) -> Notify:
        async def notify(answer: Answer) -> None:
            await self._surface.tell(place, user, answer)

        return notify

    def _by_url(self, url: str, place: Place, user: UserId, *, replace: bool) -> Notify:
        async def notify(answer: Answer) -> None:
            await self._surface.respond(url, answer, place, user, replace=replace)

        return notify

    def _now(self) -> str:
        """The present in the form of Slack's own message ids, so that all sort together."""
        return f"{self._clock.now().timestamp():.6f}"


async def _acknowledge(ack: Ack) -> None:
    await ack()
