"""Files that people send: brought in before the request that they come with.

Called by `handlers` and `pressed`. Fetches nobody's files for what is refused anyway.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from bots.attachments import Attached, Attachments
from bots.discord.cdn import Cdn
from core.domain.commands import PostReply, StartSession
from core.service.front_desk import FrontDesk

_UNKNOWN_MIME = "application/octet-stream"

Request = TypeVar("Request", bound=StartSession | PostReply)


class Files:
    """Brings attachments into Muster."""

    def __init__(self, desk: FrontDesk, cdn: Cdn) -> None:
        self._desk = desk
        defaults = desk.defaults
        self._attachments = Attachments(
            fetch=cdn.fetch, keep=desk.keep, most_bytes=defaults.max_file_bytes, most_files=defaults.max_files
        )

    async def with_files(
        self, wanted: Request, attachments: Sequence[Mapping[str, Any]], *, within_s: float
    ) -> tuple[Request, str]:
        """*wanted* with its attachments, fetched and kept; and sentences about those that are left out.

        Args:
            attachments: as Discord describes them.
            within_s: what is not there by then is left out.

        Raises:
            UserError: it would be refused anyway.
            TransientError: they could not be kept.
        """
        if not attachments or wanted.restricted:
            return wanted, ""
        if isinstance(wanted, StartSession):
            self._desk.check(wanted)
        kept = await self._attachments.kept(
            wanted.place.workspace, [attached(each) for each in attachments], within_s=within_s
        )
        return replace(wanted, files=kept.files), kept.left_out


def attached(attachment: Mapping[str, Any]) -> Attached:
    """An attachment as Discord describes it.

    Source: https://docs.discord.com/developers/resources/message#attachment-object
    """
    size = attachment.get("size")
    return Attached(
        name=str(attachment.get("filename") or "file"),
        mime=str(attachment.get("content_type") or _UNKNOWN_MIME).split(";", 1)[0].strip(),
        size_bytes=int(size) if size is not None else None,
        source=str(attachment.get("url") or ""),
    )
