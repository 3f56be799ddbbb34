"""What people write, change, delete and mark on Discord: each handler parses, records, and leaves it to the front desk.

Called by `app` for each event of the gateway, and by `catch_up` for what it missed. The gateway tells once, so what
cannot be recorded is tried again here for minutes; what a dead process had not recorded is found by `catch_up`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bots.attachments import also_told
from bots.attendant import Attendant
from bots.discord import limits, parse, replies
from bots.discord.files import Files
from bots.discord.markup import mentioned
from bots.discord.parse import STOP_SIGN, Payload, Said
from bots.discord.people import DiscordConversations, Where
from bots.discord.surface import DiscordSurface
from bots.facts import Known
from bots.requests import Asked, SettingsWanted
from core.domain.commands import ChangeReply, Command, PostReply, StartSession, StopSession
from core.domain.refs import MessageId, Person, Place, UserId
from core.errors import MusterError, TransientError, UserError
from core.ports import Answer, Clock, Notify

log = structlog.get_logger(__name__)

_NAMES_LOOKED_UP = 5
_AUTHORS_KEPT = 2_000
_RECORD_S = 45.0  # with the files that come with a message
_SOMEBODY = Known(person=Person(id=UserId("0"), name="Somebody"), restricted=False)


class DiscordHandlers:
    """What the gateway tells of messages."""

    def __init__(
        self,
        *,
        attendant: Attendant,
        people: DiscordConversations,
        surface: DiscordSurface,
        files: Files,
        clock: Clock,
        reads_content: Callable[[], bool],
    ) -> None:
        self._attendant = attendant
        self._people = people
        self._surface = surface
        self._files = files
        self._clock = clock
        self._reads_content = reads_content
        self._authors: OrderedDict[MessageId, Known] = OrderedDict()  # a deletion does not say whose it was
        self._taken: OrderedDict[MessageId, None] = OrderedDict()
        self._told_unread: OrderedDict[str, None] = OrderedDict()

    def hear(self, event: str, data: Payload) -> None:
        """Take an event of the gateway; returns at once."""
        guild = str(data.get("guild_id") or "")
        match event:
            case "MESSAGE_CREATE":
                self._attendant.soon(self._until_recorded(lambda: self.on_message(data, guild)))
            case "MESSAGE_UPDATE":
                self._attendant.soon(self._until_recorded(lambda: self.on_change(data, guild)))
            case "MESSAGE_DELETE":
                self._attendant.soon(self._until_recorded(lambda: self.on_deletion(data, guild)))
            case "MESSAGE_REACTION_ADD":
                self._attendant.soon(self._until_recorded(lambda: self.on_reaction(data, guild)))

    async def hear_again(self, data: Payload, guild: str) -> None:
        """A message that was read back: taken if the gateway has not told of it, as if it had just now.

        Raises:
            TransientError: it could not be recorded.
        """
        await self.on_message(data, guild, answering=False)
        await self.on_change(data, guild)

    async def on_message(self, data: Payload, guild: str, *, answering: bool = True) -> None:
        """A new message, or one that was read back.

        Args:
            answering: also answer questions about what is there; nothing says whether an old one was answered.

        Raises:
            TransientError: it could not be recorded.
        """
        ours = self._people.ours(guild)
        message = parse.said(data, guild=guild, ours=ours)
        if message is None:
            return
        where = await self._heard_in(message)
        if where is None:
            return
        if not message.text and not message.attachments and not message.addressed and not self._reads_content():
            await self._tell_unread(where.place, message.user)
            return
        if not answering and message.id in self._taken:
            return  # its files need not be fetched again
        by, names = await self._who(message)
        _keep(self._authors, message.id, by)
        notify = self._in_private(where.place, message.user)
        try:
            wanted, left_out = await self._wanted(message, where.place, by, ours, names)
        except UserError as error:
            _keep(self._taken, message.id, None)
            await notify(Answer(text=str(error)))
            return
        if isinstance(wanted, SettingsWanted):
            if answering:
                await notify(Answer(text=replies.SETTINGS_BY_COMMAND))
        elif answering or not isinstance(wanted, Asked):
            notify, alone = also_told(notify, left_out)
            await self._attendant.take(wanted, key=message.dedupe_key, order=message.id, notify=notify, otherwise=alone)
        _keep(self._taken, message.id, None)

    async def on_change(self, data: Payload, guild: str) -> None:
        """A message was changed; previews that Discord adds are none of our business.

        Raises:
            TransientError: it could not be recorded.
        """
        if not data.get("edited_timestamp") or not data.get("author"):
            return
        ours = self._people.ours(guild)
        message = parse.said(data, guild=guild, ours=ours)
        where = await self._heard_in(message) if message is not None else None
        if message is None or where is None or where.place.root is None:
            return
        by, names = await self._who(message)
        change = parse.changed(message, where.place, by, ours=ours, names=names)
        key = f"change:{message.id}:{message.edited}"
        await self._take(change, key, message.user)

    async def on_deletion(self, data: Payload, guild: str) -> None:
        """A message was deleted. Only those that this process heard are known to be somebody's.

        Raises:
            TransientError: it could not be recorded.
        """
        message = MessageId(str(data["id"]))
        by = self._authors.get(message, _SOMEBODY)
        where = await self._people.where(guild, str(data["channel_id"]), by.person.id)
        if where.place.root is None or (by is _SOMEBODY and not where.owned) or (by is _SOMEBODY and not guild):
            return
        change = ChangeReply(
            place=where.place,
            by=by.person,
            message=message,
            text="",
            said_at=parse.moment_of(message),
            admin=by.admin,
            groups=tuple(sorted(by.groups)),
        )
        await self._take(change, f"deletion:{message}", by.person.id)

    async def on_reaction(self, data: Payload, guild: str) -> None:
        """A reaction: 🛑 on a post of Muster's stops its session.

        Raises:
            TransientError: it could not be recorded.
        """
        user, ours = UserId(str(data["user_id"])), self._people.ours(guild)
        author = data.get("message_author_id")
        if data["emoji"].get("name") != STOP_SIGN or user in ours or (author and str(author) not in ours):
            return
        channel, message = str(data["channel_id"]), MessageId(str(data["message_id"]))
        member = data.get("member") or {}
        where = await self._people.where(guild, channel, user)
        by = await self._people.wrote(guild, member.get("user") or {"id": user}, member or None)
        now = self._clock.now()
        stop = StopSession(
            place=where.place,
            by=by.person,
            post=message,
            restricted=by.restricted,
            admin=by.admin,
            groups=tuple(sorted(by.groups)),
        )
        # It has no id of its own, may be taken back and made anew, and is told again when a connection is resumed.
        key = f"reaction:{message}:{user}:{int(now.timestamp()) // 60}"
        notify = self._in_private(where.place, user)
        await self._attendant.take(stop, key=key, order=parse.snowflake_at(now), notify=notify)

    async def _until_recorded(self, record: Callable[[], Awaitable[None]]) -> None:
        shortest_s, longest_s = limits.RECORD_RETRY_S
        wait_s, waited_s = shortest_s, 0.0
        while True:
            try:
                async with asyncio.timeout(_RECORD_S):
                    await record()
                return
            except (TransientError, TimeoutError) as error:
                if waited_s > limits.RECORD_RETRIES_S:
                    raise
                log.warning("discord.not_recorded", error=str(error) or type(error).__name__)
            except MusterError as error:
                log.warning("discord.not_heard", error=str(error))
                return
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                log.warning("discord.event_not_understood", error=repr(error))
                return
            await asyncio.sleep(wait_s)
            waited_s += wait_s
            wait_s = min(longest_s, wait_s * 2)

    async def _heard_in(self, message: Said) -> Where | None:
        """Where the message stands, if it counts there: in threads that are not ours only what is meant for us does."""
        if message.guild and not message.addressed and not self._may_be_ours(message):
            return None
        where = await self._people.where(message.guild, message.channel, message.user)
        in_our_thread = where.owned and where.place.root is not None
        # In a channel an answer to one of our messages starts nothing: only to name us does.
        meant = message.mention or message.direct or (message.replied and where.place.root is not None)
        return where if meant or in_our_thread else None

    def _may_be_ours(self, message: Said) -> bool:
        return not self._people.is_plain_channel(message.guild, message.channel)

    async def _wanted(
        self, message: Said, place: Place, by: Known, ours: frozenset[str], names: Mapping[str, str]
    ) -> tuple[Command | Asked | SettingsWanted, str]:
        """What it asks for, and what the person is to be told of files that the team does not get."""
        wanted = parse.asked_in(message, place, by, ours=ours, names=names)
        if not isinstance(wanted, StartSession | PostReply):
            return wanted, ""
        return await self._files.with_files(wanted, message.attachments, within_s=limits.MESSAGE_FILES_S)

    async def _who(self, message: Said) -> tuple[Known, dict[str, str]]:
        """Who speaks, and names of what the text mentions and Discord did not name."""
        guild = message.guild
        by = await self._people.wrote(guild, message.author, message.member)
        unnamed = [user for user in mentioned(message.text) if user not in message.names] if guild else []
        found = await asyncio.gather(*(self._people.who(guild, UserId(user)) for user in unnamed[:_NAMES_LOOKED_UP]))
        return by, self._people.names_in(guild) | {known.person.id: known.person.name for known in found}

    async def _take(self, change: ChangeReply, key: str, user: UserId) -> None:
        notify = self._in_private(change.place, user) if user != _SOMEBODY.person.id else _tell_nobody
        order = parse.snowflake_at(self._clock.now())
        await self._attendant.take(change, key=key, order=order, notify=notify)

    async def _tell_unread(self, place: Place, user: UserId) -> None:
        """Say once a thread that replies cannot be read there."""
        if place.encode() in self._told_unread:
            return
        _keep(self._told_unread, place.encode(), None)
        await self._surface.tell(place, user, Answer(text=replies.NOT_READ))

    def _in_private(self, place: Place, user: UserId) -> Notify:
        async def notify(answer: Answer) -> None:
            await self._surface.tell(place, user, answer)

        return notify


async def _tell_nobody(answer: Answer) -> None:
    """Nobody knows whom this concerns."""


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    kept[key] = value
    if len(kept) > _AUTHORS_KEPT:
        kept.popitem(last=False)
