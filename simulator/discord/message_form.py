"""Makes messages and changes of messages out of request bodies, after all of Discord's checks.

Called by `routes_messages`, by interactions (answers of the app) and by the control API (people's messages). It changes
nothing: `activity` posts and edits what it returns.
Source: https://docs.discord.com/developers/resources/message#create-message and #edit-message
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.discord import limits
from simulator.discord.call import Upload
from simulator.discord.checks import text_in, whole_in
from simulator.discord.components import ComponentCheck, text_of
from simulator.discord.embeds import attached, read_embeds, resolved
from simulator.discord.errors import (
    ApiError,
    Problems,
    empty_message,
    invalid,
    missing_permissions,
    thread_archived,
)
from simulator.discord.guild import Attachment, Channel, Message, MessageFlag, MessageType
from simulator.discord.mentions import ALL, Allowed, find_mentions, read_allowed
from simulator.discord.options import DiscordOptions
from simulator.discord.permissions import Permission
from simulator.discord.uploads import take_uploads
from simulator.discord.wire import Wire
from simulator.discord.world import World

_SETTABLE = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2
_V2 = MessageFlag.IS_COMPONENTS_V2
_FLAGS_MOST = (1 << 31) - 1
_SHOWN = ("content", "embeds", "components", "attachments")


class MessageForm:
    """Reads the bodies of messages in one world."""

    def __init__(self, world: World, options: DiscordOptions, wire: Wire) -> None:
        self._world = world
        self._options = options
        self._wire = wire

    def new(
        self,
        channel: Channel,
        body: dict[str, Any],
        uploads: Mapping[int, Upload],
        *,
        author_id: str,
        may: Permission,
        default: Allowed = ALL,
        is_answer: bool = False,
    ) -> Message:
        """The message that *body* and *uploads* ask for; its id is taken now.

        Args:
            may: what the author may in *channel*.
            default: who may be mentioned when the body does not say.
            is_answer: it answers an interaction, may be ephemeral and needs no permission for embeds and files.

        Raises:
            ApiError: anything is wrong with it.
        """
        problems = Problems()
        settable = _SETTABLE | (MessageFlag.EPHEMERAL if is_answer else MessageFlag(0))
        flags = MessageFlag(whole_in(body, "flags", (), problems, least=0, most=_FLAGS_MOST) or 0) & settable
        content = (text_in(body, "content", (), problems, most=limits.CONTENT_CHARS) or "").strip()
        embeds = read_embeds(body, problems)
        components = ComponentCheck(problems).message(body, is_v2=_V2 in flags)
        allowed = read_allowed(body.get("allowed_mentions"), default, problems)
        nonce = _read_nonce(body, problems)
        if _V2 in flags and (content or embeds):
            _add_legacy(problems)
        problems.refuse_any()
        files = take_uploads(self._world, self._options, body, uploads)
        if not (content or embeds or components or files):
            raise empty_message()
        if not is_answer:
            _check_permissions(may, body, has_embeds=bool(embeds), has_files=bool(files))
        reference, replied_to = self._read_reference(channel, body, may)
        mentions = find_mentions(
            self._world,
            self._world.guild_of(channel),
            f"{content}\n{text_of(components)}",
            allowed=allowed,
            may_mention_all=Permission.MENTION_EVERYONE in may,
            replied_to=replied_to,
        )
        return Message(
            id=self._world.snowflakes.next(),
            channel_id=channel.id,
            author_id=author_id,
            type=MessageType.REPLY if reference else MessageType.DEFAULT,
            content=content,
            flags=flags,
            embeds=self._with_addresses(channel, embeds, files),
            components=components,
            attachments=_outside(embeds, files),
            nonce=nonce,
            tts=bool(body.get("tts", False)),
            mentions=mentions.users,
            mention_roles=mentions.roles,
            mention_everyone=mentions.everyone,
            reference=reference,
        )

    def changes(
        self,
        channel: Channel,
        message: Message,
        body: dict[str, Any],
        uploads: Mapping[int, Upload],
        *,
        may: Permission,
        default: Allowed = ALL,
    ) -> dict[str, Any]:
        """What of *message* becomes other by *body*: arguments for `Activity.edit_message`.

        Raises:
            ApiError: anything is wrong with it.
        """
        problems = Problems()
        changes: dict[str, Any] = {}
        flags = MessageFlag(message.flags)
        if body.get("flags") is not None:
            given = MessageFlag(whole_in(body, "flags", (), problems, least=0, most=_FLAGS_MOST) or 0)
            changes["flags"] = flags = flags & ~MessageFlag.SUPPRESS_EMBEDS | given & _SETTABLE
        if "content" in body:
            changes["content"] = (text_in(body, "content", (), problems, most=limits.CONTENT_CHARS) or "").strip()
        if "embeds" in body:
            changes["embeds"] = read_embeds(body, problems)
        if "components" in body:
            changes["components"] = ComponentCheck(problems).message(body, is_v2=_V2 in flags)
        allowed = read_allowed(body.get("allowed_mentions"), default, problems)
        after = {name: changes.get(name, getattr(message, name)) for name in _SHOWN}
        if _V2 in flags and (after["content"] or after["embeds"]):
            _add_legacy(problems)
        problems.refuse_any()
        files = take_uploads(self._world, self._options, body, uploads, kept=message.attachments)
        if "attachments" in body or uploads:
            changes["attachments"] = _outside(after["embeds"], files)
        if "embeds" in changes:
            changes["embeds"] = self._with_addresses(channel, changes["embeds"], files)
        if not any((after | changes)[name] for name in _SHOWN):
            raise empty_message()
        if "content" in body:
            changes |= self._mentions(channel, message, after, allowed, may)
        if any(name in changes for name in _SHOWN):
            changes["edited_at"] = self._world.now()
        return changes

    def _mentions(
        self, channel: Channel, message: Message, after: dict[str, Any], allowed: Allowed, may: Permission
    ) -> dict[str, Any]:
        """The mentions of an edited message, found anew."""
        replied = message.reference if message.type is MessageType.REPLY else None
        answered = self._world.message(replied["channel_id"], replied["message_id"]) if replied else None
        found = find_mentions(
            self._world,
            self._world.guild_of(channel),
            f"{after['content']}\n{text_of(after['components'])}",
            allowed=allowed,
            may_mention_all=Permission.MENTION_EVERYONE in may,
            replied_to=answered.author_id if answered else None,
        )
        return {"mentions": found.users, "mention_roles": found.roles, "mention_everyone": found.everyone}

    def _read_reference(
        self, channel: Channel, body: dict[str, Any], may: Permission
    ) -> tuple[dict[str, Any] | None, str | None]:
        """`message_reference` for the wire, and who wrote what it points to."""
        given = body.get("message_reference")
        if not isinstance(given, dict) or not given.get("message_id"):
            return None, None
        where = ("message_reference",)
        if given.get("type", 0) != 0:
            raise invalid((*where, "type"), "BASE_TYPE_CHOICES", "Value must be one of (0,).")
        if str(given.get("channel_id", channel.id)) != channel.id:
            told = "Cannot reply to a message in a different channel"
            raise invalid((*where, "channel_id"), "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", told)
        if Permission.READ_MESSAGE_HISTORY not in may:
            raise ApiError(400, 160002, "You cannot reply without permission to read message history")
        answered = channel.messages.get(str(given["message_id"]))
        if answered is None:
            if given.get("fail_if_not_exists", True):
                raise invalid(where, "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            return None, None
        if answered.type not in (MessageType.DEFAULT, MessageType.REPLY, MessageType.CHAT_INPUT_COMMAND):
            raise invalid(where, "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to a system message")
        reference: dict[str, Any] = {"type": 0, "channel_id": channel.id, "message_id": answered.id}
        if channel.guild_id is not None:
            reference["guild_id"] = channel.guild_id
        return reference, answered.author_id

    def _with_addresses(
        self, channel: Channel, embeds: list[dict[str, Any]], files: list[Attachment]
    ) -> list[dict[str, Any]]:
        named = {file.filename: file for file in files}
        for name in attached(embeds) - named.keys():
            raise invalid(("embeds",), "ATTACHMENT_NOT_FOUND", f"Attachment {name} not found")
        self._world.attachments.update({named[name].id: named[name] for name in attached(embeds)})
        return resolved(embeds, lambda name: str(self._wire.attachment(channel.id, named[name])["url"]))


def refuse_closed(channel: Channel, may: Permission) -> None:
    """Nothing when messages can be posted into *channel*; an archived thread that is not locked wakes up by it.

    Raises:
        ApiError: 50083, it is a locked thread; 50013, its author may not speak there.
    """
    if channel.is_locked and Permission.MANAGE_THREADS not in may:
        raise thread_archived()
    needed = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    if needed not in may:
        raise missing_permissions()


def _check_permissions(may: Permission, body: dict[str, Any], *, has_embeds: bool, has_files: bool) -> None:
    is_denied = (
        (has_embeds and Permission.EMBED_LINKS not in may)
        or (has_files and Permission.ATTACH_FILES not in may)
        or (bool(body.get("tts")) and Permission.SEND_TTS_MESSAGES not in may)
    )
    if is_denied:
        raise missing_permissions()


def _outside(embeds: list[dict[str, Any]], files: list[Attachment]) -> list[Attachment]:
    """The files that are shown beside the embeds, not in them."""
    inside = attached(embeds)
    return [file for file in files if file.filename not in inside]


def _read_nonce(body: dict[str, Any], problems: Problems) -> str | int | None:
    nonce = body.get("nonce")
    if isinstance(nonce, str) and len(nonce) > limits.NONCE_CHARS:
        told = f"Must be {limits.NONCE_CHARS} or fewer in length."
        problems.add(("nonce",), "BASE_TYPE_MAX_LENGTH", told)
    elif nonce is not None and not isinstance(nonce, (str, int)):
        problems.add(("nonce",), "NONCE_TYPE_CONVERT", f'Could not interpret "{nonce}" as nonce.')
        return None
    return nonce


def _add_legacy(problems: Problems) -> None:
    told = "The 'content' and 'embeds' fields cannot be used when using MessageFlags.IS_COMPONENTS_V2"
    problems.add((), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", told)
