"""Keeps a simulated platform in a folder, so that its conversations outlive the process, however it ends.

Used by the server when it is given a folder, with each platform's `persistence` saying what there is to keep. A file
holds one line a thing, `[key, value]`; a later line of the same key takes the place of an earlier one, so what happens
costs one appended line and a line cut short costs one change. Files' bytes lie beside it. The truth log is not kept but
for its last id.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TextIO

import structlog

from simulator.truth import TruthEntry, TruthLog

WRITE_AFTER_S = 0.05
"""What a killed simulator may forget; what happens in it is written together."""
REWRITE_CHARS = 64_000_000
"""After so many appended characters the file is written anew, without what was replaced."""

Key = tuple[str, ...]
NOW_KEY: Key = ("now",)
_FORMAT_KEY: Key = ("format",)
_log = structlog.get_logger(__name__)


class Kept(Protocol):
    """What a platform has that is to be kept, as JSON under keys."""

    name: str
    """Of the file, without its ending."""
    format: int
    """Raised when older lines can no longer be read."""
    truth: TruthLog

    def now(self) -> dict[str, Any]:
        """From where ids go on."""

    def small_keys(self) -> Iterator[Key]:
        """What there is little of: compared each time."""

    def large_keys(self) -> Iterator[Key]:
        """What there may be much of: written when the truth log tells of it."""

    def changed_keys(self, entry: TruthEntry) -> Iterator[Key]:
        """Which of the large keys, and of the files, an entry of the truth log says have changed."""

    def value(self, key: Key) -> Any:
        """What is kept under *key*; None when it is gone."""

    def files(self) -> Iterator[tuple[Key, str, bytes]]:
        """Each file's key, a name for it that no other has, and its bytes."""

    def restore(self, kept: dict[Key, Any], read: Callable[[str], bytes]) -> None:
        """Put the platform into the kept state. *read* gives the bytes of a file by its name."""


class Journal:
    """The kept state of one platform in one folder."""

    def __init__(self, folder: Path, kept: Kept) -> None:
        self._folder = folder
        self._kept = kept
        self._path = folder / f"{kept.name}.jsonl"
        self._out: TextIO | None = None
        self._appended_chars = 0
        self._has_gap = False
        """Something could not be written, so that the next write must be of everything."""
        self._seen = 0
        self._small: dict[Key, str] = {}
        """Lines of the small keys as last written."""
        self._files: set[str] = set()
        """Names of the files whose bytes are written."""

    def load(self) -> bool:
        """Put the platform into the kept state; False when there is none yet.

        Raises:
            ValueError: the folder was written by another version.
        """
        if not self._path.exists():
            return False
        kept = dict(_read(self._path))
        if (found := kept.get(_FORMAT_KEY)) != self._kept.format:
            raise ValueError(f"{self._path} has format {found}, this version reads {self._kept.format}")
        self._kept.restore(kept, self._read_bytes)
        self._kept.truth.continue_after(kept[NOW_KEY]["truth_id"])
        return True

    async def follow(self) -> None:
        """Write what happens soon after it did, until cancelled or until the truth log ends."""
        self.rewrite()
        async for entry in self._kept.truth.follow(self._seen):
            if entry.id <= self._seen:
                continue
            await asyncio.sleep(WRITE_AFTER_S)
            try:
                self._write()
            except OSError as error:
                self._has_gap = True
                _log.warning("simulator.not_kept", folder=str(self._folder), reason=str(error))

    def close(self) -> None:
        """Write the last state, in as little as it takes."""
        self.rewrite()
        if self._out is not None:
            self._out.close()
            self._out = None

    def rewrite(self) -> None:
        """Write everything anew, so that a reader of the folder finds the old or the new state."""
        (self._folder / "files").mkdir(parents=True, exist_ok=True)
        self._seen = self._kept.truth.last_id
        self._small.clear()
        part = self._path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as out:
            out.write(_line(_FORMAT_KEY, self._kept.format))
            out.write(_line(NOW_KEY, self._now()))
            out.writelines(self._changed_small())
            out.writelines(self._file_lines(only_new=False))
            out.writelines(_line(key, self._kept.value(key)) for key in self._kept.large_keys())
        part.replace(self._path)
        if self._out is not None:
            self._out.close()
        self._out = self._path.open("a", encoding="utf-8")
        self._appended_chars = 0
        self._has_gap = False

    def _write(self) -> None:
        """Write what has changed since the last time, or everything when it is time for that."""
        if self._out is None or self._has_gap or self._appended_chars > REWRITE_CHARS:
            self.rewrite()
            return
        entries = self._kept.truth.since(self._seen)
        self._seen = self._kept.truth.last_id
        changed = dict.fromkeys(key for entry in entries for key in self._kept.changed_keys(entry))
        lines = [
            _line(NOW_KEY, self._now()),
            *self._changed_small(),
            *self._file_lines(only_new=True),
            *(_line(key, self._kept.value(key)) for key in changed),
        ]
        self._out.writelines(lines)
        self._out.flush()
        self._appended_chars += sum(map(len, lines))

    def _now(self) -> dict[str, Any]:
        return {"truth_id": self._kept.truth.last_id, **self._kept.now()}

    def _changed_small(self) -> Iterator[str]:
        for key in self._kept.small_keys():
            line = _line(key, self._kept.value(key))
            if self._small.get(key) != line:
                self._small[key] = line
                yield line

    def _file_lines(self, *, only_new: bool) -> Iterator[str]:
        """Lines of the files; a new file's bytes are written first."""
        for key, name, content in self._kept.files():
            is_new = name not in self._files
            if is_new:
                self._write_bytes(name, content)
            if is_new or not only_new:
                yield _line(key, self._kept.value(key))

    def _write_bytes(self, name: str, content: bytes) -> None:
        part = self._folder / "files" / f"{name}.part"
        part.write_bytes(content)
        part.replace(part.with_suffix(""))
        self._files.add(name)

    def _read_bytes(self, name: str) -> bytes:
        self._files.add(name)
        return (self._folder / "files" / name).read_bytes()


def _line(key: Key, value: Any) -> str:
    return json.dumps([key, value], ensure_ascii=False, separators=(",", ":")) + "\n"


def _read(path: Path) -> Iterator[tuple[Key, Any]]:
    """The lines of the file; the last one is left out if it was cut short."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.endswith("\n"):
                key, value = json.loads(line)
                yield tuple(key), value
