"""How the things of a workspace look on Slack's wire: messages, users, channels.

Used by the methods, the events and the control API. It only renders; the shapes are those of the answers and events
published in slackapi/java-slack-sdk (json-logs).
"""

from __future__ import annotations

from typing import Any

from simulator.slack.files import FileStore
from simulator.slack.workspace import Channel, ChannelKind, Message, User, UserGroup, Workspace


class Wire:
    """Renders the things of one workspace."""

    def __init__(self, workspace: Workspace, files: FileStore, base_url: str) -> None:
        self._workspace = workspace
        self._files = files
        self._base_url = base_url

    def message(self, channel: Channel, message: Message, *, full_metadata: bool = True) -> dict[str, Any]:
        """A message as `conversations.history` and the events show it.

        Args:
            full_metadata: without it only the metadata's `event_type` is shown, as Slack does when not asked for more.
        """
        workspace = self._workspace
        body: dict[str, Any] = {"type": "message"}
        body |= _present(
            subtype=message.subtype, user=message.user, client_msg_id=message.client_msg_id, thread_ts=message.thread_ts
        )
        body |= {"text": message.text, "ts": message.ts, "team": workspace.id}
        if message.bot_id is not None:
            body |= {"bot_id": message.bot_id, "app_id": workspace.app_id, "bot_profile": self.bot_profile()}
        body |= _present(
            username=message.username, icons=message.icons, blocks=message.blocks, attachments=message.attachments
        )
        if message.metadata:
            shown = message.metadata if full_metadata else {"event_type": message.metadata["event_type"]}
            body["metadata"] = shown
        if message.files:
            body["files"] = [self._files.wire(workspace, file_id, self._base_url) for file_id in message.files]
            body |= {"upload": message.subtype == "file_share", "display_as_bot": False}
        body |= _present(edited=message.edited)
        if message.reactions:
            body["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
            ]
        return body | self._thread_fields(channel, message)

    def _thread_fields(self, channel: Channel, message: Message) -> dict[str, Any]:
        if message.thread_ts is not None:
            root = channel.messages.get(message.thread_ts)
            return _present(parent_user_id=root.user if root else None)
        replies = channel.replies.get(message.ts)
        if not replies:
            return {}
        authors = dict.fromkeys(
            author for ts in replies if (author := channel.messages[ts].user or channel.messages[ts].bot_id) is not None
        )
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users_count": len(authors),
            "reply_users": list(authors),
            "latest_reply": replies[-1],
            "is_locked": False,
            "subscribed": True,
        }

    def bot_profile(self) -> dict[str, Any]:
        """The app as shown in its posts."""
        workspace = self._workspace
        return {
            "id": workspace.bot_id,
            "deleted": False,
            "name": workspace.app_name,
            "updated": 1_700_000_000,
            "app_id": workspace.app_id,
            "icons": {},
            "team_id": workspace.id,
        }

    def bot(self) -> dict[str, Any]:
        """The app as `bots.info` shows it."""
        shown = self.bot_profile() | {"user_id": self._workspace.bot.id}
        del shown["team_id"]
        return shown

    def user(self, user: User) -> dict[str, Any]:
        """A user as `users.info` shows it."""
        team = self._workspace.id
        profile: dict[str, Any] = {
            "title": "",
            "phone": "",
            "skype": "",
            "status_text": "",
            "status_emoji": "",
            "avatar_hash": f"g{user.id.lower()}",
            "real_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name": user.name,
            "display_name_normalized": user.name,
            "team": team,
        }
        if user.is_bot:
            profile |= {"bot_id": self._workspace.bot_id, "api_app_id": self._workspace.app_id}
        else:
            profile["email"] = f"{user.name}@example.com"
        return {
            "id": user.id,
            "team_id": team,
            "name": user.name,
            "deleted": user.deleted,
            "real_name": user.real_name,
            "tz": "Europe/London",
            "tz_label": "Greenwich Mean Time",
            "tz_offset": 0,
            "profile": profile,
            "is_admin": user.is_admin,
            "is_owner": user.is_owner,
            "is_primary_owner": user.is_owner,
            "is_restricted": user.is_restricted,
            "is_ultra_restricted": False,
            "is_bot": user.is_bot,
            "is_app_user": False,
            "updated": 1_700_000_000,
            "is_email_confirmed": True,
        }

    def group(self, group: UserGroup, *, with_users: bool = True) -> dict[str, Any]:
        """A user group as `usergroups.list` shows it."""
        body: dict[str, Any] = {
            "id": group.id,
            "team_id": self._workspace.id,
            "is_usergroup": True,
            "is_subteam": True,
            "name": group.name,
            "description": "",
            "handle": group.handle,
            "is_external": False,
            "date_create": group.created,
            "date_update": group.created,
            "date_delete": group.deleted,
            "auto_type": None,
            "auto_provision": False,
            "enterprise_subteam_id": "",
            "created_by": "USLACKBOT",
            "updated_by": "USLACKBOT",
            "deleted_by": None,
            "prefs": {"channels": [], "groups": []},
        }
        return body | ({"users": list(group.users)} if with_users else {})

    def channel(self, channel: Channel) -> dict[str, Any]:
        """A conversation as `conversations.info` shows it."""
        body: dict[str, Any] = {
            "id": channel.id,
            "created": channel.created,
            "updated": channel.created * 1000,
            "is_archived": channel.is_archived,
            "is_im": channel.kind is ChannelKind.IM,
            "is_org_shared": False,
            "context_team_id": self._workspace.id,
        }
        if channel.kind is ChannelKind.IM:
            return body | {"user": channel.name, "is_user_deleted": False, "is_open": True, "priority": 0}
        private = channel.kind is ChannelKind.PRIVATE
        return body | {
            "name": channel.name,
            "name_normalized": channel.name,
            "is_channel": True,
            "is_group": False,
            "is_mpim": False,
            "is_private": private,
            "is_general": channel.is_general,
            "is_shared": False,
            "is_ext_shared": False,
            "is_pending_ext_shared": False,
            "pending_shared": [],
            "shared_team_ids": [self._workspace.id],
            "creator": channel.creator,
            "is_member": self._workspace.bot_is_in(channel),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "previous_names": [],
            "unlinked": 0,
        }


def _present(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value}
