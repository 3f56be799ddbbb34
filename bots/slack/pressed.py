"""What people do with Muster's commands, buttons and forms. Each is recorded, then acknowledged, within three seconds.

Registered on the Bolt app by `app`. Slack tells of an interaction once and never again: what cannot be recorded is
answered with "not started". Opening a form is a read. Response URLs live in memory only, and so do keys that are typed.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bots import replies, requests
from bots.attachments import Attached, Attachments, also_told
from bots.attendant import Attendant
from bots.facts import Known
from bots.requests import Asked, SettingsWanted
from bots.slack import forms, limits, parse, settings
from bots.slack.calls import call
from bots.slack.flags import Wish
from bots.slack.markup import from_slack, to_mrkdwn
from bots.slack.people import SlackConversations
from bots.slack.surface import SlackSurface
from core.domain.commands import Command
from core.domain.refs import ChannelId, MessageId, Place, UserId, WorkspaceId
from core.errors import MusterError, UserError
from core.ports import Answer, Clock, Notify
from core.service.front_desk import FrontDesk
from core.service.settings_desk import Scope

log = structlog.get_logger(__name__)

Ack = Callable[..., Awaitable[Any]]
Payload = Mapping[str, Any]
Read = Callable[[str, Place, Known, Mapping[str, str]], Command | Asked | SettingsWanted | Wish]


class SlackPresses:
    """The listeners of one workspace's app for interactions."""

    def __init__(
        self,
        *,
        workspace: WorkspaceId,
        attendant: Attendant,
        people: SlackConversations,
        surface: SlackSurface,
        client: AsyncWebClient,
        desk: FrontDesk,
        clock: Clock,
        attachments: Attachments,
    ) -> None:
        self._workspace = workspace
        self._attendant = attendant
        self._people = people
        self._surface = surface
        self._client = client
        self._desk = desk
        self._clock = clock
        self._attachments = attachments

    def register(self, app: AsyncApp) -> None:
        """Make *app* call the handlers; presses of anything else are acknowledged and forgotten."""
        app.command("/agents")(self.on_agents)
        app.command("/history")(self.on_history)
        app.action(parse.ACTION_STOP)(self.on_stop)
        app.action(parse.ACTION_OLDER)(self.on_older)
        app.action(re.compile(rf"^{parse.ACTION_CHOICE}\d+$"))(self.on_choice)
        app.action(parse.ACTION_SETTINGS)(self.on_settings)
        app.action(settings.SCOPE)(self.on_scope)
        app.action(re.compile(".*"))(_acknowledge)
        app.shortcut(parse.SHORTCUT_RUN)(self.on_shortcut)
        app.view(forms.CALLBACK)(self.on_form)
        app.view(settings.CALLBACK)(self.on_settings_form)

    async def on_agents(self, ack: Ack, command: dict[str, Any]) -> None:
        """`/agents ...`: a task, or a keyword; without a task the form."""
        await self._on_command(ack, command, parse.agents_command)

    async def on_history(self, ack: Ack, command: dict[str, Any]) -> None:
        """`/history`, `/history <words>`, `/history <number>`."""
        await self._on_command(ack, command, parse.history_command)

    async def on_stop(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The Stop button of a status card."""
        await self._on_press(ack, body, action, requests.stop_pressed, replace=False)

    async def on_older(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The button to the next page of a list."""
        await self._on_press(ack, body, action, requests.older_pressed, replace=True)

    async def on_choice(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A button under a question, or under a request for an approval."""
        await self._on_press(ack, body, action, requests.choice_pressed, replace=False)

    async def on_settings(self, ack: Ack, body: dict[str, Any]) -> None:
        """The button in help that opens the form of settings."""
        user, place = UserId(body["user"]["id"]), _place_of(body["container"], self._workspace)
        notify = self._by_url(body["response_url"], place, user, replace=False)

        async def open_form() -> None:
            by = await self._people.who(user, body["user"].get("username", ""))
            await self._open_settings(body["trigger_id"], place, by)

        await self._record_in_time(ack, open_form, self._told(ack, notify))

    async def on_scope(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Somebody wants to see whose settings the form can show as well."""
        view = body["view"]
        user, (place, _) = UserId(body["user"]["id"]), settings.place_and_scope(view)

        async def show() -> None:
            by = await self._people.who(user)
            shown = await self._desk.settings.view(place, by.standing, settings.scope_chosen(action))
            form = settings.settings_form(place, shown)
            await call(self._client.views_update(view_id=view["id"], view=form), reading=True)

        await self._record_in_time(ack, show, self._told(ack, self._in_private(place, user)))

    async def on_settings_form(self, ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Settings are filled in: kept at once, without the inbox, where no key may lie."""
        user, (place, scope) = UserId(body["user"]["id"]), settings.place_and_scope(view)
        said: list[Answer] = []

        async def save() -> None:
            by = await self._people.who(user, body["user"].get("username", ""))
            before = await self._desk.settings.view(place, by.standing, scope)
            change = settings.filled_in(view, before.effective)
            said.append(await self._desk.settings.save(place, by.person, by.standing, scope, change))

        async def refuse(error: UserError) -> None:
            await ack(response_action="errors", errors=settings.beside_the_field(error, view))

        await self._record_in_time(ack, save, refuse, quietly=True)
        for answer in said:
            self._attendant.soon(self._surface.tell(place, user, answer))

    async def on_shortcut(self, ack: Ack, body: dict[str, Any]) -> None:
        """The shortcut on a message: the form, with the message as the task."""
        user, place = UserId(body["user"]["id"]), parse.shortcut_place(body, self._workspace)

        async def open_form() -> None:
            text = body["message"].get("text") or ""
            _, names = await self._people.with_names(user, text)
            task, files = from_slack(text, names).strip(), parse.attached(body["message"].get("files"))
            await self._open_form(body["trigger_id"], place, Wish(task=task), files)

        await self._record_in_time(ack, open_form, self._told(ack, self._in_private(place, user)))

    async def on_form(self, ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        """The form is filled in: what is wrong with it is said beside the field, and the form stays open."""
        user, (place, wish, files) = UserId(body["user"]["id"]), forms.filled_in(view)

        async def record() -> None:
            by = await self._people.who(user, body["user"].get("username", ""))
            wanted = parse.started(wish, place, by)
            self._desk.check(wanted)
            kept = await self._attachments.kept(self._workspace, files, within_s=limits.FETCH_FOR_FORM_S)
            notify, alone = also_told(self._in_private(place, user), kept.left_out)
            key = f"view:{view['id']}:{view['hash']}"
            wanted = replace(wanted, files=kept.files)
            await self._attendant.take(wanted, key=key, order=self._now(), notify=notify, otherwise=alone)

        async def refuse(error: UserError) -> None:
            await ack(response_action="errors", errors=forms.beside_the_field(error))

        await self._record_in_time(ack, record, refuse)

    async def _on_command(self, ack: Ack, command: Payload, read: Read) -> None:
        user, text = UserId(command["user_id"]), command.get("text") or ""
        place = Place(workspace=self._workspace, channel=ChannelId(command["channel_id"]))
        notify = self._by_url(command["response_url"], place, user, replace=False)

        async def record() -> None:
            by, names = await self._people.with_names(user, text, name=command.get("user_name", ""))
            wanted = read(text, place, by, names)
            if isinstance(wanted, Wish):
                await self._open_form(command["trigger_id"], place, wanted)
            elif isinstance(wanted, SettingsWanted):
                await self._open_settings(command["trigger_id"], place, by)
            else:
                key = f"command:{command['trigger_id']}"
                await self._attendant.take(wanted, key=key, order=self._now(), notify=notify)

        async def refuse(error: UserError) -> None:
            await ack(response_type="ephemeral", text=to_mrkdwn(str(error)))

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
        place = _place_of(container, self._workspace)
        notify = self._by_url(body["response_url"], place, user, replace=replace)
        key = f"press:{container['message_ts']}:{action['action_id']}:{action['action_ts']}:{user}"

        async def record() -> None:
            by = await self._people.who(user, body["user"].get("username", ""))
            wanted = read(action.get("value", ""), place, by)
            if wanted is not None:
                await self._attendant.take(wanted, key=key, order=action["action_ts"], notify=notify)

        await self._record_in_time(ack, record, self._told(ack, notify))

    async def _open_form(self, trigger: str, place: Place, wish: Wish, files: Sequence[Attached] = ()) -> None:
        """Show the form: a read, which leaves no record.

        Source: https://docs.slack.dev/reference/methods/views.open
        """
        view = forms.start_form(place, wish, self._desk.defaults, files)
        await call(self._client.views_open(trigger_id=trigger, view=view), reading=True)

    async def _open_settings(self, trigger: str, place: Place, by: Known) -> None:
        """Show what the person has set; raises `UserError` to whoever may set nothing."""
        shown = await self._desk.settings.view(place, by.standing, Scope.MINE)
        await call(self._client.views_open(trigger_id=trigger, view=settings.settings_form(place, shown)), reading=True)

    async def _record_in_time(
        self,
        ack: Ack,
        record: Callable[[], Coroutine[Any, Any, None]],
        refuse: Callable[[UserError], Awaitable[None]],
        *,
        quietly: bool = False,
    ) -> None:
        """Acknowledge once recorded; else *refuse*, which acknowledges too: this is not sent again.

        Args:
            quietly: an unforeseen error's own words are not logged: they may hold what was typed.
        """
        try:
            await self._attendant.in_time(record())
        except UserError as error:
            await refuse(error)
        except Exception as error:
            told = quietly or isinstance(error, MusterError)
            log.error("slack.not_recorded", error=type(error).__name__, exc_info=not told)
            await refuse(UserError(replies.NOT_STARTED))
        else:
            await ack()

    def _told(self, ack: Ack, notify: Notify) -> Callable[[UserError], Awaitable[None]]:
        """Says what is wrong by *notify*, and acknowledges."""

        async def refuse(error: UserError) -> None:
            self._attendant.soon(notify(Answer(text=str(error))))
            await ack()

        return refuse

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


def _place_of(container: Payload, workspace: WorkspaceId) -> Place:
    """Where the message is whose button was pressed; what one person alone sees is in no thread."""
    thread = None if container.get("is_ephemeral") else container.get("thread_ts") or container["message_ts"]
    channel = ChannelId(container["channel_id"])
    return Place(workspace=workspace, channel=channel, root=MessageId(thread) if thread else None)


async def _acknowledge(ack: Ack) -> None:
    await ack()
