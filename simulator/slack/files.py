"""The files of the simulated Slack: upload addresses, bytes, shares.

Used by the file methods, by `activity` (a person's attachments) and by the download handler. It knows nothing of
messages but the ts under which a file was shared.
Source: https://docs.slack.dev/messaging/working-with-files
"""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from simulator.slack.workspace import Channel, ChannelKind, Workspace

IMAGE_TYPES = frozenset({"png", "jpg", "jpeg", "gif"})
"""What a `slack_file` image block may show. https://docs.slack.dev/reference/block-kit/blocks/image-block"""


@dataclass(slots=True, kw_only=True)
class File:
    """One file; it exists for Slack once it is complete."""

    id: str
    team: str
    name: str
    title: str
    user: str
    length: int
    created: int
    upload_key: str
    content: bytes = b""
    is_uploaded: bool = False
    is_complete: bool = False
    alt_text: str | None = None
    shares: list[dict[str, Any]] = field(default_factory=list)
    """Where it was shown: channel id, kind, ts, thread_ts."""

    @property
    def filetype(self) -> str:
        """Slack's short type: the name's extension."""
        _, dot, extension = self.name.rpartition(".")
        return extension.lower() if dot else "text"

    @property
    def mimetype(self) -> str:
        """The media type guessed from the name."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def is_image(self) -> bool:
        """Whether an image block may show it."""
        return self.filetype in IMAGE_TYPES


class FileStore:
    """All files of all workspaces, in memory."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], File] = {}
        self._by_upload_key: dict[str, File] = {}

    def all_of(self, team: str) -> list[File]:
        """The complete files of a workspace."""
        return [file for (owner, _), file in self._files.items() if owner == team and file.is_complete]

    def find(self, team: str, file_id: str) -> File | None:
        """A file of that workspace, complete or not."""
        return self._files.get((team, file_id))

    def find_upload(self, upload_key: str) -> File | None:
        """The file that an upload address was given for."""
        return self._by_upload_key.get(upload_key)

    def put(self, file: File) -> None:
        """Add a file."""
        self._files[file.team, file.id] = file
        if file.upload_key:
            self._by_upload_key[file.upload_key] = file

    def expect(self, workspace: Workspace, *, name: str, length: int, alt_text: str | None) -> File:
        """A file announced by the app, whose bytes are to come."""
        file = File(
            id=workspace.next_id("F"),
            team=workspace.id,
            name=name,
            title=name,
            user=workspace.bot.id,
            length=length,
            created=workspace.now_s(),
            upload_key=secrets.token_urlsafe(24),
            alt_text=alt_text,
        )
        self.put(file)
        return file

    def attach(self, workspace: Workspace, *, user: str, name: str, content: bytes) -> File:
        """A file that a person attached to a message."""
        file = File(
            id=workspace.next_id("F"),
            team=workspace.id,
            name=name,
            title=name,
            user=user,
            length=len(content),
            created=workspace.now_s(),
            upload_key="",
            content=content,
            is_uploaded=True,
            is_complete=True,
        )
        self.put(file)
        return file

    def share(self, workspace: Workspace, file_id: str, channel: Channel, ts: str, thread_ts: str | None) -> None:
        """Remember that the message *ts* shows the file."""
        file = self._files[workspace.id, file_id]
        share = {"channel": channel.id, "kind": channel.kind, "name": channel.name, "ts": ts}
        file.shares.append(share | ({"thread_ts": thread_ts} if thread_ts else {}))

    def wire(self, workspace: Workspace, file_id: str, base_url: str, *, with_shares: bool = True) -> dict[str, Any]:
        """A file as `files.info` shows it."""
        file = self._files[workspace.id, file_id]
        address = f"{base_url}/slack/files-pri/{file.team}-{file.id}"
        body: dict[str, Any] = {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": file.mimetype,
            "filetype": file.filetype,
            "pretty_type": file.filetype.upper(),
            "user": file.user,
            "user_team": file.team,
            "editable": False,
            "size": len(file.content),
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": any(share["kind"] == ChannelKind.PUBLIC for share in file.shares),
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": f"{address}/{quote(file.name)}",
            "url_private_download": f"{address}/download/{quote(file.name)}",
            "permalink": f"{base_url}/files/{file.user}/{file.id}/{quote(file.name)}",
            "file_access": "visible",
        }
        if file.alt_text:
            body["alt_txt"] = file.alt_text
        return body | (_shares(file) if with_shares else {"shares": {}, "channels": [], "groups": [], "ims": []})


def _shares(file: File) -> dict[str, Any]:
    """`shares` and the lists of channels of `files.info`."""
    shares: dict[str, dict[str, list[dict[str, Any]]]] = {}
    lists: dict[str, list[str]] = {"channels": [], "groups": [], "ims": []}
    for share in file.shares:
        side = "public" if share["kind"] == ChannelKind.PUBLIC else "private"
        entry = {
            "ts": share["ts"],
            "channel_name": share["name"],
            "team_id": file.team,
            "share_user_id": file.user,
            "reply_users": [],
            "reply_users_count": 0,
            "reply_count": 0,
        }
        if "thread_ts" in share:
            entry["thread_ts"] = share["thread_ts"]
        shares.setdefault(side, {}).setdefault(share["channel"], []).append(entry)
        listed = {ChannelKind.PUBLIC: "channels", ChannelKind.PRIVATE: "groups", ChannelKind.IM: "ims"}
        names = lists[listed[ChannelKind(share["kind"])]]
        if share["channel"] not in names:
            names.append(share["channel"])
    return {"shares": shares, **lists}
