"""Keeps the simulated Slack in a folder, so that its conversations outlive the process, however it ends.

Used by the server when it is given a folder. `slack.jsonl` holds one line a thing, `[key, value]`; a later line of the
same key takes the place of an earlier one, so what happens costs one appended line and a line cut short costs one
change. A file's bytes lie beside it. What lives for seconds (modals, triggers, connections) is not kept, and neither
is the truth log but for its last id.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, TextIO

import structlog

from simulator.slack.files import File
from simulator.slack.platform import SlackPlatform
from simulator.slack.workspace import Channel, ChannelKind, Ephemeral, Message, User
from simulator.truth import TruthEntry

FORMAT = 2
WRITE_AFTER_S = 0.05
"""What a killed simulator may forget; what happens in it is written together."""
REWRITE_CHARS = 64_000_000
"""After so many appended characters the file is written anew, without what was replaced."""

Key = tuple[str, ...]
_log = structlog.get_logger(__name__)
_FORMAT_KEY: Key = ("format",)
_NOW_KEY: Key = ("now",)


class StateFolder:
    """One folder with the state of one simulated Slack."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "slack.jsonl"
        self._out: TextIO | None = None
        self._appended_chars = 0
        self._has_gap = False
        """Something could not be written, so that the next write must be of everything."""
        self._seen = 0
        self._small: dict[Key, str] = {}
        """Lines of people and channels as last written; these are compared, all else is told by the truth log."""
        self._files: set[str] = set()
        """Names of the files whose bytes are written."""

    def load(self, platform: SlackPlatform) -> bool:
        """Put *platform* into the kept state; False when there is none yet.

        Raises:
            ValueError: the folder was written by another version.
        """
        if not self._path.exists():
            return False
        kept = dict(_read(self._path))
        if (found := kept.get(_FORMAT_KEY)) != FORMAT:
            raise ValueError(f"{self._path} has format {found}, this version reads {FORMAT}")
        _restore(platform, kept)
        for key, value in kept.items():
            if key[0] == "file" and value is not None:
                self._restore_file(platform, value)
        platform.truth.continue_after(kept[_NOW_KEY]["truth_id"])
        return True

    async def follow(self, platform: SlackPlatform) -> None:
        """Write what happens soon after it did, until cancelled or until the truth log ends."""
        self.rewrite(platform)
        async for entry in platform.truth.follow(self._seen):
            if entry.id <= self._seen:
                continue
            await asyncio.sleep(WRITE_AFTER_S)
            try:
                self._write(platform)
            except OSError as error:
                self._has_gap = True
                _log.warning("simulator.not_kept", folder=str(self._folder), reason=str(error))

    def close(self, platform: SlackPlatform) -> None:
        """Write the last state, in as little as it takes."""
        self.rewrite(platform)
        if self._out is not None:
            self._out.close()
            self._out = None

    def rewrite(self, platform: SlackPlatform) -> None:
        """Write everything anew, so that a reader of the folder finds the old or the new state."""
        (self._folder / "files").mkdir(parents=True, exist_ok=True)
        self._seen = platform.truth.last_id
        self._small.clear()
        part = self._path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as out:
            out.write(_line(_FORMAT_KEY, FORMAT))
            out.write(_line(_NOW_KEY, _now(platform)))
            out.writelines(self._changed_small(platform))
            out.writelines(self._file_lines(platform, shown=None))
            out.writelines(_line(key, _value(platform, key)) for key in _large_keys(platform))
        part.replace(self._path)
        if self._out is not None:
            self._out.close()
        self._out = self._path.open("a", encoding="utf-8")
        self._appended_chars = 0
        self._has_gap = False

    def _write(self, platform: SlackPlatform) -> None:
        """Write what has changed since the last time, or everything when it is time for that."""
        if self._out is None or self._has_gap or self._appended_chars > REWRITE_CHARS:
            self.rewrite(platform)
            return
        entries = platform.truth.since(self._seen)
        self._seen = platform.truth.last_id
        changed = dict.fromkeys(key for entry in entries for key in _changed_keys(entry))
        lines = [
            _line(_NOW_KEY, _now(platform)),
            *self._changed_small(platform),
            *self._file_lines(platform, shown={file for entry in entries for file in _shown_files(entry)}),
            *(_line(key, _value(platform, key)) for key in changed),
        ]
        self._out.writelines(lines)
        self._out.flush()
        self._appended_chars += sum(map(len, lines))

    def _changed_small(self, platform: SlackPlatform) -> Iterator[str]:
        for key in _small_keys(platform):
            line = _line(key, _value(platform, key))
            if self._small.get(key) != line:
                self._small[key] = line
                yield line

    def _file_lines(self, platform: SlackPlatform, *, shown: set[str] | None) -> Iterator[str]:
        """Lines of the files that are new or among *shown*; of all when None. A new file's bytes are written first."""
        for team in platform.workspaces:
            for file in platform.files.all_of(team):
                name = f"{file.team}-{file.id}"
                is_new = name not in self._files
                if is_new:
                    self._write_bytes(name, file.content)
                if is_new or shown is None or file.id in shown:
                    yield _line(("file", team, file.id), _file_state(file))

    def _write_bytes(self, name: str, content: bytes) -> None:
        part = self._folder / "files" / f"{name}.part"
        part.write_bytes(content)
        part.replace(part.with_suffix(""))
        self._files.add(name)

    def _restore_file(self, platform: SlackPlatform, state: dict[str, Any]) -> None:
        name = f"{state['team']}-{state['id']}"
        content = (self._folder / "files" / name).read_bytes()
        self._files.add(name)
        platform.files.put(File(**state, content=content, is_uploaded=True, is_complete=True))


