"""The truth log: reading from any position, following."""

import asyncio

from simulator.truth import TruthLog


async def test_who_follows_from_beyond_the_end_waits_without_holding_up_others() -> None:
    log = TruthLog()
    log.append("a.first", {})
    following = asyncio.ensure_future(anext(log.follow(5)))
    for number in range(5):
        log.append("a.more", {"number": number})
        await asyncio.sleep(0)
    assert (await asyncio.wait_for(following, 1)).id == 6


def test_old_entries_are_let_go_and_the_rest_is_read_from_any_position() -> None:
    log = TruthLog(kept_entries=3)
    for number in range(5):
        log.append("even" if number % 2 == 0 else "odd", {})
    assert [entry.id for entry in log.since()] == [3, 4, 5]
    assert [entry.id for entry in log.since(3)] == [4, 5]
    assert [entry.id for entry in log.since(9)] == []
    assert [entry.id for entry in log.since(0, kinds=("even",), limit=1)] == [3]
