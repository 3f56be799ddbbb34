"""A worker that a test kills in the middle of a run: runs one job on one rung and says nothing.

Usage: python -m tests.security.sandbox_doomed_worker <rung> <workspace> <code>
"""

import asyncio
import sys
from pathlib import Path

from worker.sandbox.job import PythonJob
from worker.sandbox.probe import probe


async def _main(rung: str, workspace: str, code: str) -> None:
    sandbox = (await probe(None, rungs=[rung])).require()
    await sandbox.run(PythonJob(code=code, workspace=Path(workspace)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
