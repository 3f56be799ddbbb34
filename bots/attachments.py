"""Files that come with what people say: fetched from the platform and kept, before the request that they come with.

Each platform gives the way to fetch one file; how many, how large, under which names, and what people are told of those
that the team does not get is the same for all. Never acknowledges anything, and never shows an address to anybody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from core.domain.refs import FileRef, WorkspaceId
from core.errors import PermanentError, TransientError, UserError
from core.ports import Answer, Notify
from core.service.outbound import safe_file_name

log = structlog.get_logger(__name__)

_AT_ONCE = 4  # messages whose files are on their way; each has one file in memory at a time
_TRIES = 3
_NAMED = 5  # of the files that are too many


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file of a message, as the platform names it."""

    name: str
    mime: str
    size_bytes: int | None  # as the platform says; None when it does not
    source: str  # where to fetch it, in the platform's own way


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of a message's files."""

    files: tuple[FileRef, ...] = ()
    left_out: str = ""  # sentences for the person about those that the team does not get


class TooLarge(Exception):
    """What is fetched has more bytes than were to be read."""


Fetch = Callable[[Attached, int], Awaitable[bytes]]
"""The bytes of a file, as many as given at most.

Raises `TooLarge`, or `TransientError` or `PermanentError` when they cannot be had.
"""


LookUp = Callable[[Attached], Awaitable[Attached]]
"""The file with all that the platform knows of it, where its message says less; raises what `Fetch` raises."""


class Keep(Protocol):
    """`FrontDesk.keep`."""

    async def __call__(self, workspace: WorkspaceId, *, name: str, content: bytes, mime: str) -> FileRef: ...


class Attachments:
    """Brings people's files into Muster."""

    def __init__(
        self, *, fetch: Fetch, keep: Keep, most_bytes: int, most_files: int, look_up: LookUp | None = None
    ) -> None:
        """
        Args:
            most_bytes: of one file.
            most_files: of one message.
        """
        self._fetch = fetch
        self._keep = keep
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._look_up = look_up
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def kept(self, workspace: WorkspaceId, wanted: Sequence[Attached], *, within_s: float) -> Kept:
        """Fetch and keep *wanted*, one after the other; files of one name get numbers.

        Args:
            within_s: what is not there by then is left out.

        Raises:
            TransientError: they could not be kept, so the request that they came with must not be taken either.
        """
        if not wanted:
            return Kept()
        files: list[FileRef] = []
        left_out = [_too_many(wanted[self._most_files :], self._most_files)] if len(wanted) > self._most_files else []
        async with self._turns:
            deadline = asyncio.get_running_loop().time() + within_s
            for named in wanted[: self._most_files]:
                attached, content = await self._content(named, deadline)
                if isinstance(content, str):
                    left_out.append(content)
                    continue
                try:
                    file = await self._keep(workspace, name=attached.name, content=content, mime=attached.mime)
                except UserError as error:
                    left_out.append(f"{_shown(attached)}: {error}")
                    continue
                files.append(replace(file, name=_unlike(file.name, {each.name for each in files})))
        return Kept(files=tuple(files), left_out="\n".join(left_out))

    async def _content(self, attached: Attached, deadline: float) -> tuple[Attached, bytes | str]:
        """The file as it is known by then, and its bytes, or why the team does not get them."""
        try:
            async with asyncio.timeout_at(deadline):
                if self._look_up is not None:
                    attached = await self._look_up(attached)
                if (attached.size_bytes or 0) > self._most_bytes:
                    raise TooLarge
                return attached, await self._fetched(attached)
        except TooLarge:
            return attached, self._too_large(attached)
        except (TransientError, PermanentError, TimeoutError) as error:
            log.warning("attachments.not_fetched", error=str(error) or type(error).__name__)
            why = f"{_shown(attached)} could not be fetched, so the team does not get it. Please send it again."
            return attached, why

    async def _fetched(self, attached: Attached) -> bytes:
        for _ in range(_TRIES - 1):
            try:
                return await self._fetch(attached, self._most_bytes)
            except TransientError as error:
                await asyncio.sleep(error.retry_after_s)
        return await self._fetch(attached, self._most_bytes)

    def _too_large(self, attached: Attached) -> str:
        return (
            f"{_shown(attached)} is larger than {_size(self._most_bytes)}, so the team does not get it. "
            "Send a smaller file, or put the part that matters into your words."
        )


def also_told(notify: Notify, left_out: str) -> tuple[Notify, Answer | None]:
    """What to hand to `Attendant.take` so that the person is told of *left_out* once, beside the answer or alone."""
    if not left_out:
        return notify, None
    alone = Answer(text=left_out)

    async def told(answer: Answer) -> None:
        await notify(answer if answer is alone else replace(answer, text=f"{answer.text}\n\n{left_out}"))

    return told, alone


def _too_many(others: Sequence[Attached], most_files: int) -> str:
    named = ", ".join(map(_shown, others[:_NAMED]))
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f"I take {most_files} files with one message, so the team does not get {named}{more}. Send them in a reply."


def _shown(attached: Attached) -> str:
    return f"`{safe_file_name(attached.name)}`"


def _size(size_bytes: int) -> str:
    mib = size_bytes / (1024 * 1024)
    return f"{mib:.0f} MB" if mib >= 1 else f"{size_bytes:,} bytes"


def _unlike(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem else (name, "")
    numbered, n = name, 1
    while numbered in taken:
        n += 1
        numbered = f"{stem}-{n}{suffix}"
    return numbered
