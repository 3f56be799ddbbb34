"""A working folder and what tools are given, without a worker or a database."""

from collections.abc import Sequence
from pathlib import Path

from core.domain.refs import BlobHash, FileRef, SessionId
from worker.sandbox.job import SandboxLimits
from worker.tools.folder import Folder
from worker.tools.tool import ToolContext


def stored_file(name: str) -> FileRef:
    return FileRef(name=name, blob=BlobHash(name), size_bytes=1, mime="text/plain")


def folder_of(
    root: Path, files: dict[str, bytes] | None = None, *, epoch: int = 1, limits: SandboxLimits | None = None
) -> Folder:
    """The folder of a session that has *files*, which may become more while it is used."""
    stored = {} if files is None else files

    async def listed() -> Sequence[FileRef]:
        return [stored_file(name) for name in stored]

    async def content(file: FileRef) -> bytes | None:
        return stored.get(file.name)

    return Folder(root, SessionId("s"), epoch, listed, content, limits)


def context_of(folder: Folder) -> ToolContext:
    return ToolContext(session=SessionId("s"), folder=folder, sandbox=None)
