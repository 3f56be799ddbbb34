"""The truth log and the fault board by themselves."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from simulator.faults import Fault, FaultBoard, FaultKind
from simulator.truth import TruthLog


@given(st.integers(0, 30), st.integers(1, 40), st.integers(0, 40))
def test_reading_after_any_position_gives_what_is_kept_and_newer(written: int, kept: int, after: int) -> None:
    log = TruthLog(kept_entries=kept)
    for number in range(written):
        log.append("thing", {"n": number})
    expected = [n for n in range(1, written + 1) if n > after and n > written - kept]
    assert [entry.id for entry in log.since(after)] == expected


def test_reading_by_kind_and_limit() -> None:
    log = TruthLog()
    for kind in ("a.x", "b.x", "a.y", "a.z"):
        log.append(kind, {})
    assert [entry.kind for entry in log.since(kinds=("a.",), limit=2)] == ["a.x", "a.y"]


async def test_a_follower_gets_everything_once_and_ends_at_the_close() -> None:
    log = TruthLog()
    log.append("before", {})

    async def follow() -> list[int]:
        return [entry.id async for entry in log.follow()]

    follower = asyncio.create_task(follow())
    for _ in range(50):
        log.append("during", {})
        log.append("during", {})
        await asyncio.sleep(0)
    while follower not in (await asyncio.wait({follower}, timeout=0.01))[0]:
        log.close()
    assert follower.result() == list(range(1, 102))


def test_a_fault_strikes_as_often_as_it_was_ordered() -> None:
    board = FaultBoard()
    board.add(Fault(kind=FaultKind.DENY, target="chat.update", times=2, where={"channel": "C1"}))
    kinds = (FaultKind.DENY,)
    assert board.strike(kinds, "chat.postMessage", {"channel": "C1"}) is None
    assert board.strike(kinds, "chat.update", {"channel": "C2"}) is None
    assert board.strike((FaultKind.DELAY,), "chat.update", {"channel": "C1"}) is None
    assert board.strike(kinds, "chat.update", {"channel": "C1"}) is not None
    assert [fault.times for fault in board.listed()] == [1]
    assert board.strike(kinds, "chat.update", {"channel": "C1"}) is not None
    assert board.strike(kinds, "chat.update", {"channel": "C1"}) is None


def test_a_fault_may_strike_by_chance_until_it_is_cleared() -> None:
    board = FaultBoard(seed=7)
    fault = board.add(Fault(kind=FaultKind.LOSE_REPLY, times=None, probability=0.05))
    struck = sum(board.strike((FaultKind.LOSE_REPLY,), "chat.postMessage", {}) is not None for _ in range(2_000))
    assert 60 <= struck <= 140
    board.clear(fault.id)
    assert board.listed() == []
