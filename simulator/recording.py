"""Keeps the truth log in a file, one JSON object a line, so that what was said on the wire can be checked afterwards.

Used by the server while `SIMULATOR_RECORD_FOLDER` names a folder, whichever program the simulator runs in; read by
`make conformance`. It must never change or leave out what the log says, and the log never holds a token of the app's.
"""

from __future__ import annotations

import json
import os
import secrets
from io import TextIOWrapper
from pathlib import Path

from simulator.truth import TruthEntry

RECORD_FOLDER = "SIMULATOR_RECORD_FOLDER"


class Recording:
    """One simulator's file, made with its first entry. Each line leaves the process as it is written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"truth-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._file: TextIOWrapper | None = None

    def write(self, entry: TruthEntry) -> None:
        """Add *entry*; it survives the process being killed."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", buffering=1, encoding="utf-8")
        self._file.write(json.dumps(entry.wire()) + "\n")

    def close(self) -> None:
        """End the file; an entry that comes later opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None


def asked_for() -> Recording | None:
    """The recording that the environment asks for."""
    folder = os.environ.get(RECORD_FOLDER)
    return Recording(Path(folder)) if folder else None
