"""Recorded traffic: how it is gathered, by running the flow tests, and how it is read.

Called by `__main__`. The recording is the simulator's truth log (`simulator.recording`); nothing here judges it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.recording import RECORD_FOLDER

ROOT = Path(__file__).parents[2]
JOBS = "3"
"""As in the Makefile: most of a test is waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that a simulated platform recorded."""

    platform: str
    kind: str
    data: dict[str, Any]


def record(folder: Path, tests: tuple[str, ...]) -> bool:
    """Run *tests* with their simulators recording into *folder*; returns whether all passed."""
    command = [sys.executable, "-m", "pytest", "-n", JOBS, "--dist", "worksteal", *tests]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, RECORD_FOLDER: str(folder)}, check=False)
    return done.returncode == 0


def read(folder: Path) -> Iterator[Entry]:
    """Everything recorded in *folder*. A last line that its process did not live to finish is left out."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                entry = json.loads(line)
                yield Entry(platform=entry["platform"], kind=entry["kind"], data=entry["data"])
