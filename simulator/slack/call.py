"""One call of a Web API method: its arguments, who calls, and the checks that many methods share.

Made by `web_api`, taken by every method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.slack.arguments import Arguments
from simulator.slack.errors import ApiError
from simulator.slack.wire import Wire
from simulator.slack.workspace import Channel, ChannelKind, Workspace

if TYPE_CHECKING:
    from simulator.slack.platform import SlackPlatform


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a method gets to see."""

    platform: SlackPlatform
    workspace: Workspace
    args: Arguments
    base_url: str
    """Where the caller reached us, for addresses in the answer."""

    def wire(self) -> Wire:
        """Renders this workspace's things."""
        return Wire(self.workspace, self.platform.files, self.base_url)

    def visible_channel(self, channel_id: str) -> Channel:
        """A channel that the app may know of: a public one, or one that its bot is in.

        Raises:
            ApiError: `channel_not_found`.
        """
        channel = self.workspace.channels.get(channel_id)
        if channel is None:
            raise ApiError("channel_not_found")
        if channel.kind is not ChannelKind.PUBLIC and not self.workspace.bot_is_in(channel):
            raise ApiError("channel_not_found")
        return channel

    def member_channel(self, channel_id: str) -> Channel:
        """A channel that the bot is in.

        Raises:
            ApiError: `channel_not_found`, `not_in_channel`.
        """
        channel = self.visible_channel(channel_id)
        if not self.workspace.bot_is_in(channel):
            raise ApiError("not_in_channel")
        return channel

    def posting_channel(self, name: str) -> Channel:
        """Where to post, given as a channel's id or name, or as a user's id for the direct messages with them.

        Raises:
            ApiError: `channel_not_found`, `not_in_channel`, `is_archived`.
        """
        if name in self.workspace.users:
            return self.platform.activity.open_im(self.workspace, name)
        found = self.workspace.find_channel(name)
        if found is None:
            raise ApiError("channel_not_found")
        channel = self.member_channel(found.id)
        if channel.is_archived:
            raise ApiError("is_archived")
        return channel

    def may_show(self, file_id: str) -> bool:
        """Whether an image block may show that file."""
        file = self.platform.files.find(self.workspace.id, file_id)
        return file is not None and file.is_complete and file.is_image


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the Web API."""

    run: Callable[[Call], dict[str, Any]]
    """Returns the answer without `ok`; raises `ApiError`."""
    accepts_json: bool = True
    """False for methods that read a query or form only."""
    wants_app_token: bool = False
    """True for `apps.*`, which take the app-level token."""
