"""The things that an interaction speaks of, in full: `resolved` of its data.

Used by `interactions` for options and selects. It finds what a person names and renders it.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-resolved-data-structure
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from simulator.discord.command_check import OptionType
from simulator.discord.components import Kind
from simulator.discord.guild import Attachment, Channel, Guild, Message
from simulator.discord.permissions import in_channel
from simulator.discord.wire import Wire
from simulator.discord.world import World
from simulator.errors import PersonError

_SELECTED = {
    Kind.USER_SELECT: OptionType.USER,
    Kind.ROLE_SELECT: OptionType.ROLE,
    Kind.MENTIONABLE_SELECT: OptionType.MENTIONABLE,
    Kind.CHANNEL_SELECT: OptionType.CHANNEL,
}


class Resolved:
    """The things of one interaction of *user_id* in *channel*."""

    def __init__(
        self,
        world: World,
        wire: Wire,
        *,
        guild: Guild | None,
        channel: Channel,
        user_id: str,
        file_bytes: int,
    ) -> None:
        """
        Args:
            file_bytes: size above which Discord's client refuses a file.
        """
        self._world = world
        self._wire = wire
        self._guild = guild
        self._channel = channel
        self._user_id = user_id
        self._file_bytes = file_bytes
        self._things: dict[str, dict[str, Any]] = {}

    def in_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """*data* with what was resolved."""
        return data | ({"resolved": self._things} if self._things else {})

    def option(self, kind: OptionType, value: Any, channel_types: Sequence[int] = ()) -> str:
        """Id of the thing that a person gave for an option of that *kind*: by name or id, a file as name and bytes.

        Args:
            channel_types: of the channels that Discord's client offers; all when empty.

        Raises:
            PersonError: there is no such thing.
        """
        if kind is OptionType.ATTACHMENT:
            return self._file(value)
        named = str(value).lstrip("@#")
        if kind in (OptionType.USER, OptionType.MENTIONABLE) and (user_id := self._user(named)):
            return user_id
        if kind in (OptionType.ROLE, OptionType.MENTIONABLE) and (role_id := self._role(named)):
            return role_id
        if kind is OptionType.CHANNEL and (channel_id := self._place(named, channel_types)):
            return channel_id
        raise PersonError(f"there is no {named!r} to choose", status=404)

    def selected(self, kind: Kind, values: list[str]) -> list[str]:
        """Ids of what was chosen in a select of that *kind*; the values themselves for a select of texts."""
        return [self.option(_SELECTED[kind], value) for value in values] if kind in _SELECTED else values

    def message(self, message: Message) -> str:
        """Id of a message that a command was used on."""
        self._put("messages", message.id, self._wire.message(message))
        return message.id

    def _put(self, name: str, thing_id: str, body: dict[str, Any]) -> str:
        self._things.setdefault(name, {})[thing_id] = body
        return thing_id

    def _user(self, named: str) -> str | None:
        user = next((u for u in self._world.users.values() if named in (u.id, u.username)), None)
        if user is None:
            return None
        if self._guild is not None and user.id in self._guild.members:
            may = in_channel(self._guild, self._channel, user.id)
            member = self._wire.member(self._guild, user.id, with_user=False)
            for name in ("mute", "deaf"):
                member.pop(name)
            self._put("members", user.id, member | {"permissions": str(int(may))})
        return self._put("users", user.id, self._wire.user(user.id))

    def _role(self, named: str) -> str | None:
        roles = self._guild.roles.values() if self._guild is not None else ()
        role = next((r for r in roles if named in (r.id, r.name.lstrip("@"))), None)
        return self._put("roles", role.id, self._wire.role(role)) if role is not None else None

    def _place(self, named: str, types: Sequence[int]) -> str | None:
        places = self._guild.channels.values() if self._guild is not None else ()
        fitting = (place for place in places if not types or place.type in types)
        place = next((c for c in fitting if named in (c.id, c.name)), None)
        if place is None:
            return None
        may = in_channel(self._guild, place, self._user_id)
        return self._put("channels", place.id, self._wire.channel(place) | {"permissions": str(int(may))})

    def _file(self, value: Any) -> str:
        file = attach(self._world, value, file_bytes=self._file_bytes)
        file.is_ephemeral = True
        return self._put("attachments", file.id, self._wire.attachment(self._channel.id, file))


def attach(world: World, value: Any, *, file_bytes: int) -> Attachment:
    """A file that a person attaches: *value* is its `name` and `content_base64`.

    Raises:
        PersonError: it is no file, or too large for Discord's client.
    """
    try:
        content = base64.b64decode(value["content_base64"], validate=True)
        filename = str(value["name"])
    except (KeyError, TypeError, binascii.Error):
        raise PersonError("a file needs a name and content_base64") from None
    if len(content) > file_bytes:
        raise PersonError(f"{filename} is too large: at most {file_bytes} bytes", status=413)
    file = Attachment(
        id=world.snowflakes.next(),
        filename=filename,
        content=content,
        content_type=Attachment.guess_type(filename),
    )
    world.attachments[file.id] = file
    return file
