"""Names of things: ids, places and people, in the one form that all layers share.

Used everywhere. Identity is always (platform, workspace, platform's own id), never a display name.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Self

WorkspaceId = NewType("WorkspaceId", str)
"""`<platform>:<tenant>`, e.g. `slack:T0123`."""
SessionId = NewType("SessionId", str)
ThreadId = NewType("ThreadId", str)
"""Muster's own id of a thread: it exists before the platform has given the root message an id."""
QuestionId = NewType("QuestionId", str)
ProcessId = NewType("ProcessId", str)
UserId = NewType("UserId", str)
"""The platform's immutable id of a person."""
ChannelId = NewType("ChannelId", str)
MessageId = NewType("MessageId", str)
"""The platform's id of a message. Ids of one channel sort as text in the order of the messages."""
BlobHash = NewType("BlobHash", str)
"""Hex SHA-256 of the bytes."""


class Platform(StrEnum):
    """Where people talk to Muster."""

    SLACK = "slack"
    DISCORD = "discord"
    LOCAL = "local"


def workspace_id(platform: Platform, tenant: str) -> WorkspaceId:
    """The workspace's id for a platform's own tenant id."""
    return WorkspaceId(f"{platform}:{tenant}")


def new_id() -> str:
    """A fresh opaque id: 16 hexadecimal digits, unguessable."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was said: a channel, and the thread in it when there is one."""

    workspace: WorkspaceId
    channel: ChannelId
    root: MessageId | None = None  # the message that the thread hangs under

    def encode(self) -> str:
        """`<platform>:<tenant>/<channel>[/<root>]`; `parse` reads it back."""
        tail = f"/{self.root}" if self.root else ""
        return f"{self.workspace}/{self.channel}{tail}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `encode`'s form.

        Raises:
            ValueError: the text has no workspace or no channel.
        """
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts) or ":" not in parts[0]:
            raise ValueError(f"not a place: {text!r}")
        return cls(
            workspace=WorkspaceId(parts[0]),
            channel=ChannelId(parts[1]),
            root=MessageId(parts[2]) if len(parts) == 3 else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on a platform."""

    id: UserId
    name: str  # for reading only, never for deciding


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A session's file: its bytes are in `blobs`."""

    name: str  # relative path in the workspace, with /
    blob: BlobHash
    size_bytes: int
    mime: str
