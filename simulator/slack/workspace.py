"""One Slack workspace: its people, channels, memberships and messages, and how they look on the wire.

Changed by `activity` alone, so that nothing changes without its event and its entry in the truth log; read by the
methods, the events and the control API. It must never decide whether something is allowed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ChannelKind(StrEnum):
    """The kinds of conversation; the values are the events' `channel_type`."""

    PUBLIC = "channel"
    PRIVATE = "group"
    IM = "im"


@dataclass(slots=True, kw_only=True)
class User:
    """A person, or the app's bot user."""

    id: str
    name: str
    """Handle, as typed after `@`."""
    real_name: str
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    """A guest."""
    is_bot: bool = False
    deleted: bool = False


@dataclass(slots=True, kw_only=True)
class UserGroup:
    """People who are mentioned together, as `@handle`."""

    id: str
    handle: str
    name: str
    created: int
    users: list[str] = field(default_factory=list)
    deleted: int = 0
    """When it was disabled; 0 while it is not."""


@dataclass(slots=True, kw_only=True)
class Message:
    """One message; `thread_ts` is the root's ts in replies and None elsewhere."""

    ts: str
    text: str
    user: str | None = None
    """None for a post under a customised name."""
    subtype: str | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    """A reply that is shown in the channel too."""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    files: list[str] = field(default_factory=list)
    bot_id: str | None = None
    username: str | None = None
    icons: dict[str, str] = field(default_factory=dict)
    client_msg_id: str | None = None
    edited: dict[str, str] | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A conversation with its members and messages."""

    id: str
    name: str
    """For a direct message the other person's id."""
    kind: ChannelKind
    created: int
    creator: str
    is_general: bool = False
    is_archived: bool = False
    members: set[str] = field(default_factory=set)
    messages: dict[str, Message] = field(default_factory=dict)
    """By ts, in the order of posting."""
    replies: dict[str, list[str]] = field(default_factory=dict)
    """Ts of the replies under each root."""


@dataclass(slots=True, kw_only=True)
class Ephemeral:
    """A message that one person alone sees; gone from Slack's servers at once, kept here to be looked at."""

    ts: str
    user: str
    channel: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None
    sender: str = ""
    """The bot user's id, or `USLACKBOT` for what Slack itself says."""

    def wire(self) -> dict[str, Any]:
        """The message as the person's client gets it, with who and where."""
        return {
            "type": "message",
            "is_ephemeral": True,
            "ts": self.ts,
            "channel": self.channel,
            "to": self.user,
            "user": self.sender,
            "text": self.text,
            "blocks": self.blocks,
            **({"thread_ts": self.thread_ts} if self.thread_ts else {}),
        }


