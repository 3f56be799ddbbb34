"""Files that people send: fetched from Discord and kept before the request that they come with.

Called by `handlers` and `pressed`. Trusts the addresses, which are Discord's own; never the sizes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bots.discord import limits, replies
from bots.discord.calls import Rest
from core.domain.refs import FileRef, WorkspaceId
from core.errors import MusterError, UserError
from core.service.front_desk import FrontDesk

_UNKNOWN_MIME = "application/octet-stream"


class Files:
    """Brings attachments into Muster."""

    def __init__(self, rest: Rest, desk: FrontDesk) -> None:
        self._rest = rest
        self._desk = desk

    async def keep(
        self, workspace: WorkspaceId, attachments: Sequence[Mapping[str, Any]], *, within_s: float
    ) -> tuple[FileRef, ...]:
        """Fetch and keep *attachments*; files of one name get numbers.

        Raises:
            UserError: one is too large, or cannot be fetched in *within_s* seconds.
            TransientError: they could not be kept.
        """
        if not attachments:
            return ()
        wanted = attachments[: limits.FILES_TAKEN]
        for attachment in wanted:
            if int(attachment.get("size", 0)) > limits.FILE_BYTES:
                raise UserError(replies.file_too_large(_name(attachment), limits.FILE_BYTES))
        try:
            async with asyncio.timeout(within_s):
                contents = await asyncio.gather(*(self._rest.fetch(str(a["url"])) for a in wanted))
        except (MusterError, TimeoutError):
            raise UserError(replies.FILE_NOT_FETCHED) from None
        kept: list[FileRef] = []
        for attachment, content in zip(wanted, contents, strict=True):
            if len(content) > limits.FILE_BYTES:
                raise UserError(replies.file_too_large(_name(attachment), limits.FILE_BYTES))
            mime = str(attachment.get("content_type") or _UNKNOWN_MIME).split(";", 1)[0].strip()
            name = _unlike(_name(attachment), {file.name for file in kept})
            kept.append(await self._desk.keep(workspace, name=name, content=content, mime=mime))
        return tuple(kept)


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
