"""Everything that can happen in a simulated workspace: the one place where it changes.

Called by the Web API's methods (what the app does) and by the control API (what people do), which have checked that it
is allowed. Each function changes the state, writes the truth log and lets the app know through `events`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.slack.events import Events
from simulator.slack.files import FileStore
from simulator.slack.markup import new_block_id, notified
from simulator.slack.wire import Wire
from simulator.slack.workspace import Channel, ChannelKind, Ephemeral, Message, Workspace
from simulator.truth import TruthLog

SLACKBOT = "USLACKBOT"


class Activity:
    """Carries out what happens, records it, announces it."""

    def __init__(self, truth: TruthLog, events: Events, files: FileStore, base_url: Callable[[], str]) -> None:
        self._truth = truth
        self._events = events
        self._files = files
        self._base_url = base_url

    # -- messages ---------------------------------------------------------------------------------------------

    def post(self, workspace: Workspace, channel: Channel, message: Message) -> Message:
        """Put a new *message* (its ts taken just now) into *channel*."""
        message.blocks = with_block_ids(message.blocks)
        channel.messages[message.ts] = message
        if message.thread_ts is not None:
            channel.replies.setdefault(message.thread_ts, []).append(message.ts)
        for file_id in message.files:
            self._files.share(workspace, file_id, channel, message.ts, message.thread_ts)
        wire = self._show(workspace, channel, message)
        notifies = notified(message.text, message.blocks)
        self._record(workspace, "message.posted", channel, message=wire, notifies=notifies)
        self._events.posted(workspace, channel, message)
        return message

    def edit(self, workspace: Workspace, channel: Channel, message: Message, **changes: Any) -> None:
        """Change fields of *message*; `edited` is among *changes* when people should see that it was edited."""
        previous = self._show(workspace, channel, message)
        if "blocks" in changes:
            changes["blocks"] = with_block_ids(changes["blocks"])
        for name, value in changes.items():
            setattr(message, name, value)
        wire = self._show(workspace, channel, message)
        self._record(
            workspace, "message.changed", channel, message=wire, notifies=notified(message.text, message.blocks)
        )
        self._events.changed(workspace, channel, message, previous=previous)

    def delete(self, workspace: Workspace, channel: Channel, message: Message) -> None:
        """Remove *message*; a root with replies stays as a tombstone."""
        previous = self._show(workspace, channel, message)
        if channel.replies.get(message.ts):
            tombstone = Message(ts=message.ts, text="This message was deleted.", user=SLACKBOT, subtype="tombstone")
            channel.messages[message.ts] = tombstone
            self._record(
                workspace, "message.changed", channel, message=self._show(workspace, channel, tombstone), notifies=[]
            )
            self._events.changed(workspace, channel, tombstone, previous=previous)
            return
        del channel.messages[message.ts]
        if message.thread_ts is not None:
            channel.replies[message.thread_ts].remove(message.ts)
        self._record(workspace, "message.deleted", channel, ts=message.ts, thread_ts=message.thread_ts)
        self._events.deleted(workspace, channel, message.ts, previous=previous)

    def show_ephemeral(
        self,
        workspace: Workspace,
        channel: Channel,
        user: str,
        *,
        text: str,
        blocks: list[dict[str, Any]] | None = None,
        thread_ts: str | None = None,
        sender: str = SLACKBOT,
    ) -> Ephemeral:
        """Show a message to *user* alone."""
        shown = Ephemeral(
            ts=workspace.next_ts(),
            user=user,
            channel=channel.id,
            text=text,
            blocks=with_block_ids(blocks or []),
            thread_ts=thread_ts,
            sender=sender,
        )
        workspace.ephemerals.append(shown)
        self._record(workspace, "ephemeral.posted", channel, user=user, message=shown.wire())
        return shown

    def change_ephemeral(
        self, workspace: Workspace, shown: Ephemeral, *, text: str, blocks: list[dict[str, Any]]
    ) -> None:
        """Replace what an ephemeral message says."""
        shown.text, shown.blocks = text, with_block_ids(blocks)
        channel = workspace.channels[shown.channel]
        self._record(workspace, "ephemeral.changed", channel, user=shown.user, message=shown.wire())

    def remove_ephemeral(self, workspace: Workspace, shown: Ephemeral) -> None:
        """Take an ephemeral message away."""
        workspace.ephemerals.remove(shown)
        self._record(workspace, "ephemeral.deleted", workspace.channels[shown.channel], user=shown.user, ts=shown.ts)

    def react(
        self, workspace: Workspace, channel: Channel, message: Message, *, user: str, name: str, added: bool
    ) -> None:
        """Add a reaction or take it back."""
        users = message.reactions.setdefault(name, [])
        if added:
            users.append(user)
        else:
            users.remove(user)
            if not users:
                del message.reactions[name]
        self._record(
            workspace, "reaction.added" if added else "reaction.removed", channel, user=user, name=name, ts=message.ts
        )
        self._events.reacted(workspace, channel, message, user=user, name=name, added=added)

    # -- channels ---------------------------------------------------------------------------------------------

    def join(self, workspace: Workspace, channel: Channel, user: str, *, inviter: str | None = None) -> None:
        """Make *user* a member; Slack says so in the channel."""
        channel.members.add(user)
        self._record(workspace, "channel.joined", channel, user=user, inviter=inviter)
        self._events.membership(workspace, channel, user, joined=True, inviter=inviter)
        self._say_membership(workspace, channel, user, "channel_join", "has joined the channel")

    def leave(self, workspace: Workspace, channel: Channel, user: str) -> None:
        """End *user*'s membership."""
        channel.members.discard(user)
        self._record(workspace, "channel.left", channel, user=user)
        self._events.membership(workspace, channel, user, joined=False, inviter=None)
        self._say_membership(workspace, channel, user, "channel_leave", "has left the channel")

    def archive(self, workspace: Workspace, channel: Channel, user: str) -> None:
        """Close the channel for good."""
        channel.is_archived = True
        self._record(workspace, "channel.archived", channel, user=user)
        self._events.archived(workspace, channel, user)

    def open_im(self, workspace: Workspace, user: str) -> Channel:
        """The direct messages between *user* and the bot, made when there were none."""
        found = workspace.find_im(user)
        if found is not None:
            return found
        channel = workspace.open_im(user)
        self._record(workspace, "channel.created", channel, user=user)
        return channel

    def create_channel(
        self, workspace: Workspace, *, name: str, kind: ChannelKind, creator: str, members: list[str]
    ) -> Channel:
        """A new channel with its creator and *members* in it."""
        channel = workspace.add_channel(name=name, kind=kind, creator=creator, members=[creator, *members])
        self._record(workspace, "channel.created", channel, user=creator)
        return channel

    def _say_membership(self, workspace: Workspace, channel: Channel, user: str, subtype: str, said: str) -> None:
        text = f"<@{user}> {said}"
        self.post(workspace, channel, Message(ts=workspace.next_ts(), text=text, user=user, subtype=subtype))

    # -- recording --------------------------------------------------------------------------------------------

    def _show(self, workspace: Workspace, channel: Channel, message: Message) -> dict[str, Any]:
        return Wire(workspace, self._files, self._base_url()).message(channel, message)

    def _record(self, workspace: Workspace, kind: str, channel: Channel, **data: Any) -> None:
        self._truth.append(kind, {"channel": channel.id, "channel_name": channel.name, **data}, team=workspace.id)


def with_block_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """*blocks* as Slack keeps them: each has a `block_id`."""
    return [block if block.get("block_id") else {**block, "block_id": new_block_id()} for block in blocks]
