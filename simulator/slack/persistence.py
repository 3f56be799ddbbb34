"""What of the simulated Slack is kept from one start to the next.

Used by the server, which writes it through a `Journal`. What lives for seconds (modals, triggers, connections) is not
kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from simulator.journal import NOW_KEY, Key
from simulator.slack.files import File
from simulator.slack.platform import SlackPlatform
from simulator.slack.workspace import Channel, ChannelKind, Ephemeral, Message, User, UserGroup
from simulator.truth import TruthEntry


class SlackState:
    """The simulated Slack as keys and values."""

    name = "slack"
    format = 2

    def __init__(self, platform: SlackPlatform) -> None:
        self._platform = platform
        self.truth = platform.truth

    def now(self) -> dict[str, Any]:
        """From where ids and timestamps go on."""
        return {"counters": {team: workspace.counters() for team, workspace in self._platform.workspaces.items()}}

    def small_keys(self) -> Iterator[Key]:
        """Workspaces, people, user groups, channels."""
        for team, workspace in self._platform.workspaces.items():
            yield ("workspace", team)
            yield from (("user", team, user) for user in workspace.users)
            yield from (("usergroup", team, group) for group in workspace.groups)
            yield from (("channel", team, channel) for channel in workspace.channels)

    def large_keys(self) -> Iterator[Key]:
        """Messages of both kinds."""
        for team, workspace in self._platform.workspaces.items():
            for channel in workspace.channels.values():
                yield from (("message", team, channel.id, ts) for ts in channel.messages)
            yield from (("ephemeral", team, shown.ts) for shown in workspace.ephemerals)

    def changed_keys(self, entry: TruthEntry) -> Iterator[Key]:
        """The message that an entry is about, and the files that it shows."""
        subject, data = entry.kind.partition(".")[0], entry.data
        if subject in ("message", "reaction", "ephemeral"):
            ts = data.get("ts") or data["message"]["ts"]
            place = () if subject == "ephemeral" else (data["channel"],)
            yield ("ephemeral" if subject == "ephemeral" else "message", entry.team, *place, ts)
        if entry.kind == "message.posted":
            yield from (("file", entry.team, file["id"]) for file in data["message"].get("files", ()))

    def value(self, key: Key) -> dict[str, Any] | None:
        """What is kept under *key*; None when it is gone."""
        kind, team, *rest = key
        workspace = self._platform.workspaces[team]
        match kind:
            case "workspace":
                return {"name": workspace.name, "token_error": workspace.token_error}
            case "user":
                return _state(workspace.users[rest[0]])
            case "usergroup":
                return _state(workspace.groups[rest[0]])
            case "channel":
                channel = workspace.channels[rest[0]]
                return _state(channel, without=("messages", "replies")) | {"members": sorted(channel.members)}
            case "message":
                message = workspace.channels[rest[0]].messages.get(rest[1])
                return None if message is None else _state(message)
            case "file":
                file = self._platform.files.find(team, rest[0])
                return None if file is None else _state(file, without=("content", "is_uploaded", "is_complete"))
            case _:
                shown = next((each for each in reversed(workspace.ephemerals) if each.ts == rest[0]), None)
                return None if shown is None else _state(shown)

    def files(self) -> Iterator[tuple[Key, str, bytes]]:
        """All files with their bytes."""
        for team in self._platform.workspaces:
            for file in self._platform.files.all_of(team):
                yield ("file", team, file.id), f"{file.team}-{file.id}", file.content

    def restore(self, kept: dict[Key, Any], read: Callable[[str], bytes]) -> None:
        """Put the platform into the kept state."""
        self._platform.workspaces.clear()
        for key, value in kept.items():
            if value is None or key[0] in ("format", "now"):
                continue
            if key[0] == "workspace":
                self._restore_workspace(value, kept[NOW_KEY]["counters"][key[1]])
            elif key[0] == "file":
                content = read(f"{value['team']}-{value['id']}")
                self._platform.files.put(File(**value, content=content, is_uploaded=True, is_complete=True))
            else:
                self._restore_inside(key, value)
        for workspace in self._platform.workspaces.values():
            workspace.bot = next(user for user in workspace.users.values() if user.is_bot)

    def _restore_workspace(self, value: dict[str, Any], counters: dict[str, int]) -> None:
        workspace = self._platform.add_workspace(value["name"])
        workspace.token_error = value["token_error"]
        workspace.continue_from(counters)
        workspace.users.clear()
        workspace.groups.clear()
        workspace.channels.clear()

    def _restore_inside(self, key: Key, value: dict[str, Any]) -> None:
        kind, team, *rest = key
        workspace = self._platform.workspaces[team]
        match kind:
            case "user":
                workspace.users[rest[0]] = User(**value)
            case "usergroup":
                workspace.groups[rest[0]] = UserGroup(**value)
            case "channel":
                members = {"kind": ChannelKind(value["kind"]), "members": set(value["members"])}
                workspace.channels[rest[0]] = Channel(**value | members)
            case "message":
                _restore_message(workspace.channels[rest[0]], Message(**value))
            case "ephemeral":
                workspace.ephemerals.append(Ephemeral(**value))


def _state(
    thing: User | UserGroup | Channel | Message | Ephemeral | File, *, without: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The fields of *thing*; `asdict` would copy every block of every message."""
    return {field.name: getattr(thing, field.name) for field in fields(thing) if field.name not in without}


def _restore_message(channel: Channel, message: Message) -> None:
    channel.messages[message.ts] = message
    if message.thread_ts is not None:
        channel.replies.setdefault(message.thread_ts, []).append(message.ts)
