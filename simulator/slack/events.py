"""The Events API: what the app is told about its workspaces, and in which shape.

Called by `activity` when something has happened. It decides who is told (an app hears nothing of conversations that
its bot is no member of) and never changes anything.
Source: https://docs.slack.dev/reference/events and json-logs of slackapi/java-slack-sdk.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from simulator.slack.files import FileStore
from simulator.slack.wire import Wire
from simulator.slack.workspace import Channel, ChannelKind, Message, Workspace

SendEvent = Callable[[str, dict[str, Any]], None]
"""Takes the team and the `event_callback` payload; delivery and redelivery are its business."""


class Events:
    """Tells the app what happened, if it may know."""

    def __init__(self, send: SendEvent, files: FileStore, base_url: Callable[[], str]) -> None:
        self._send = send
        self._files = files
        self._base_url = base_url

    def posted(self, workspace: Workspace, channel: Channel, message: Message) -> None:
        """A message was posted: `message`, and `app_mention` besides if it mentions the bot."""
        if not workspace.bot_is_in(channel):
            return
        body = self._wire(workspace).message(channel, message, full_metadata=False)
        for grown_later in (
            "reply_count",
            "reply_users",
            "reply_users_count",
            "latest_reply",
            "is_locked",
            "subscribed",
        ):
            body.pop(grown_later, None)
        if message.broadcast and message.thread_ts is not None:
            body["root"] = self._wire(workspace).message(channel, channel.messages[message.thread_ts])
        event = body | {"channel": channel.id, "event_ts": message.ts, "channel_type": channel.kind}
        self._emit(workspace, event)
        mentions = f"<@{workspace.bot.id}>" in message.text and channel.kind is not ChannelKind.IM
        if mentions and message.bot_id is None and message.subtype in (None, "file_share", "thread_broadcast"):
            mention = event | {"type": "app_mention"}
            del mention["channel_type"]
            self._emit(workspace, mention)
        if message.thread_ts is not None:
            root = self._wire(workspace).message(channel, channel.messages[message.thread_ts], full_metadata=False)
            self._emit_changed(workspace, channel, root, previous=root)

    def changed(self, workspace: Workspace, channel: Channel, message: Message, *, previous: dict[str, Any]) -> None:
        """A message was edited."""
        if workspace.bot_is_in(channel):
            current = self._wire(workspace).message(channel, message, full_metadata=False)
            self._emit_changed(workspace, channel, current, previous=previous)

    def _emit_changed(
        self, workspace: Workspace, channel: Channel, current: dict[str, Any], *, previous: dict[str, Any]
    ) -> None:
        ts = workspace.next_ts()
        event = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "message": current,
            "previous_message": previous,
            "channel": channel.id,
            "ts": ts,
            "event_ts": ts,
            "channel_type": channel.kind,
        }
        self._emit(workspace, event)

    def deleted(self, workspace: Workspace, channel: Channel, ts: str, *, previous: dict[str, Any]) -> None:
        """A message is gone."""
        if not workspace.bot_is_in(channel):
            return
        event_ts = workspace.next_ts()
        event = {
            "type": "message",
            "subtype": "message_deleted",
            "hidden": True,
            "deleted_ts": ts,
            "previous_message": previous,
            "channel": channel.id,
            "ts": event_ts,
            "event_ts": event_ts,
            "channel_type": channel.kind,
        }
        self._emit(workspace, event)

    def membership(
        self, workspace: Workspace, channel: Channel, user: str, *, joined: bool, inviter: str | None
    ) -> None:
        """Someone joined or left; the app hears of its own bot leaving too."""
        if not workspace.bot_is_in(channel) and user != workspace.bot.id:
            return
        event = {
            "type": "member_joined_channel" if joined else "member_left_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "C" if channel.kind is ChannelKind.PUBLIC else "G",
            "team": workspace.id,
            "event_ts": workspace.next_ts(),
        }
        self._emit(workspace, event | ({"inviter": inviter} if inviter else {}))

    def archived(self, workspace: Workspace, channel: Channel, user: str) -> None:
        """A channel was archived."""
        if workspace.bot_is_in(channel):
            event = {"type": "channel_archive", "channel": channel.id, "user": user, "is_moved": 0}
            self._emit(workspace, event | {"event_ts": workspace.next_ts()})

    def reacted(
        self, workspace: Workspace, channel: Channel, message: Message, *, user: str, name: str, added: bool
    ) -> None:
        """A reaction was added to a message, or taken back."""
        if not workspace.bot_is_in(channel):
            return
        event = {
            "type": "reaction_added" if added else "reaction_removed",
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": channel.id, "ts": message.ts},
            "event_ts": workspace.next_ts(),
        }
        self._emit(workspace, event | ({"item_user": message.user} if message.user else {}))

    def home_opened(self, workspace: Workspace, user: str, channel: Channel, view: dict[str, Any] | None) -> None:
        """A person opened the app's home tab."""
        event = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home"}
        event["event_ts"] = workspace.next_ts()
        self._emit(workspace, event | ({"view": view} if view else {}))

    def uninstalled(self, workspace: Workspace) -> None:
        """The app was removed from the workspace."""
        self._emit(workspace, {"type": "app_uninstalled"})

    def _wire(self, workspace: Workspace) -> Wire:
        return Wire(workspace, self._files, self._base_url())

    def _emit(self, workspace: Workspace, event: dict[str, Any]) -> None:
        authorization = {
            "enterprise_id": None,
            "team_id": workspace.id,
            "user_id": workspace.bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        payload = {
            "token": "simulated-verification-token",
            "team_id": workspace.id,
            "api_app_id": workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": workspace.now_s(),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": f"4-{secrets.token_hex(8)}",
        }
        self._send(workspace.id, payload)
