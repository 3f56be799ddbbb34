"""A page as text to read: what it is called and what it says, without menus and scripts.

Called by `pages`. The work is done by `extract` in a process of its own, which this starts, bounds and ends.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from worker.web.errors import WebError

_PROGRAM = Path(__file__).with_name("extract.py")
TIMEOUT_S = 15.0  # `extract.CPU_S` ends it earlier, where a processor is free
AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """What a page says."""

    title: str
    text: str  # its beginning, when it is very long
    chars: int  # of the whole text


class Reader:
    """Makes pages readable, a few at a time."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        """Starts nothing yet."""
        self._timeout_s = timeout_s
        self._free = asyncio.Semaphore(AT_ONCE)

    async def read(self, html: str) -> Readable:
        """The title and text of *html*. Cancelling ends the process.

        Raises:
            WebError: it takes too much time or memory.
        """
        try:
            async with self._free, asyncio.timeout(self._timeout_s):
                said = await _run(html.encode("utf-8", "replace"))
            found = json.loads(said)
            return Readable(title=found["title"], text=found["text"], chars=found["chars"])
        except (TimeoutError, ValueError) as error:
            raise WebError("The page cannot be made readable: it takes too much time or memory.") from error


async def _run(html: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        os.fspath(_PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},  # no secret of the worker's comes near a stranger's page
    )
    try:
        said, _ = await process.communicate(html)
        return said
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
