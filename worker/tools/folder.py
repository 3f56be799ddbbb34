"""A session's working folder: a cache that is made from the session's artifacts and thrown away afterwards.

One is made by the runner for each session that it holds; `run_python` works in it. It never follows a link, and it
believes no name.
"""

import asyncio
import mimetypes
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.domain.refs import FileRef, SessionId
from worker.sandbox.job import ChangedFile
from worker.sandbox.workspace import read_file

MOST_FILE_BYTES = 16 * 1024 * 1024
MOST_FILES = 20  # kept of one run
NAME_CHARS = 200

Stored = Callable[[FileRef], Awaitable[bytes | None]]
Listed = Callable[[], Awaitable[Sequence[FileRef]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """A file that a tool made or changed, with its content."""

    name: str  # relative to the folder, parts joined by /
    content: bytes
    mime: str


class Folder:
    """The working folder of one session on this machine."""

    def __init__(self, root: Path, session: SessionId, epoch: int, listed: Listed, stored: Stored) -> None:
        """Touches nothing yet.

        Args:
            root: the folder of all sessions' folders.
            epoch: of the claim, so that a process that lost the session never shares a folder with the next.
            listed: gives the session's files; of two with one name the later counts.
            stored: gives a file's content, or None when it is gone.
        """
        self._path = root / f"{session}.{epoch}"
        self._of_other_epochs = f"{session}.*"
        self._listed = listed
        self._stored = stored
        self._ready = False

    async def ready(self) -> Path:
        """The folder with the session's files in it; filled when it is first asked for."""
        if not self._ready:
            await asyncio.to_thread(_make_anew, self._path, self._of_other_epochs)
            files = {file.name: file for file in await self._listed()}
            for file in files.values():
                content = await self._stored(file)
                if content is not None and _is_sound(file.name):
                    await asyncio.to_thread(_write, self._path / file.name, content)
            self._ready = True
        return self._path

    async def made(self, changed: Sequence[ChangedFile]) -> tuple[tuple[MadeFile, ...], tuple[str, ...]]:
        """The *changed* files with their content, and the names of those that are too large or too many to keep."""
        kept: list[MadeFile] = []
        left_out: list[str] = []
        for file in changed:
            if len(kept) == MOST_FILES or file.size_bytes > MOST_FILE_BYTES or not _is_sound(file.name):
                left_out.append(file.name)
                continue
            try:
                content = await asyncio.to_thread(read_file, self._path, file.name, most_bytes=MOST_FILE_BYTES)
            except OSError:
                left_out.append(file.name)
                continue
            mime = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            kept.append(MadeFile(name=file.name, content=content, mime=mime))
        return tuple(kept), tuple(left_out)

    async def remove(self) -> None:
        """Throw the folder away; what was committed can be had again anywhere."""
        if self._ready:
            self._ready = False
            await asyncio.to_thread(shutil.rmtree, self._path, ignore_errors=True)


def _make_anew(path: Path, leftovers: str) -> None:
    for left in path.parent.glob(leftovers):
        shutil.rmtree(left, ignore_errors=True)
    path.mkdir(parents=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _is_sound(name: str) -> bool:
    parts = PurePosixPath(name).parts
    is_relative = bool(parts) and not name.startswith("/") and ".." not in parts
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
    return is_relative and not hidden and len(name) <= NAME_CHARS and name.isprintable()
