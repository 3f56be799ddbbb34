"""Discord's payloads into what people ask. Pure: what must be looked up is passed in.

Called by `handlers` and `catch_up`, for messages; `called` reads commands and forms. Reads ids and text only.
Source: https://docs.discord.com/developers/resources/message#message-object
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bots import requests
from bots.discord.markup import from_discord, mentioned, mentioned_roles, without_mention
from bots.facts import Known
from bots.requests import Asked, SettingsWanted
from core.domain.commands import ChangeReply, Command, PostReply, StartSession
from core.domain.refs import MessageId, Place, UserId

Payload = Mapping[str, Any]

STOP_SIGN = "🛑"
ONLY_FILES = "Look at the attached files."
"""The task of a message that has files and no words."""

_SAID, _REPLIED = 0, 19
_HEARD = frozenset({_SAID, _REPLIED})
"""Messages of people; every other type is news of the channel, or a bot's."""
_EPOCH_MS = 1_420_070_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A person's message that may concern Muster, as Discord sent it."""

    id: MessageId
    channel: str
    guild: str  # "" in direct messages
    author: Payload
    member: Payload | None  # what the guild knows of the author; absent when read back later
    text: str  # with Discord's own sequences
    mention: bool  # it names Muster
    replied: bool  # it is a platform reply to a message of Muster's
    attachments: tuple[Payload, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)  # of whom it mentions
    edited: str = ""  # when it was changed last

    @property
    def user(self) -> UserId:
        """Whose it is."""
        return UserId(str(self.author["id"]))

    @property
    def direct(self) -> bool:
        """Whether it was written to Muster alone."""
        return not self.guild

    @property
    def addressed(self) -> bool:
        """Whether it is meant for Muster wherever it stands."""
        return self.mention or self.replied or self.direct

    @property
    def dedupe_key(self) -> str:
        """The same for every event that tells of this message."""
        return f"message:{self.channel}:{self.id}"


def said(message: Payload, *, guild: str, ours: frozenset[str]) -> Said | None:
    """The message in a MESSAGE_CREATE, or one that was read back; None when it is not a person's.

    Args:
        ours: ids that mean Muster: its user, and its role in the guild.
    """
    author = message["author"]
    automatic = author.get("bot") or author.get("system") or message.get("webhook_id")
    if automatic or message.get("type", _SAID) not in _HEARD or str(author["id"]) in ours:
        return None
    text = message.get("content") or ""
    named = {str(user["id"]) for user in message.get("mentions", ())}
    answered = message.get("referenced_message") or {}
    replied = str((answered.get("author") or {}).get("id", "")) in ours
    in_text = set(mentioned(text)) | set(mentioned_roles(text))
    # A platform reply pings whom it answers, which names nobody in the text.
    mention = bool(ours & in_text) or (bool(ours & named) and not replied)
    return Said(
        id=MessageId(str(message["id"])),
        channel=str(message["channel_id"]),
        guild=guild,
        author=author,
        member=message.get("member"),
        text=text,
        mention=mention,
        replied=replied,
        attachments=tuple(message.get("attachments", ())),
        names={str(user["id"]): shown_name(user, user.get("member")) for user in message.get("mentions", ())},
        edited=message.get("edited_timestamp") or "",
    )


def asked_in(
    message: Said,
    place: Place,
    by: Known,
    *,
    ours: frozenset[str],
    names: Mapping[str, str],
) -> Command | Asked | SettingsWanted:
    """What *message* asks for.

    Args:
        names: of the people, roles and channels in it, by id.
    """
    text = plain_text(message, ours, names)
    in_thread = place.root is not None and not message.direct
    if not in_thread or message.mention:
        wanted = None if not text and message.attachments else requests.keyword(text, place, by)
        if wanted is not None and not (in_thread and text.casefold() == "stop"):
            return wanted
    if place.root is None:
        return StartSession(
            place=place,
            by=by.person,
            task=text or (ONLY_FILES if message.attachments else ""),
            restricted=by.restricted,
            admin=by.admin,
            groups=tuple(sorted(by.groups)),
        )
    return PostReply(
        place=place,
        by=by.person,
        text=text,
        message=message.id,
        said_at=moment_of(message.id),
        addressed=message.addressed,
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )


def changed(message: Said, place: Place, by: Known, *, ours: frozenset[str], names: Mapping[str, str]) -> ChangeReply:
    """What a MESSAGE_UPDATE tells of a reply."""
    return ChangeReply(
        place=place,
        by=by.person,
        message=message.id,
        text=plain_text(message, ours, names),
        said_at=moment_of(message.id),
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )


def plain_text(message: Said, ours: frozenset[str], names: Mapping[str, str]) -> str:
    """The words of the message, without what addresses Muster."""
    return from_discord(without_mention(message.text, ours), {**message.names, **names}).strip()


def shown_name(user: Payload, member: Payload | None = None) -> str:
    """What people call somebody."""
    nick = (member or {}).get("nick")
    return str(nick or user.get("global_name") or user.get("username") or user["id"])


def moment_of(snowflake: str) -> datetime:
    """When the thing with that id was made. Source: https://docs.discord.com/developers/reference#snowflakes"""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _EPOCH_MS) / 1000, UTC)


def snowflake_at(moment: datetime) -> str:
    """The lowest id of that moment: ids of what came later are greater."""
    return str((int(moment.timestamp() * 1000) - _EPOCH_MS) << 22)
