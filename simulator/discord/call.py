"""One call of the REST API and one endpoint that takes such calls, with the checks that many share.

Calls are made by `rest`, endpoints are listed by the `routes_*` modules and by interactions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.discord.errors import invalid, missing_access, missing_permissions, unknown
from simulator.discord.guild import Channel, Guild, Message
from simulator.discord.permissions import Permission, in_channel
from simulator.discord.wire import Wire

if TYPE_CHECKING:
    from simulator.discord.platform import DiscordPlatform


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file of a multipart body."""

    filename: str
    content: bytes
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an endpoint answers; a None body is sent as 204."""

    body: Any = None
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What an endpoint gets to see."""

    platform: DiscordPlatform
    path: Mapping[str, str]
    """Parameters of the path, named as in the template with `_` for `.`: `channel_id`."""
    query: Mapping[str, str]
    body: Any
    """The JSON body, or `payload_json` of a multipart one; an empty object when there is none."""
    uploads: Mapping[int, Upload]
    """The files by the n of `files[n]`."""
    host: str
    """Where the caller reached us."""

    @property
    def fields(self) -> dict[str, Any]:
        """The body's fields.

        Raises:
            ApiError: the body is no object.
        """
        if not isinstance(self.body, dict):
            raise invalid((), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return self.body

    @property
    def bot_id(self) -> str:
        """Who calls."""
        return self.platform.world.bot.id

    def wire(self) -> Wire:
        """Renders things for the caller."""
        return Wire(self.platform.world, f"http://{self.host}")

    def flag(self, name: str) -> bool:
        """A true or false of the query."""
        return self.query.get(name, "").lower() in ("1", "true")

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """A number of the query.

        Raises:
            ApiError: it is none, or outside of its bounds.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdecimal():
            raise invalid((name,), "NUMBER_TYPE_COERCE", f'Value "{text}" is not int.')
        if not least <= int(text) <= most:
            raise invalid((name,), "NUMBER_TYPE_MAX", f"int value should be between {least} and {most}.")
        return int(text)

    def snowflake(self, name: str) -> int | None:
        """An id of the query, to compare with.

        Raises:
            ApiError: it is none.
        """
        text = self.query.get(name)
        if text is None:
            return None
        if not text.isdecimal():
            raise invalid((name,), "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
        return int(text)

    # -- finding, with the permission to ---------------------------------------------------------------------

    def guild(self) -> Guild:
        """The path's guild, which the bot is a member of.

        Raises:
            ApiError: 10004.
        """
        guild = self.platform.world.guilds.get(self.path["guild_id"])
        if guild is None or not self.platform.world.bot_is_in(guild):
            raise unknown("Guild")
        return guild

    def guild_of(self, channel: Channel) -> Guild | None:
        """The guild of a channel."""
        return self.platform.world.guild_of(channel)

    def may(self, channel: Channel) -> Permission:
        """What the bot may in *channel*."""
        return in_channel(self.guild_of(channel), channel, self.bot_id)

    def channel(self, *needed: Permission) -> Channel:
        """The path's channel, which the bot can see and in which it has all that is *needed*.

        Raises:
            ApiError: 10003, 50001, 50013.
        """
        channel = self.platform.world.channel(self.path["channel_id"])
        if channel is None:
            raise unknown("Channel")
        may = self.may(channel)
        if Permission.VIEW_CHANNEL not in may:
            raise missing_access()
        if any(permission not in may for permission in needed):
            raise missing_permissions()
        return channel

    def message(self, channel: Channel) -> Message:
        """The path's message in *channel*.

        Raises:
            ApiError: 10008.
        """
        message = channel.messages.get(self.path["message_id"])
        if message is None:
            raise unknown("Message")
        return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A bucket: so many calls in so many seconds, for each channel, guild or webhook in the path."""

    calls: int
    per_s: float


ORDINARY = Rate(calls=10, per_s=10.0)
"""For routes whose numbers nobody relies on: Discord tells them in headers alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one route."""

    method: str
    template: str
    """As the documentation writes it: `/channels/{channel.id}/messages`. With the method, what faults aim at."""
    run: Callable[[Call], Reply]
    """Raises `ApiError`."""
    rate: Rate = field(default=ORDINARY)
    bucket: str = ""
    """Routes with the same one share a bucket; a bucket of its own without it."""
    needs_token: bool = True
    """False where the path's token is enough: interactions and webhooks. These are free of the global limit too."""

    @property
    def name(self) -> str:
        """Target of faults, and its name in the truth log."""
        return f"{self.method} {self.template}"
