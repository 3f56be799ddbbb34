"""Keeps the simulated Slack in a folder, so that its conversations outlive the process.

Used by the server when it is given a folder. It writes `slack.json` as a whole and each file's bytes once; what lives
for seconds (modals, triggers, connections) is not kept, and neither is the truth log but for its last id.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulator.slack.files import File
from simulator.slack.platform import SlackPlatform
from simulator.slack.workspace import Channel, ChannelKind, Ephemeral, Message, User, Workspace

FORMAT = 1


class StateFolder:
    """One folder with the state of one simulated Slack."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[str] = set()

    def load(self, platform: SlackPlatform) -> bool:
        """Put *platform* into the kept state; False when there is none yet.

        Raises:
            ValueError: the folder was written by another version.
        """
        path = self._folder / "slack.json"
        if not path.exists():
            return False
        kept = json.loads(path.read_text())
        if kept["format"] != FORMAT:
            raise ValueError(f"{path} has format {kept['format']}, this version reads {FORMAT}")
        platform.workspaces.clear()
        for state in kept["workspaces"]:
            _restore_workspace(platform, state)
        for fields in kept["files"]:
            name = f"{fields['team']}-{fields['id']}"
            content = (self._folder / "files" / name).read_bytes()
            self._written.add(name)
            platform.files.put(File(**fields, content=content, is_uploaded=True, is_complete=True))
        platform.truth.continue_after(kept["truth_id"])
        return True

    def save(self, platform: SlackPlatform) -> None:
        """Write the state of *platform*, so that a reader of the folder finds the old or the new one."""
        (self._folder / "files").mkdir(parents=True, exist_ok=True)
        files = [file for team in platform.workspaces for file in platform.files.all_of(team)]
        for file in files:
            self._write_content(file)
        kept = {
            "format": FORMAT,
            "truth_id": platform.truth.last_id,
            "workspaces": [_workspace_state(workspace) for workspace in platform.workspaces.values()],
            "files": [_file_state(file) for file in files],
        }
        part = self._folder / "slack.json.part"
        part.write_text(json.dumps(kept))
        part.replace(self._folder / "slack.json")

    def _write_content(self, file: File) -> None:
        name = f"{file.team}-{file.id}"
        if name not in self._written:
            (self._folder / "files" / name).write_bytes(file.content)
            self._written.add(name)


def _file_state(file: File) -> dict[str, Any]:
    state = asdict(file)
    for made_again in ("content", "is_uploaded", "is_complete"):
        del state[made_again]
    return state


def _workspace_state(workspace: Workspace) -> dict[str, Any]:
    return {
        "name": workspace.name,
        "token_error": workspace.token_error,
        "counters": workspace.counters(),
        "users": [asdict(user) for user in workspace.users.values()],
        "channels": [
            {**asdict(channel), "members": sorted(channel.members)} for channel in workspace.channels.values()
        ],
        "ephemerals": [asdict(shown) for shown in workspace.ephemerals],
    }


def _restore_workspace(platform: SlackPlatform, state: dict[str, Any]) -> None:
    workspace = platform.add_workspace(state["name"])
    workspace.token_error = state["token_error"]
    workspace.continue_from(state["counters"])
    workspace.users.clear()
    for fields in state["users"]:
        user = User(**fields)
        workspace.users[user.id] = user
    workspace.channels.clear()
    for fields in state["channels"]:
        channel = Channel(
            **{
                **fields,
                "kind": ChannelKind(fields["kind"]),
                "members": set(fields["members"]),
                "messages": {ts: Message(**message) for ts, message in fields["messages"].items()},
            }
        )
        workspace.channels[channel.id] = channel
    workspace.ephemerals = [Ephemeral(**fields) for fields in state["ephemerals"]]
    workspace.bot = next(user for user in workspace.users.values() if user.is_bot)
