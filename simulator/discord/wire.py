"""How everything looks on Discord's wire; here, how messages do.

Used by the routes, by `activity` (events, truth log), by the gateway and by interactions. It only renders; every field
that the published description of the REST API requires is there.
Source: https://docs.discord.com/developers/resources, and discord.py's `types`, which read it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from simulator.discord.guild import Attachment, Message, MessageFlag, MessageType, made_at
from simulator.discord.place_wire import PlaceWire, moment
from simulator.discord.world import World

CDN_PATH = "/discord/cdn"


class Wire(PlaceWire):
    """Renders the world for who reaches it at *base_url*."""

    def __init__(self, world: World, base_url: str) -> None:
        super().__init__(world)
        self._base_url = base_url

    def message(self, message: Message, *, with_nonce: bool = False) -> dict[str, Any]:
        """A message as the routes show it; its nonce is told to those who see it come alone."""
        body = self._basic_message(message)
        if with_nonce and message.nonce is not None:
            body["nonce"] = message.nonce
        if message.type in (MessageType.REPLY, MessageType.THREAD_STARTER) and message.reference:
            referenced = self._world.message(message.reference["channel_id"], message.reference["message_id"])
            body["referenced_message"] = self._basic_message(referenced) if referenced else None
        if message.flags & MessageFlag.HAS_THREAD and (thread := self._world.channel(message.id)):
            body["thread"] = self.channel(thread)
        if message.reactions:
            body["reactions"] = [self._reaction(emoji, users) for emoji, users in message.reactions.items()]
        return body

    def message_event(self, message: Message) -> dict[str, Any]:
        """The data of MESSAGE_CREATE and MESSAGE_UPDATE."""
        body = self.message(message, with_nonce=True)
        channel = self._world.channel(message.channel_id)
        guild = self._world.guild_of(channel) if channel is not None else None
        if channel is not None:
            body["channel_type"] = int(channel.type)
        if guild is None:
            return body
        body["guild_id"] = guild.id
        if message.author_id in guild.members:
            body["member"] = self.member(guild, message.author_id, with_user=False)
        for mentioned in body["mentions"]:
            if mentioned["id"] in guild.members:
                mentioned["member"] = self.member(guild, mentioned["id"], with_user=False)
        return body

    def _basic_message(self, message: Message) -> dict[str, Any]:
        body = {
            "id": message.id,
            "type": int(message.type),
            "content": message.content,
            "channel_id": message.channel_id,
            "author": self.user(message.author_id),
            "attachments": [self.attachment(message.channel_id, file) for file in message.attachments],
            "embeds": [] if message.flags & MessageFlag.SUPPRESS_EMBEDS else message.embeds,
            "components": message.components,
            "mentions": [self.user(user_id) for user_id in message.mentions],
            "mention_roles": message.mention_roles,
            "mention_everyone": message.mention_everyone,
            "pinned": message.pinned,
            "tts": message.tts,
            "timestamp": moment(made_at(message.id)),
            "edited_timestamp": moment(message.edited_at) if message.edited_at else None,
            "flags": int(message.flags),
        }
        if message.reference is not None:
            body["message_reference"] = message.reference
        for name in ("interaction_metadata", "application_id", "webhook_id"):
            if (value := getattr(message, name)) is not None:
                body[name] = value
        return body

    def attachment(self, channel_id: str, file: Attachment) -> dict[str, Any]:
        """A file with the address of its bytes."""
        url = f"{self._base_url}{CDN_PATH}/attachments/{channel_id}/{file.id}/{quote(file.filename)}"
        body = {
            "id": file.id,
            "filename": file.filename,
            "size": len(file.content),
            "url": url,
            "proxy_url": url,
        }
        more = {"content_type": file.content_type, "description": file.description, "title": file.title}
        body |= {name: value for name, value in more.items() if value is not None}
        return body | ({"ephemeral": True} if file.is_ephemeral else {})

    def _reaction(self, emoji: str, users: list[str]) -> dict[str, Any]:
        return {
            "emoji": partial_emoji(emoji),
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "burst_colors": [],
            "me_burst": False,
            "me": self._world.bot.id in users,
        }


def partial_emoji(emoji: str) -> dict[str, Any]:
    """An emoji as reactions name it: a character, or `name:id` of a custom one."""
    name, colon, custom_id = emoji.partition(":")
    return {"id": custom_id if colon else None, "name": name}
