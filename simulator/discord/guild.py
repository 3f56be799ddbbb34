"""What a simulated Discord is made of: users, guilds, members, roles, channels, threads, messages, attachments.

Changed by `activity` alone, so that nothing changes without its event and its entry in the truth log; read by the
routes, the gateway and the control API. It must never decide whether something is allowed (`permissions` does).
Source: https://docs.discord.com/developers/resources (guild, channel, message, user)
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, IntFlag
from typing import Any

EPOCH_MS = 1_420_070_400_000
"""First millisecond of 2015, from which snowflakes count. https://docs.discord.com/developers/reference#snowflakes"""
FOUNDED_MS = 1_735_689_600_000
"""2025: when what is there from the start was made, so that its ids are the same at each start."""


class Snowflakes:
    """Gives out ids: 19 digits, each above all before, with the time of making in them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0
        self._founded = 0

    def next(self) -> str:
        """The id of something that is made now."""
        self._last = max(self._last + 1, (int(self._clock() * 1000) - EPOCH_MS) << 22)
        return str(self._last)

    def founding(self) -> str:
        """The id of something that was there from the start."""
        self._founded += 1
        return str((FOUNDED_MS + self._founded * 60_000 - EPOCH_MS) << 22)

    def counters(self) -> dict[str, int]:
        """From where ids go on."""
        return {"last": self._last, "founded": self._founded}

    def continue_from(self, counters: dict[str, int]) -> None:
        """Give out no id that was given out before *counters* were taken."""
        self._last, self._founded = counters["last"], counters["founded"]


def made_at(snowflake: str) -> datetime:
    """When the thing with that id was made."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH_MS) / 1000, UTC)


class ChannelType(IntEnum):
    """The kinds of channel that there are here."""

    TEXT = 0
    DM = 1
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12


class MessageType(IntEnum):
    """The kinds of message that there are here."""

    DEFAULT = 0
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER = 21
    CONTEXT_MENU_COMMAND = 23


class MessageFlag(IntFlag):
    """The bits of a message's `flags`."""

    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_COMPONENTS_V2 = 1 << 15


@dataclass(slots=True, kw_only=True)
class User:
    """A person, or the app's bot."""

    id: str
    username: str
    global_name: str | None = None
    is_bot: bool = False


@dataclass(slots=True, kw_only=True)
class Role:
    """A role of a guild; the one with the guild's id is @everyone."""

    id: str
    name: str
    permissions: int
    position: int = 0
    bot_id: str | None = None
    """The bot whose managed role it is."""


@dataclass(slots=True, kw_only=True)
class Member:
    """A user's membership in one guild."""

    user_id: str
    joined_at: datetime
    roles: set[str] = field(default_factory=set)
    """Ids of roles, @everyone not among them."""
    nick: str | None = None


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """Permissions that a channel gives or takes for a role or a member."""

    id: str
    is_member: bool
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, kw_only=True)
class Attachment:
    """A file of a message, with its bytes."""

    id: str
    filename: str
    content: bytes
    content_type: str | None = None
    description: str | None = None
    title: str | None = None
    is_ephemeral: bool = False

    @staticmethod
    def guess_type(filename: str) -> str | None:
        """The media type that a name speaks of."""
        return mimetypes.guess_type(filename)[0]


@dataclass(slots=True, kw_only=True)
class Message:
    """One message. What its content mentions was worked out when it was written."""

    id: str
    channel_id: str
    author_id: str
    content: str = ""
    type: MessageType = MessageType.DEFAULT
    flags: int = 0
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    nonce: str | int | None = None
    tts: bool = False
    pinned: bool = False
    edited_at: datetime | None = None
    mentions: list[str] = field(default_factory=list)
    """Ids of the users that were notified."""
    mention_roles: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    reference: dict[str, Any] | None = None
    """`message_reference` as it is on the wire."""
    interaction_metadata: dict[str, Any] | None = None
    application_id: str | None = None
    webhook_id: str | None = None
    """Set on answers to interactions."""
    only_for: str | None = None
    """The one user who sees it, when it is ephemeral."""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    """Ids of users by emoji."""


@dataclass(slots=True, kw_only=True)
class Channel:
    """A text channel, direct messages, or a thread."""

    id: str
    type: ChannelType
    guild_id: str | None = None
    name: str = ""
    position: int = 0
    topic: str | None = None
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    recipients: list[str] = field(default_factory=list)
    """Both users of direct messages."""
    messages: dict[str, Message] = field(default_factory=dict)
    """By id, in the order of posting."""
    ephemerals: dict[str, Message] = field(default_factory=dict)
    """Messages that one user alone sees; no route for messages finds them."""
    last_message_id: str | None = None
    rate_limit_per_user: int = 0

    # Of threads alone.
    parent_id: str | None = None
    owner_id: str | None = None
    is_archived: bool = False
    is_locked: bool = False
    is_invitable: bool = True
    auto_archive_min: int = 4320
    archive_changed_at: datetime | None = None
    members: dict[str, datetime] = field(default_factory=dict)
    """When each user joined the thread."""
    total_messages: int = 0
    """How many were ever sent, its starter not counted."""

    @property
    def is_thread(self) -> bool:
        """Whether it hangs under a channel."""
        return self.type in (ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD)

    @property
    def is_dm(self) -> bool:
        """Whether it is direct messages."""
        return self.type is ChannelType.DM


@dataclass(slots=True, kw_only=True)
class Guild:
    """One guild ("server")."""

    id: str
    name: str
    owner_id: str
    joined_at: datetime
    members: dict[str, Member] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    """Threads too."""
    is_unavailable: bool = False
    """Set while Discord has an outage there."""

    @property
    def everyone(self) -> Role:
        """The role that all have."""
        return self.roles[self.id]

    def threads(self, *, archived: bool | None = False) -> list[Channel]:
        """Its threads: the active ones, the archived ones, or (None) all."""
        return [c for c in self.channels.values() if c.is_thread and archived in (None, c.is_archived)]
