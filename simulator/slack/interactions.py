"""What people do with the app: slash commands, buttons, shortcuts, modals; and what Slack shows them for it.

Called by the control API. Each is sent to the app once, must be acknowledged in time, and is never redelivered.
Source: https://docs.slack.dev/interactivity/handling-user-interaction and .../implementing-slash-commands
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.errors import PersonError
from simulator.outcome import Outcome
from simulator.slack.activity import Activity
from simulator.slack.deliveries import Deliveries
from simulator.slack.errors import ApiError
from simulator.slack.files import FileStore
from simulator.slack.markup import typed
from simulator.slack.methods_chat import post_as_app
from simulator.slack.options import SlackOptions
from simulator.slack.socket_mode import NoConnectionError
from simulator.slack.triggers import Triggers
from simulator.slack.views import View, Views, element_state, fill_in
from simulator.slack.wire import Wire
from simulator.slack.workspace import Channel, ChannelKind, Ephemeral, Message, User, Workspace
from simulator.truth import TruthLog


class Interactions:
    """Sends what people do to the app and shows them the answer."""

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        activity: Activity,
        triggers: Triggers,
        views: Views,
        files: FileStore,
        truth: TruthLog,
        options: Callable[[], SlackOptions],
        base_url: Callable[[], str],
    ) -> None:
        self._deliveries = deliveries
        self._activity = activity
        self._triggers = triggers
        self._views = views
        self._files = files
        self._truth = truth
        self._options = options
        self._base_url = base_url

    # -- slash commands ---------------------------------------------------------------------------------------

    async def command(self, workspace: Workspace, user: User, channel: Channel, command: str, text: str) -> Outcome:
        """`/command text` typed by *user* in *channel*.

        Raises:
            PersonError: the app has no such command.
        """
        if command not in self._options().commands:
            raise PersonError(f"{command} is not a valid command.")
        name = {ChannelKind.IM: "directmessage", ChannelKind.PRIVATE: "privategroup"}.get(channel.kind, channel.name)
        payload = {
            "token": "simulated-verification-token",
            "team_id": workspace.id,
            "team_domain": workspace.domain,
            "channel_id": channel.id,
            "channel_name": name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": typed(workspace, text, named=True) if self._options().escape_commands else text,
            "api_app_id": workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": self._response_url(workspace, user, channel),
            "trigger_id": self._trigger(workspace, user),
        }
        said = {"user": user.id, "channel": channel.id, "command": command, "text": text}
        self._truth.append("user.command", said, team=workspace.id)
        outcome = await self._ask(workspace, "slash_commands", payload, wants_payload=True)
        if outcome.error is not None:
            told = f'{command} failed with the error "{outcome.error}"'
            self._activity.show_ephemeral(workspace, channel, user.id, text=told)
        elif outcome.payload:
            self._show_answer(workspace, user, channel, outcome.payload)
        self._truth.append("command.finished", {**said, **outcome.wire()}, team=workspace.id)
        return outcome

    def _show_answer(self, workspace: Workspace, user: User, channel: Channel, payload: dict[str, Any]) -> None:
        text, blocks = payload.get("text") or "", payload.get("blocks") or []
        if not text and not blocks:
            return
        if payload.get("response_type") == "in_channel":
            post_as_app(self._activity, workspace, channel, text=text, blocks=blocks)
        else:
            self._activity.show_ephemeral(
                workspace, channel, user.id, text=text, blocks=blocks, sender=workspace.bot.id
            )

    # -- buttons and other elements ---------------------------------------------------------------------------

    async def press(
        self, workspace: Workspace, user: User, channel: Channel, shown: Message | Ephemeral, action: dict[str, Any]
    ) -> Outcome:
        """*user* used an interactive element of a message. *action* is from `find_action`."""
        right = self._triggers.response_right(
            team=workspace.id, user=user.id, channel=channel.id, life_s=self._options().response_url_life_s
        )
        container = {
            "type": "message",
            "message_ts": shown.ts,
            "channel_id": channel.id,
            "is_ephemeral": isinstance(shown, Ephemeral),
        }
        payload = self._interaction(workspace, user, "block_actions") | {
            "channel": {"id": channel.id, "name": channel.name},
            "state": {"values": {}},
            "actions": [action | {"action_ts": workspace.next_ts()}],
        }
        if isinstance(shown, Message):
            right.message_ts = shown.ts
            payload["message"] = Wire(workspace, self._files, self._base_url()).message(channel, shown)
        else:
            right.ephemeral = shown
        if shown.thread_ts:
            right.thread_ts = container["thread_ts"] = shown.thread_ts
        payload |= {"container": container, "response_url": self._triggers.new_response_url(self._base_url(), right)}
        said = {"user": user.id, "channel": channel.id, "ts": shown.ts, "action_id": action["action_id"]}
        return await self._interact(workspace, "action", said, payload)

    async def press_in_view(self, workspace: Workspace, user: User, view: View, action: dict[str, Any]) -> Outcome:
        """*user* used an interactive element of a modal or home tab."""
        payload = self._interaction(workspace, user, "block_actions") | {
            "container": {"type": "view", "view_id": view.id},
            "view": view.wire(workspace),
            "actions": [action | {"action_ts": workspace.next_ts()}],
        }
        said = {"user": user.id, "view_id": view.id, "action_id": action["action_id"]}
        return await self._interact(workspace, "action", said, payload)

    async def shortcut(
        self, workspace: Workspace, user: User, callback_id: str, channel: Channel | None, message: Message | None
    ) -> Outcome:
        """*user* started a global shortcut, or one on *message*."""
        kind = "shortcut" if message is None else "message_action"
        payload = self._interaction(workspace, user, kind) | {"callback_id": callback_id}
        if message is not None and channel is not None:
            payload |= {
                "channel": {"id": channel.id, "name": channel.name},
                "message": Wire(workspace, self._files, self._base_url()).message(channel, message),
                "message_ts": message.ts,
                "action_ts": workspace.next_ts(),
                "response_url": self._response_url(workspace, user, channel),
            }
        said = {"user": user.id, "callback_id": callback_id, "ts": message.ts if message else None}
        return await self._interact(workspace, "shortcut", said, payload)

    # -- modals -----------------------------------------------------------------------------------------------

    async def submit(self, workspace: Workspace, user: User, view: View, values: dict[str, Any]) -> Outcome:
        """*user* filled in a modal and submitted it; what the app answers is carried out.

        Raises:
            PersonError: a required input is empty, or there is no such input.
        """
        view.state = fill_in(view, values)
        payload = self._interaction(workspace, user, "view_submission") | {
            "view": view.wire(workspace),
            "response_urls": [],
        }
        said = {"user": user.id, "view_id": view.id, "values": values}
        outcome = await self._interact(workspace, "submit", said, payload, wants_payload=True)
        if outcome.acked:
            self._carry_out(workspace, user, view, outcome.payload or {})
        return outcome

    def _carry_out(self, workspace: Workspace, user: User, view: View, answer: dict[str, Any]) -> None:
        try:
            match answer.get("response_action"):
                case None:
                    self._views.close(workspace, view, whole_stack=False)
                case "clear":
                    self._views.close(workspace, view, whole_stack=True)
                case "update":
                    self._views.update(workspace, view, answer.get("view"))
                case "push":
                    self._views.push(workspace, user.id, answer.get("view"))
                case "errors":
                    _check_errors(view, answer.get("errors"))
                    told = {"user": user.id, "view_id": view.id, "errors": answer.get("errors", {})}
                    self._truth.append("view.errors", told, team=workspace.id)
        except ApiError as refusal:
            self._truth.append("view.refused", {"view_id": view.id, **refusal.body()}, team=workspace.id)

    async def close(self, workspace: Workspace, user: User, view: View, *, whole_stack: bool) -> Outcome | None:
        """*user* closed a modal. The app is told only if the view asked for it."""
        self._views.close(workspace, view, whole_stack=whole_stack)
        if not view.body.get("notify_on_close"):
            return None
        payload = self._interaction(workspace, user, "view_closed") | {
            "view": view.wire(workspace),
            "is_cleared": whole_stack,
        }
        del payload["trigger_id"]
        return await self._interact(workspace, "close", {"user": user.id, "view_id": view.id}, payload)

    # -- sending ----------------------------------------------------------------------------------------------

    async def _interact(
        self,
        workspace: Workspace,
        name: str,
        said: dict[str, Any],
        payload: dict[str, Any],
        *,
        wants_payload: bool = False,
    ) -> Outcome:
        self._truth.append(f"user.{name}", said, team=workspace.id)
        outcome = await self._ask(workspace, "interactive", payload, wants_payload=wants_payload)
        self._truth.append(f"{name}.finished", {**said, **outcome.wire()}, team=workspace.id)
        return outcome

    async def _ask(self, workspace: Workspace, kind: str, payload: dict[str, Any], *, wants_payload: bool) -> Outcome:
        try:
            ack = await self._deliveries.request(workspace.id, kind, payload, wants_payload=wants_payload)
        except TimeoutError:
            return Outcome.failed("operation_timeout")
        except NoConnectionError:
            return Outcome.failed("dispatch_failed")
        return Outcome.after(ack.latency_s, ack.payload)

    def _interaction(self, workspace: Workspace, user: User, kind: str) -> dict[str, Any]:
        """What all interaction payloads begin with."""
        return {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": workspace.id},
            "api_app_id": workspace.app_id,
            "token": "simulated-verification-token",
            "team": {"id": workspace.id, "domain": workspace.domain},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self._trigger(workspace, user),
        }

    def _trigger(self, workspace: Workspace, user: User) -> str:
        return self._triggers.new_trigger(workspace.id, user.id, life_s=self._options().trigger_life_s)

    def _response_url(self, workspace: Workspace, user: User, channel: Channel) -> str:
        right = self._triggers.response_right(
            team=workspace.id, user=user.id, channel=channel.id, life_s=self._options().response_url_life_s
        )
        return self._triggers.new_response_url(self._base_url(), right)


def _check_errors(view: View, errors: Any) -> None:
    """Slack takes errors about inputs of the view alone, each a text."""
    inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise ApiError("invalid_arguments", "errors: must be about input blocks of the view")
    if not all(isinstance(text, str) and text for text in errors.values()):
        raise ApiError("invalid_arguments", "errors: each must be a text")


def find_action(
    blocks: list[dict[str, Any]], action_id: str, *, block_id: str | None = None, given: Any = None
) -> dict[str, Any] | None:
    """What Slack sends for the element *action_id* of *blocks* when a person has used it; None when there is none.

    Args:
        given: what was chosen, for elements that offer a choice.
    """
    for block in blocks:
        if block_id is not None and block["block_id"] != block_id:
            continue
        elements = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for element in elements:
            if not isinstance(element, dict) or element.get("action_id") != action_id:
                continue
            action = {"action_id": action_id, "block_id": block["block_id"], "type": element["type"]}
            if element["type"] == "button":
                shown = {"text": element["text"], "value": element.get("value"), "style": element.get("style")}
                return action | {name: value for name, value in shown.items() if value is not None}
            return action | element_state(element, given)
    return None
