"""The lock of SQLite's one writer."""

import asyncio

from core.adapters.urgent_lock import UrgentLock


async def test_urgent_waiters_go_first_and_each_kind_in_its_order() -> None:
    lock, went = UrgentLock(), list[str]()

    async def go(name: str, *, urgent: bool) -> None:
        async with lock.hold(urgent=urgent):
            went.append(name)

    async with lock.hold():
        tasks = [asyncio.create_task(go(name, urgent=name[0] == "u")) for name in ("a", "b", "u1", "c", "u2")]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert went == ["u1", "u2", "a", "b", "c"]


async def test_one_holds_it_at_a_time() -> None:
    lock, inside, most = UrgentLock(), 0, 0

    async def go(n: int) -> None:
        nonlocal inside, most
        async with lock.hold(urgent=n % 3 == 0):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(go(n) for n in range(50)))
    assert most == 1


async def test_a_cancelled_waiter_does_not_keep_it() -> None:
    lock = UrgentLock()

    async def wait() -> None:
        async with lock.hold():
            raise AssertionError("was cancelled")

    async with lock.hold():
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), lock.hold():
        pass


async def test_a_waiter_that_is_cancelled_as_its_turn_comes_hands_it_on() -> None:
    lock, went = UrgentLock(), list[str]()

    async def go(name: str) -> None:
        async with lock.hold():
            went.append(name)

    async with lock.hold():
        first, second = asyncio.create_task(go("first")), asyncio.create_task(go("second"))
        await asyncio.sleep(0)
    first.cancel()  # the turn was handed to it just now, and it has not run yet
    async with asyncio.timeout(1):
        await asyncio.gather(first, second, return_exceptions=True)
    assert went == ["second"]
