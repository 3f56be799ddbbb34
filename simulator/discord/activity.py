"""Everything that can happen in the simulated Discord: the one place where it changes.

Called by the routes (what the app does), by interactions and by the control API (what people do), which have checked
that it is allowed. Each function changes the model, writes the truth log and dispatches the gateway's events.
Memberships, roles and guilds are in `membership`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from simulator.discord.guild import Channel, ChannelType, Message, MessageFlag, MessageType
from simulator.discord.seams import Dispatch
from simulator.discord.wire import Wire, partial_emoji
from simulator.discord.world import World
from simulator.truth import TruthLog


class Activity:
    """Carries out what happens, records it, announces it."""

    def __init__(self, *, world: World, truth: TruthLog, dispatch: Dispatch, base_url: Callable[[], str]) -> None:
        self._world = world
        self._truth = truth
        self._dispatch = dispatch
        self._base_url = base_url

    # -- messages ---------------------------------------------------------------------------------------------

    def post_message(self, channel: Channel, message: Message) -> Message:
        """Put a new *message* (its id taken just now) into *channel*; it wakes an archived thread."""
        self._world.attachments.update({file.id: file for file in message.attachments})
        if message.only_for is not None:
            channel.ephemerals[message.id] = message
            self.record("ephemeral.posted", channel, user=message.only_for, message=self._show(message))
            return message
        if channel.is_archived:
            self.update_channel(channel, is_archived=False)
        channel.messages[message.id] = message
        channel.last_message_id = message.id
        if channel.is_thread and message.type is not MessageType.THREAD_STARTER:
            channel.total_messages += 1
            self.join_thread(channel, message.author_id)
        self.record("message.posted", channel, message=self._show(message), notifies=notified(message))
        self._send("MESSAGE_CREATE", self._wire().message_event(message), channel)
        return message

    def edit_message(
        self, channel: Channel, message: Message, *, edited_at: datetime | None = None, **changes: Any
    ) -> None:
        """Change fields of *message*; *edited_at* is given when people should see that it was edited."""
        for name, value in changes.items():
            setattr(message, name, value)
        message.edited_at = edited_at or message.edited_at
        self._world.attachments.update({file.id: file for file in message.attachments})
        if message.only_for is not None:
            self.record("ephemeral.changed", channel, user=message.only_for, message=self._show(message))
            return
        self.record("message.changed", channel, message=self._show(message), notifies=[])
        self._send("MESSAGE_UPDATE", self._wire().message_event(message), channel)

    def delete_message(self, channel: Channel, message: Message) -> None:
        """Remove *message*; a thread that was started from it stays."""
        if message.only_for is not None:
            del channel.ephemerals[message.id]
            self.record("ephemeral.deleted", channel, user=message.only_for, message_id=message.id)
            return
        del channel.messages[message.id]
        self.record("message.deleted", channel, message_id=message.id)
        self._send("MESSAGE_DELETE", {"id": message.id, "channel_id": channel.id}, channel)

    def react(self, channel: Channel, message: Message, *, user_id: str, emoji: str, added: bool) -> None:
        """Add a reaction or take it back."""
        users = message.reactions.setdefault(emoji, [])
        if added:
            users.append(user_id)
        else:
            users.remove(user_id)
            if not users:
                del message.reactions[emoji]
        kind = "reaction.added" if added else "reaction.removed"
        self.record(kind, channel, user=user_id, name=emoji, message_id=message.id)
        event: dict[str, Any] = {
            "user_id": user_id,
            "channel_id": channel.id,
            "message_id": message.id,
            "emoji": partial_emoji(emoji),
            "burst": False,
            "type": 0,
        }
        guild = self._world.guild_of(channel)
        if added:
            event["message_author_id"] = message.author_id
            if guild is not None and user_id in guild.members:
                event["member"] = self._wire().member(guild, user_id)
        self._send("MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE", event, channel)

    def type_in(self, channel: Channel, user_id: str) -> None:
        """Show *user_id* as typing."""
        self.record("typing.started", channel, user=user_id)
        event: dict[str, Any] = {
            "channel_id": channel.id,
            "user_id": user_id,
            "timestamp": int(self._world.clock()),
        }
        guild = self._world.guild_of(channel)
        if guild is not None and user_id in guild.members:
            event["member"] = self._wire().member(guild, user_id)
        self._send("TYPING_START", event, channel)

    # -- channels ---------------------------------------------------------------------------------------------

    def open_dm(self, user_id: str) -> Channel:
        """The direct messages between *user_id* and the bot, made when there were none."""
        found = self._world.dm_with(user_id)
        if found is not None:
            return found
        recipients = [self._world.bot.id, user_id]
        channel = Channel(id=self._world.snowflakes.next(), type=ChannelType.DM, recipients=recipients)
        self._world.dms[channel.id] = channel
        self.record("channel.created", channel, user=user_id, body=self._wire().channel(channel))
        return channel

    def create_channel(self, channel: Channel) -> Channel:
        """Add a text channel to its guild."""
        guild = self._world.guilds[channel.guild_id or ""]
        guild.channels[channel.id] = channel
        shown = self._wire().channel(channel)
        self.record("channel.created", channel, body=shown)
        self._send("CHANNEL_CREATE", shown, channel)
        return channel

    def create_thread(
        self,
        parent: Channel,
        *,
        name: str,
        owner_id: str,
        starter: Message | None = None,
        type: ChannelType = ChannelType.PUBLIC_THREAD,  # noqa: A002 (the wire's name)
        auto_archive_min: int = 4320,
        is_invitable: bool = True,
        rate_limit_per_user: int = 0,
    ) -> Channel:
        """Start a thread under *parent*, from *starter* or without a message; a thread from a message has its id."""
        thread = Channel(
            id=starter.id if starter is not None else self._world.snowflakes.next(),
            type=type,
            guild_id=parent.guild_id,
            name=name,
            parent_id=parent.id,
            owner_id=owner_id,
            auto_archive_min=auto_archive_min,
            is_invitable=is_invitable,
            rate_limit_per_user=rate_limit_per_user,
            archive_changed_at=self._world.now(),
            members={owner_id: self._world.now()},
        )
        self._world.guilds[parent.guild_id or ""].channels[thread.id] = thread
        shown = self._wire().channel(thread)
        self.record("thread.created", thread, user=owner_id, body=shown)
        self._send("THREAD_CREATE", shown | {"newly_created": True}, thread)
        if starter is not None:
            self.edit_message(parent, starter, flags=starter.flags | MessageFlag.HAS_THREAD)
            self._announce(thread, MessageType.THREAD_STARTER, starter.author_id, (parent.id, starter.id))
        elif type is ChannelType.PUBLIC_THREAD:
            self._announce(parent, MessageType.THREAD_CREATED, owner_id, (thread.id, None), content=name)
        return thread

    def _announce(
        self, channel: Channel, kind: MessageType, author_id: str, about: tuple[str, str | None], content: str = ""
    ) -> None:
        """Put a message of Discord's own into *channel*, about a channel or a message in it."""
        channel_id, message_id = about
        reference: dict[str, Any] = {"type": 0, "channel_id": channel_id, "guild_id": channel.guild_id}
        if message_id is not None:
            reference["message_id"] = message_id
        message = Message(
            id=self._world.snowflakes.next(),
            channel_id=channel.id,
            author_id=author_id,
            type=kind,
            content=content,
            reference=reference,
        )
        self.post_message(channel, message)

    def join_thread(self, thread: Channel, user_id: str) -> None:
        """Make *user_id* a member of the thread; nothing happens to who is one."""
        if user_id in thread.members:
            return
        thread.members[user_id] = self._world.now()
        self.record("channel.joined", thread, user=user_id)
        self._send_members(thread, added=[self._wire().thread_member(thread, user_id)])

    def leave_thread(self, thread: Channel, user_id: str) -> None:
        """End *user_id*'s membership of the thread."""
        if thread.members.pop(user_id, None) is None:
            return
        self.record("channel.left", thread, user=user_id)
        self._send_members(thread, removed=[user_id])

    def _send_members(
        self, thread: Channel, *, added: list[dict[str, Any]] | None = None, removed: list[str] | None = None
    ) -> None:
        event: dict[str, Any] = {"id": thread.id, "member_count": len(thread.members)}
        if added:
            event["added_members"] = added
        if removed:
            event["removed_member_ids"] = removed
        self._send("THREAD_MEMBERS_UPDATE", event, thread)

    def update_channel(self, channel: Channel, **changes: Any) -> None:
        """Change fields of a channel or thread: `name`, `is_archived`, `is_locked`, `overwrites` and so on."""
        if changes.get("is_archived", channel.is_archived) != channel.is_archived:
            channel.archive_changed_at = self._world.now()
        for name, value in changes.items():
            setattr(channel, name, value)
        shown = self._wire().channel(channel)
        self.record("channel.changed", channel, body=shown)
        self._send("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", shown, channel)

    def delete_channel(self, channel: Channel) -> None:
        """Remove a channel with its threads, or a thread."""
        shown = self._wire().channel(channel)
        self.record("channel.deleted", channel, body=shown)
        if channel.is_thread:
            named = {name: shown[name] for name in ("id", "guild_id", "parent_id", "type")}
            self._send("THREAD_DELETE", named, channel)
        else:
            self._send("CHANNEL_DELETE", shown, channel)
        channels = self._world.guilds[channel.guild_id or ""].channels
        for gone in [c.id for c in channels.values() if c.id == channel.id or c.parent_id == channel.id]:
            del channels[gone]

    # -- recording --------------------------------------------------------------------------------------------

    def record(self, kind: str, channel: Channel, **data: Any) -> None:
        """Write into the truth log what happened in *channel*."""
        place = {"channel": channel.id, "channel_name": channel.name}
        parent = self._world.channel(channel.parent_id or "")
        if parent is not None:
            place |= {"parent": parent.id, "parent_name": parent.name}
        self._truth.append(kind, {**place, **data}, team=channel.guild_id or "")

    def _wire(self) -> Wire:
        return Wire(self._world, self._base_url())

    def _show(self, message: Message) -> dict[str, Any]:
        return self._wire().message(message, with_nonce=True)

    def _send(self, name: str, data: dict[str, Any], channel: Channel) -> None:
        named = data | ({"guild_id": channel.guild_id} if channel.guild_id is not None else {})
        self._dispatch(name, named, guild_id=channel.guild_id, channel=channel)


def notified(message: Message) -> list[str]:
    """Whom a new message notifies: ids of users, ids of roles behind `&`, and `everyone`."""
    everyone = ["everyone"] if message.mention_everyone else []
    return [*message.mentions, *(f"&{role_id}" for role_id in message.mention_roles), *everyone]
