"""One thing asked of the control API, and the reading of what it names: people, channels, messages.

Made by `control`, taken by every doing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.errors import PersonError
from simulator.slack.platform import SlackPlatform
from simulator.slack.wire import Wire
from simulator.slack.workspace import Channel, ChannelKind, Message, User, Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing asked of the control API."""

    platform: SlackPlatform
    workspace: Workspace
    body: dict[str, Any]

    def text(self, name: str, default: str | None = None) -> str:
        """A text of the body.

        Raises:
            PersonError: it is missing and has no *default*.
        """
        value = self.body.get(name, default)
        if not isinstance(value, str):
            raise PersonError(f"{name}: a text is needed")
        return value

    def user(self, name: str = "user") -> User:
        """The user named in the body by id or handle."""
        user = self.workspace.find_user(self.text(name))
        if user is None:
            raise PersonError(f"there is no user {self.text(name)!r}", status=404)
        return user

    def channel(self, *, as_seen_by: User | None = None) -> Channel:
        """The channel named in the body by id or name; `@bot` is the person's direct messages with the app."""
        name = self.text("channel")
        named = self.workspace.find_user(name) if name.startswith("@") else None
        if named is not None and named.is_bot and as_seen_by is not None:
            return self.platform.activity.open_im(self.workspace, as_seen_by.id)
        channel = self.workspace.find_channel(name)
        if channel is None:
            raise PersonError(f"there is no channel {name!r}", status=404)
        if as_seen_by is not None and channel.kind is not ChannelKind.PUBLIC and as_seen_by.id not in channel.members:
            raise PersonError(f"{as_seen_by.name} cannot see {name!r}", status=404)
        return channel

    def message(self, channel: Channel) -> Message:
        """The message named in the body by its ts."""
        message = channel.messages.get(self.text("ts"))
        if message is None:
            raise PersonError(f"there is no message {self.text('ts')!r} in {channel.name}", status=404)
        return message

    def show(self, channel: Channel, message: Message) -> dict[str, Any]:
        """A message as the control API shows it."""
        wire = Wire(self.workspace, self.platform.files, self.platform.base_url())
        return {"channel": channel.id, "message": wire.message(channel, message)}


def workspace_named(platform: SlackPlatform, team: str | None) -> Workspace:
    """The workspace with that id or name; the first when None."""
    if not team:
        return platform.first
    for workspace in platform.workspaces.values():
        if team in (workspace.id, workspace.name):
            return workspace
    raise PersonError(f"there is no workspace {team!r}", status=404)
