"""The one place where tests wait for something that has no event to wait for."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

LOOK_AGAIN_S = 0.01


async def until(condition: Callable[[], bool | Awaitable[bool]], *, timeout_s: float = 10.0) -> None:
    """Return as soon as *condition* holds.

    Raises:
        AssertionError: it still does not hold when the time is over.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                holds = condition()
                if await holds if inspect.isawaitable(holds) else holds:
                    return
                await asyncio.sleep(LOOK_AGAIN_S)
    except TimeoutError:
        raise AssertionError(f"still not so after {timeout_s:g} s: {inspect.getsource(condition).strip()}") from None
