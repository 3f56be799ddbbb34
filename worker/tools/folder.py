"""A session's working folder: a cache that is made from the session's artifacts and thrown away afterwards.

One is made by the runner for each session that it holds; the tools work in it, one at a time. It never follows a link,
and it believes no name.
"""

import asyncio
import mimetypes
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import structlog

from core.domain.refs import FileRef, SessionId
from worker.sandbox.job import ChangedFile, SandboxLimits
from worker.sandbox.workspace import Scan, read_file, remove, scan, write_file

log = structlog.get_logger(__name__)

MOST_FILE_BYTES = 16 * 1024 * 1024
MOST_FILES = 20  # kept of one run
NAME_CHARS = 200
NAME_PARTS = 16

Stored = Callable[[FileRef], Awaitable[bytes | None]]
Listed = Callable[[], Awaitable[Sequence[FileRef]]]


class FileRefused(Exception):
    """A file that cannot be had or made; the message is a sentence for the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """A file that a tool made or changed, with its content."""

    name: str  # relative to the folder, parts joined by /
    content: bytes
    mime: str


class Folder:
    """The working folder of one session on this machine."""

    def __init__(
        self,
        root: Path,
        session: SessionId,
        epoch: int,
        listed: Listed,
        stored: Stored,
        limits: SandboxLimits | None = None,
    ) -> None:
        """Touches nothing yet.

        Args:
            root: the folder of all sessions' folders.
            epoch: of the claim, so that a process that lost the session never shares a folder with the next.
            listed: gives the session's files; of two with one name the later counts.
            stored: gives a file's content, or None when it is gone.
            limits: how much may lie in it.
        """
        self._path = root / f"{session}.{epoch}"
        self._of_other_epochs = f"{session}.*"
        self._listed = listed
        self._stored = stored
        self._limits = limits or SandboxLimits()
        self._ready = False
        self._missing: tuple[str, ...] = ()

    async def ready(self) -> Path:
        """The folder with the session's files in it; filled when it is first asked for. Raises `FileRefused`."""
        if not self._ready:
            try:
                await asyncio.to_thread(_make_anew, self._path, self._of_other_epochs)
            except OSError as error:
                log.error("folder.not_made", error=str(error))
                raise FileRefused(f"The working folder cannot be made on this machine: {_why(error)}.") from None
            self._missing = await self._fill(await self._listed())
            self._ready = True
        return self._path

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the session's files that could not be laid here."""
        return self._missing

    async def lay(self, files: Sequence[FileRef]) -> tuple[str, ...]:
        """Write further *files* of the session in, which `listed` names from now on too.

        Returns:
            Names of those that are not there now: they are gone, their names are not sound, or there is no room.
        """
        if not self._ready:
            return ()
        missing = await self._fill(files)
        self._missing += missing
        return missing

    async def files(self) -> dict[str, int]:
        """The files' names, in order, and their sizes in bytes; hidden ones are left out."""
        found = await self._scan()
        return {name: stamp[0] for name, stamp in sorted(found.files.items()) if sound_name(name) == name}

    async def read(self, name: str) -> bytes:
        """The content of a file. Raises `FileRefused`."""
        sound = _sound_or_refused(name)
        path = await self.ready()
        try:
            content = await asyncio.to_thread(read_file, path, sound, most_bytes=MOST_FILE_BYTES + 1)
        except OSError:
            raise FileRefused(f"There is no file {sound} in the working folder.") from None
        if len(content) > MOST_FILE_BYTES:
            raise FileRefused(f"{sound} is larger than {_megabytes(MOST_FILE_BYTES)}: read it with run_python.")
        return content

    async def write(self, name: str, content: bytes) -> MadeFile:
        """Make a file, or replace what it holds. Raises `FileRefused`."""
        sound = _sound_or_refused(name)
        if len(content) > MOST_FILE_BYTES:
            raise FileRefused(f"Not written: a file may have {_megabytes(MOST_FILE_BYTES)}.")
        path = await self.ready()
        found = await self._scan()
        replaced = found.files.get(sound, (0,))[0]
        room = self._limits.workspace_bytes - found.total_bytes + replaced
        if not found.complete or len(content) > room or len(found.files) >= self._limits.workspace_entries:
            raise FileRefused("Not written: the working folder is full. Remove files that are not needed any more.")
        try:
            await asyncio.to_thread(write_file, path, sound, content)
        except OSError as error:
            log.info("folder.not_written", error=str(error))
            raise FileRefused(f"Not written: {sound} cannot be made here: {_why(error)}.") from None
        return _made(sound, content)

    async def made(self, changed: Sequence[ChangedFile]) -> tuple[tuple[MadeFile, ...], tuple[str, ...]]:
        """The *changed* files with their content, and the names of those that are too large or too many to keep."""
        kept: list[MadeFile] = []
        left_out: list[str] = []
        for file in changed:
            if len(kept) == MOST_FILES or file.size_bytes > MOST_FILE_BYTES or sound_name(file.name) != file.name:
                left_out.append(file.name)
                continue
            try:
                content = await asyncio.to_thread(read_file, self._path, file.name, most_bytes=MOST_FILE_BYTES)
            except OSError:
                left_out.append(file.name)
                continue
            kept.append(_made(file.name, content))
        return tuple(kept), tuple(left_out)

    async def remove(self) -> None:
        """Throw the folder away; what was committed can be had again anywhere."""
        if self._ready:
            self._ready = False
            await asyncio.to_thread(remove, self._path)

    async def _scan(self) -> Scan:
        path = await self.ready()
        return await asyncio.to_thread(scan, path, most_entries=self._limits.workspace_entries)

    async def _fill(self, files: Sequence[FileRef]) -> tuple[str, ...]:
        """Write *files* in, the latest first: when there is too much, the oldest are left out."""
        latest: dict[str, FileRef] = {}
        for file in reversed(files):
            latest.setdefault(file.name, file)
        found = await asyncio.to_thread(scan, self._path, most_entries=self._limits.workspace_entries)
        room = self._limits.workspace_bytes - found.total_bytes
        left_out = []
        for file in latest.values():
            content = await self._stored(file) if sound_name(file.name) == file.name else None
            if content is None or len(content) > room:
                left_out.append(file.name)
                continue
            try:
                await asyncio.to_thread(write_file, self._path, file.name, content)
            except OSError as error:
                log.warning("folder.not_laid", error=str(error))
                left_out.append(file.name)
            else:
                room -= len(content)
        return tuple(left_out)


def sound_name(name: str) -> str | None:
    """*name* in its plain form, relative to the folder; None when it is no name of a file that agents may have."""
    parts = PurePosixPath(name).parts
    is_relative = 0 < len(parts) <= NAME_PARTS and not name.startswith("/")
    # The folder above has such a name too.
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
    fits = is_relative and not hidden and len(name) <= NAME_CHARS and name.isprintable()
    return "/".join(parts) if fits else None


def _sound_or_refused(name: str) -> str:
    sound = sound_name(name)
    if sound is None:
        raise FileRefused(
            "That is not a name of a file in the working folder: use a relative path like data/table.csv, without .."
            " and with no part that begins with a dot."
        )
    return sound


def _made(name: str, content: bytes) -> MadeFile:
    return MadeFile(name=name, content=content, mime=mimetypes.guess_type(name)[0] or "application/octet-stream")


def _why(error: OSError) -> str:
    """In words that name no path of the host's."""
    return os.strerror(error.errno).lower() if error.errno else "the system refused it"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes // 1024**2} MB"


def _make_anew(path: Path, leftovers: str) -> None:
    for left in path.parent.glob(leftovers):
        remove(left)
    path.mkdir(parents=True)
