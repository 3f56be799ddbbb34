"""Files that people send: fetched from Discord and kept before the request that they come with.

Called by `handlers` and `pressed`. Trusts the addresses, which are Discord's own; never the sizes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bots.discord import limits, replies
from bots.discord.calls import Rest
from core.domain.commands import StartSession
from core.domain.refs import FileRef, WorkspaceId
from core.errors import MusterError, UserError
from core.service.front_desk import FrontDesk

_AT_ONCE = 4  # requests whose files are on their way
_UNKNOWN_MIME = "application/octet-stream"


class Files:
    """Brings attachments into Muster."""

    def __init__(self, rest: Rest, desk: FrontDesk) -> None:
        self._rest = rest
        self._desk = desk
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def with_files(
        self, start: StartSession, attachments: Sequence[Mapping[str, Any]], *, within_s: float
    ) -> StartSession:
        """*start* with its attachments, fetched and kept; files of one name get numbers.

        Raises:
            UserError: it would be refused anyway; or a file is too large, or cannot be fetched in *within_s* seconds.
            TransientError: they could not be kept.
        """
        if not attachments:
            return start
        self._desk.check(start)  # nobody's bytes are fetched for a request that comes to nothing
        wanted = attachments[: limits.FILES_TAKEN]
        for attachment in wanted:
            if int(attachment.get("size", 0)) > limits.FILE_BYTES:
                raise UserError(replies.file_too_large(_name(attachment), limits.FILE_BYTES))
        try:
            async with asyncio.timeout(within_s), self._turns:
                return replace(start, files=await self._kept(start.place.workspace, wanted))
        except TimeoutError:
            raise UserError(replies.FILE_NOT_FETCHED) from None

    async def _kept(self, workspace: WorkspaceId, wanted: Sequence[Mapping[str, Any]]) -> tuple[FileRef, ...]:
        """One after the other, so that a message never holds more than one file in memory."""
        kept: list[FileRef] = []
        for attachment in wanted:
            content = await self._fetched(str(attachment["url"]))
            if len(content) > limits.FILE_BYTES:
                raise UserError(replies.file_too_large(_name(attachment), limits.FILE_BYTES))
            mime = str(attachment.get("content_type") or _UNKNOWN_MIME).split(";", 1)[0].strip()
            name = _unlike(_name(attachment), {file.name for file in kept})
            kept.append(await self._desk.keep(workspace, name=name, content=content, mime=mime))
        return tuple(kept)

    async def _fetched(self, url: str) -> bytes:
        try:
            return await self._rest.fetch(url)
        except MusterError:
            raise UserError(replies.FILE_NOT_FETCHED) from None


def _name(attachment: Mapping[str, Any]) -> str:
    return str(attachment.get("filename") or "file")


def _unlike(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem else (name, "")
    numbered, n = name, 1
    while numbered in taken:
        n += 1
        numbered = f"{stem}-{n}{suffix}"
    return numbered
