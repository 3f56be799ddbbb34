"""The folder that agents' code works in: handing it over, measuring it, telling what changed, reading and writing.

Called around each run, and by the session's `Folder`. Must never follow a symbolic link: the code
that ran here may have made one to anywhere.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.sandbox.job import ChangedFile, SandboxLimits

_DEEPEST = 32
_READ_BYTES = 1024 * 1024
_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | _NO_LINK

# Size, modification, status change, inode: the third cannot be set by the code.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What lies in a workspace. `complete` is False when something could not be looked at or counted."""

    files: Mapping[str, Stamp]
    total_bytes: int
    complete: bool


def scan(folder: Path, *, most_entries: int) -> Scan:
    """Return the regular files under *folder*, by name relative to it."""
    files: dict[str, Stamp] = {}
    total_bytes = entries = 0
    complete = True
    pending = [""]
    root = os.open(folder, _FOLDER)
    try:
        while pending:
            inside = pending.pop()
            try:
                found = list(_list(root, inside))
            except FileNotFoundError:
                continue  # removed while we looked
            except OSError:
                complete = False
                continue
            for name, info in found:
                entries += 1
                if stat.S_ISDIR(info.st_mode):
                    pending.append(name)
                    complete = complete and name.count("/") < _DEEPEST
                else:
                    total_bytes += max(info.st_size, info.st_blocks * 512)
                if stat.S_ISREG(info.st_mode):
                    files[name] = (info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)
            if entries > most_entries or not complete:
                return Scan(files=files, total_bytes=total_bytes, complete=False)
    finally:
        os.close(root)
    return Scan(files=files, total_bytes=total_bytes, complete=complete)


def _list(root: int, inside: str) -> Iterator[tuple[str, os.stat_result]]:
    descriptor = os.open(inside or ".", _FOLDER, dir_fd=root)
    try:
        with os.scandir(descriptor) as listing:
            for entry in listing:
                name = f"{inside}/{entry.name}" if inside else entry.name
                try:
                    yield name, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
    finally:
        os.close(descriptor)


def hand_over(folder: Path, uid: int) -> None:
    """Give all that lies under *folder* to *uid*; no process may be using it."""
    os.chown(folder, uid, uid)
    for _, folders, files, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name in (*folders, *files):
            if os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_uid != uid:
                os.chown(name, uid, uid, dir_fd=descriptor, follow_symlinks=False)


def mend(folder: Path) -> None:
    """Make *folder* safe to use and to remove after the code has had it.

    What the code closed is opened to us, set-user-id bits are cleared, and folders nested deeper than a scan
    goes are removed: most programs that walk a tree fail on thousands of levels.
    """
    pending = [(folder, 0)]
    while pending:
        inside, depth = pending.pop()
        if depth > _DEEPEST:
            remove(inside)
            continue
        inside.chmod(stat.S_IMODE(inside.lstat().st_mode) & 0o777 | stat.S_IRWXU)
        with os.scandir(inside) as listing:
            for entry in listing:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    pending.append((inside / entry.name, depth + 1))
                elif stat.S_ISREG(mode) and (mode & 0o7600) != 0o600:
                    os.chmod(entry.path, mode & 0o777 | stat.S_IRUSR | stat.S_IWUSR)


def remove(folder: Path) -> None:
    """Remove *folder*, however deep and closed it is."""
    # Of a thousand levels, or of what the code has closed, the first may leave something.
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
        return
    for command in (("chmod", "-R", "u+rwx"), ("rm", "-rf")):
        subprocess.run((*command, "--", folder), check=False, capture_output=True)


def changed_files(folder: Path, before: Scan, limits: SandboxLimits) -> tuple[tuple[ChangedFile, ...], int]:
    """Return the files made or altered since *before*, and how many more there are past the limits.

    A file that stands under several names counts under each; links, pipes and sockets do not count.
    """
    after = scan(folder, most_entries=limits.workspace_entries)
    changed: list[ChangedFile] = []
    left_out = 0
    room_bytes = limits.workspace_bytes
    for name, stamp in sorted(after.files.items()):
        if before.files.get(name) == stamp:
            continue
        size_bytes = stamp[0]
        if len(changed) == limits.changed_files or size_bytes > room_bytes or not _is_text(name):
            left_out += 1
            continue
        room_bytes -= size_bytes
        digest = hashlib.sha256(read_file(folder, name, most_bytes=size_bytes)).hexdigest()
        changed.append(ChangedFile(name=name, size_bytes=size_bytes, sha256=digest))
    return tuple(changed), left_out


def read_file(folder: Path, name: str, *, most_bytes: int) -> bytes:
    """Return the content of the regular file *name* of a workspace, *most_bytes* of it at most.

    Raises:
        OSError: it is gone, is no regular file, or a part of its path is a link.
    """
    with _parent(folder, name) as (parent, last):
        descriptor = os.open(last, os.O_RDONLY | os.O_NONBLOCK | _NO_LINK, dir_fd=parent)
        with open(descriptor, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(f"not a regular file: {name}")
            content = bytearray()
            while len(content) < most_bytes:
                piece = file.read(min(_READ_BYTES, most_bytes - len(content)))
                if not piece:
                    break
                content += piece
            return bytes(content)


def write_file(folder: Path, name: str, content: bytes) -> None:
    """Make the regular file *name* of a workspace, or put it in the place of the file or link that is there.

    Raises:
        OSError: a folder has that name, a part of the path is no folder, or the disk is full; nothing has changed.
    """
    with _parent(folder, name, make=True) as (parent, last):
        # Under another name first, so that the old content stays whole and a link is replaced, not followed.
        new = f".{secrets.token_hex(8)}"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o644, dir_fd=parent)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            os.replace(new, last, src_dir_fd=parent, dst_dir_fd=parent)
        except OSError:
            os.unlink(new, dir_fd=parent)
            raise


@contextlib.contextmanager
def _parent(folder: Path, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder in which *name* lies, reached without a link, and its last part."""
    *folders, last = parts = name.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        raise OSError(f"not a name inside the workspace: {name}")
    held = [os.open(folder, _FOLDER)]
    try:
        for part in folders:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=held[-1])
            held.append(os.open(part, _FOLDER, dir_fd=held[-1]))
        yield held[-1], last
    finally:
        for descriptor in held:
            os.close(descriptor)


def _is_text(name: str) -> bool:
    return name.isprintable()  # lone surrogates and control characters are not
