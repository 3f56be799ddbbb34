"""How the parts of a process run side by side, and end: on a signal, or with the first part that breaks.

Used by entry points. Knows no part.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence


async def serve(running: Sequence[Callable[[], Awaitable[None]]], stopped: asyncio.Event) -> None:
    """Run the parts until *stopped*; a part that ends by itself ends the process with its error."""
    tasks = [asyncio.ensure_future(run()) for run in running]
    until = asyncio.create_task(stopped.wait())
    try:
        done, _ = await asyncio.wait([*tasks, until], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {until}:
            await task
    finally:
        for task in (*tasks, until):
            task.cancel()
        await asyncio.gather(*tasks, until, return_exceptions=True)


async def until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run *work* with an event that SIGTERM and the first Ctrl-C set; a second Ctrl-C ends at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        stopped.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    await work(stopped)