# -- keys and values ------------------------------------------------------------------------------------------------


def _small_keys(platform: SlackPlatform) -> Iterator[Key]:
    """What there is little of."""
    for team, workspace in platform.workspaces.items():
        yield ("workspace", team)
        yield from (("user", team, user) for user in workspace.users)
        yield from (("channel", team, channel) for channel in workspace.channels)


def _large_keys(platform: SlackPlatform) -> Iterator[Key]:
    """What there may be much of."""
    for team, workspace in platform.workspaces.items():
        for channel in workspace.channels.values():
            yield from (("message", team, channel.id, ts) for ts in channel.messages)
        yield from (("ephemeral", team, shown.ts) for shown in workspace.ephemerals)


def _changed_keys(entry: TruthEntry) -> Iterator[Key]:
    """What an entry of the truth log says has changed."""
    subject, data = entry.kind.partition(".")[0], entry.data
    if subject in ("message", "reaction", "ephemeral"):
        ts = data.get("ts") or data["message"]["ts"]
        place = () if subject == "ephemeral" else (data["channel"],)
        yield ("ephemeral" if subject == "ephemeral" else "message", entry.team, *place, ts)


def _shown_files(entry: TruthEntry) -> list[str]:
    """Ids of the files that a posted message shows."""
    if entry.kind != "message.posted":
        return []
    return [file["id"] for file in entry.data["message"].get("files", ())]


def _value(platform: SlackPlatform, key: Key) -> dict[str, Any] | None:
    """What is kept under *key*; None when it is gone."""
    kind, team, *rest = key
    workspace = platform.workspaces[team]
    match kind:
        case "workspace":
            return {"name": workspace.name, "token_error": workspace.token_error}
        case "user":
            return _state(workspace.users[rest[0]])
        case "channel":
            channel = workspace.channels[rest[0]]
            return _state(channel, without=("messages", "replies")) | {"members": sorted(channel.members)}
        case "message":
            message = workspace.channels[rest[0]].messages.get(rest[1])
            return None if message is None else _state(message)
        case _:
            shown = next((each for each in reversed(workspace.ephemerals) if each.ts == rest[0]), None)
            return None if shown is None else _state(shown)


def _state(thing: User | Channel | Message | Ephemeral | File, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of *thing*; `asdict` would copy every block of every message."""
    return {field.name: getattr(thing, field.name) for field in fields(thing) if field.name not in without}


def _file_state(file: File) -> dict[str, Any]:
    return _state(file, without=("content", "is_uploaded", "is_complete"))


def _now(platform: SlackPlatform) -> dict[str, Any]:
    """From where ids and timestamps go on."""
    counters = {team: workspace.counters() for team, workspace in platform.workspaces.items()}
    return {"truth_id": platform.truth.last_id, "counters": counters}


# -- lines ----------------------------------------------------------------------------------------------------------


def _line(key: Key, value: Any) -> str:
    return json.dumps([key, value], ensure_ascii=False, separators=(",", ":")) + "\n"


def _read(path: Path) -> Iterator[tuple[Key, Any]]:
    """The lines of the file; the last one is left out if it was cut short."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.endswith("\n"):
                key, value = json.loads(line)
                yield tuple(key), value


def _restore(platform: SlackPlatform, kept: dict[Key, Any]) -> None:
    """Everything but the files."""
    platform.workspaces.clear()
    for key, value in kept.items():
        if value is None or key[0] in ("format", "now", "file"):
            continue
        kind, team, *rest = key
        if kind == "workspace":
            _restore_workspace(platform, value, kept[_NOW_KEY]["counters"][team])
            continue
        workspace = platform.workspaces[team]
        match kind:
            case "user":
                workspace.users[rest[0]] = User(**value)
            case "channel":
                members = {"kind": ChannelKind(value["kind"]), "members": set(value["members"])}
                workspace.channels[rest[0]] = Channel(**value | members)
            case "message":
                _restore_message(workspace.channels[rest[0]], Message(**value))
            case "ephemeral":
                workspace.ephemerals.append(Ephemeral(**value))
    for workspace in platform.workspaces.values():
        workspace.bot = next(user for user in workspace.users.values() if user.is_bot)


def _restore_workspace(platform: SlackPlatform, value: dict[str, Any], counters: dict[str, int]) -> None:
    workspace = platform.add_workspace(value["name"])
    workspace.token_error = value["token_error"]
    workspace.continue_from(counters)
    workspace.users.clear()
    workspace.channels.clear()


def _restore_message(channel: Channel, message: Message) -> None:
    channel.messages[message.ts] = message
    if message.thread_ts is not None:
        channel.replies.setdefault(message.thread_ts, []).append(message.ts)
