"""The table of moves, walked whole: what it has, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.lifecycle import CLAIMABLE, FINAL, HELD, MOVES, Move, State, next_state

PROMISED = """
queued    claim       building
queued    stop        stopped
queued    expire      expired
queued    fail        failed
building  built       running
building  fail        failed
building  stop        stopping
building  lose_lease  queued
running   ask         waiting
running   complete    completed
running   fail        failed
running   stop        stopping
running   lose_lease  resuming
waiting   answer      resuming
waiting   expire      expired
waiting   stop        stopped
resuming  claim       running
resuming  stop        stopped
resuming  expire      expired
resuming  fail        failed
stopping  halted      stopped
stopping  lose_lease  stopped
"""


def test_the_table_is_the_promised_one_and_nothing_else() -> None:
    promised = {
        (State(before), Move(move)): State(after) for before, move, after in map(str.split, PROMISED.split("\n")[1:-1])
    }
    assert promised == MOVES


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize("move", list(Move))
def test_nothing_moves_a_session_that_has_ended(state: State, move: Move) -> None:
    assert next_state(state, move) is None


@pytest.mark.parametrize("state", sorted(frozenset(State) - FINAL))
def test_every_unfinished_state_can_reach_an_end_with_no_worker_alive(state: State) -> None:
    reached, left = {state}, [state]
    while left:
        at = left.pop()
        for move in (Move.LOSE_LEASE, Move.STOP, Move.EXPIRE):
            after = next_state(at, move)
            if after is not None and after not in reached:
                reached.add(after)
                left.append(after)
    assert reached & FINAL


def test_a_worker_takes_what_nobody_holds_and_only_that() -> None:
    assert {state for state in State if next_state(state, Move.CLAIM)} == CLAIMABLE
    assert {state for state in State if next_state(state, Move.LOSE_LEASE)} == HELD
    assert not CLAIMABLE & HELD
    assert CLAIMABLE | HELD | FINAL | {State.WAITING} == frozenset(State)


@given(st.lists(st.sampled_from(Move), max_size=60))
def test_no_walk_leaves_a_final_state(moves: list[Move]) -> None:
    state, ended = State.QUEUED, False
    for move in moves:
        after = next_state(state, move)
        if after is None:
            continue
        assert not ended
        state, ended = after, after in FINAL