class Workspace:
    """The state of one workspace. Ids count from 1 in each, so two workspaces share ids of users and channels."""

    def __init__(
        self, *, number: int, name: str, app_id: str, app_name: str, token: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.id = f"T{number:010d}"
        self.name = name
        self.domain = name.lower().replace(" ", "-")
        self.app_id = app_id
        self.app_name = app_name
        self.token = token
        self.token_error: str | None = None
        """Set when the app was uninstalled or its token revoked: what every call is answered."""
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, UserGroup] = {}
        self.ephemerals: list[Ephemeral] = []
        self._clock = clock
        self._numbers: dict[str, int] = {}
        self._last_ts_us = 0
        handle = app_name.lower().replace(" ", "")
        self.bot = self.add_user(name=handle, real_name=app_name, is_bot=True)
        self.bot_id = self.next_id("B")

    # -- naming -----------------------------------------------------------------------------------------------

    def next_id(self, prefix: str) -> str:
        """A new id of this workspace, such as `C0000000003`."""
        number = self._numbers.get(prefix, 0) + 1
        self._numbers[prefix] = number
        return f"{prefix}{number:010d}"

    def next_ts(self) -> str:
        """A new message timestamp, later than all before."""
        self._last_ts_us = max(int(self._clock() * 1_000_000), self._last_ts_us + 1)
        return f"{self._last_ts_us // 1_000_000}.{self._last_ts_us % 1_000_000:06d}"

    def counters(self) -> dict[str, int]:
        """How far ids and timestamps have been given out, to be continued after a restart."""
        return {**self._numbers, "ts_us": self._last_ts_us}

    def continue_from(self, counters: dict[str, int]) -> None:
        """Give out ids and timestamps from where `counters` said."""
        self._numbers = dict(counters)
        self._last_ts_us = self._numbers.pop("ts_us")

    def now_s(self) -> int:
        """Whole seconds since the epoch, as in `created`."""
        return int(self._clock())

    def find_user(self, name: str) -> User | None:
        """The user with that id or handle (with or without `@`)."""
        wanted = name.removeprefix("@").lower()
        for user in self.users.values():
            if user.id == name or user.name.lower() == wanted or user.real_name.lower() == wanted:
                return user
        return None

    def find_channel(self, name: str) -> Channel | None:
        """The channel with that id or name (with or without `#`); direct messages by id alone."""
        if name in self.channels:
            return self.channels[name]
        wanted = name.removeprefix("#")
        for channel in self.channels.values():
            if channel.kind is not ChannelKind.IM and channel.name == wanted:
                return channel
        return None

    def find_im(self, user_id: str) -> Channel | None:
        """The direct messages between that user and the bot, if there are any."""
        for channel in self.channels.values():
            if channel.kind is ChannelKind.IM and channel.name == user_id:
                return channel
        return None

    def find_group(self, name: str) -> UserGroup | None:
        """The user group with that id or handle (with or without `@`), disabled or not."""
        wanted = name.removeprefix("@").lower()
        return next((group for group in self.groups.values() if name == group.id or wanted == group.handle), None)

    # -- adding -----------------------------------------------------------------------------------------------

    def add_user(
        self,
        *,
        name: str,
        real_name: str,
        is_admin: bool = False,
        is_restricted: bool = False,
        is_bot: bool = False,
    ) -> User:
        """A new user, member of no channel."""
        user = User(
            id=self.next_id("U"),
            name=name,
            real_name=real_name,
            is_admin=is_admin,
            is_owner=is_admin,
            is_restricted=is_restricted,
            is_bot=is_bot,
        )
        self.users[user.id] = user
        return user

    def add_channel(
        self, *, name: str, kind: ChannelKind, members: Iterable[str], creator: str, is_general: bool = False
    ) -> Channel:
        """A new, empty channel."""
        channel = Channel(
            id=self.next_id({ChannelKind.IM: "D"}.get(kind, "C")),
            name=name,
            kind=kind,
            created=self.now_s(),
            creator=creator,
            is_general=is_general,
            members=set(members),
        )
        self.channels[channel.id] = channel
        return channel

    def add_group(self, *, handle: str, name: str, users: Iterable[str]) -> UserGroup:
        """A new user group."""
        group = UserGroup(
            id=self.next_id("S"), handle=handle.lower(), name=name, created=self.now_s(), users=list(users)
        )
        self.groups[group.id] = group
        return group

    def open_im(self, user_id: str) -> Channel:
        """The direct messages between that user and the bot, made when there were none."""
        found = self.find_im(user_id)
        if found is not None:
            return found
        return self.add_channel(name=user_id, kind=ChannelKind.IM, members=(user_id, self.bot.id), creator=self.bot.id)

    # -- asking -----------------------------------------------------------------------------------------------

    def bot_is_in(self, channel: Channel) -> bool:
        """Whether the app's bot user is a member."""
        return self.bot.id in channel.members

    def is_own(self, message: Message) -> bool:
        """Whether the app posted that message."""
        return message.bot_id == self.bot_id

    def thread(self, channel: Channel, root_ts: str) -> list[Message]:
        """The root and its replies, oldest first; empty when there is no such root."""
        root = channel.messages.get(root_ts)
        if root is None:
            return []
        return [root, *(channel.messages[ts] for ts in channel.replies.get(root_ts, []))]
