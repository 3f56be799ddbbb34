"""Agents' programs seen from outside the sandbox: whether they run, and whether anything of them is left.

Used by tests that stop or kill what runs. It looks; it ends nothing. Linux only.
"""

from collections.abc import Collection
from pathlib import Path


def endless(mark: str) -> str:
    """A program that never ends, and whose child, in a session of its own, has *mark* on its command line."""
    return f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", {mark!r}], start_new_session=True)
while True:
    time.sleep(1000)
"""


def running(mark: str, *, below: Collection[int]) -> frozenset[int]:
    """The process with *mark* on its command line and those above it, up to the processes *below* which it is."""
    return frozenset(pid for child in _pids() if mark in _command(child) for pid in _line(child, below))


def left_of(pids: Collection[int]) -> frozenset[int]:
    """Those of *pids* that still run."""
    return frozenset(pid for pid in pids if _status(pid)[0] not in ("", "Z"))


def _line(pid: int, below: Collection[int]) -> list[int]:
    line: list[int] = []
    while pid > 1 and pid not in below:
        line.append(pid)
        pid = int(_status(pid)[1])
    return line


def _pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _status(pid: int) -> tuple[str, str]:
    """State and parent; ("", "0") when it has ended."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", "0"
    return state, parent
