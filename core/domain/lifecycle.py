"""The one table of a session's moves; nothing else decides a next state.

Called by the session store when it records what happened, and by tests that walk the whole table.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a session is in its life."""

    QUEUED = "queued"
    BUILDING = "building"
    RUNNING = "running"
    WAITING = "waiting"
    RESUMING = "resuming"
    STOPPING = "stopping"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    EXPIRED = "expired"


class Move(StrEnum):
    """What may happen to a session."""

    CLAIM = "claim"  # a worker takes it
    BUILT = "built"  # the team stands
    ASK = "ask"  # the team needs a person
    ANSWER = "answer"  # a person answered, or the question's default did
    COMPLETE = "complete"
    FAIL = "fail"  # an error, a budget, or no attempts left
    STOP = "stop"  # a person wants it to end
    HALTED = "halted"  # the worker has let go after a stop
    LOSE_LEASE = "lose_lease"  # the owner died or handed over
    EXPIRE = "expire"  # too old in the queue, or past the question's deadline


FINAL = frozenset({State.COMPLETED, State.FAILED, State.STOPPED, State.EXPIRED})
HELD = frozenset({State.BUILDING, State.RUNNING, State.STOPPING})
"""States in which a worker owns the session."""
CLAIMABLE = frozenset({State.QUEUED, State.RESUMING})

MOVES: dict[tuple[State, Move], State] = {
    (State.QUEUED, Move.CLAIM): State.BUILDING,
    (State.QUEUED, Move.STOP): State.STOPPED,
    (State.QUEUED, Move.EXPIRE): State.EXPIRED,
    (State.QUEUED, Move.FAIL): State.FAILED,
    (State.BUILDING, Move.BUILT): State.RUNNING,
    (State.BUILDING, Move.FAIL): State.FAILED,
    (State.BUILDING, Move.STOP): State.STOPPING,
    (State.BUILDING, Move.LOSE_LEASE): State.QUEUED,
    (State.RUNNING, Move.ASK): State.WAITING,
    (State.RUNNING, Move.COMPLETE): State.COMPLETED,
    (State.RUNNING, Move.FAIL): State.FAILED,
    (State.RUNNING, Move.STOP): State.STOPPING,
    (State.RUNNING, Move.LOSE_LEASE): State.RESUMING,
    (State.WAITING, Move.ANSWER): State.RESUMING,
    (State.WAITING, Move.EXPIRE): State.EXPIRED,
    (State.WAITING, Move.STOP): State.STOPPED,
    (State.RESUMING, Move.CLAIM): State.RUNNING,
    (State.RESUMING, Move.STOP): State.STOPPED,
    (State.RESUMING, Move.EXPIRE): State.EXPIRED,
    (State.RESUMING, Move.FAIL): State.FAILED,
    (State.STOPPING, Move.HALTED): State.STOPPED,
    (State.STOPPING, Move.LOSE_LEASE): State.STOPPED,
}


def next_state(state: State, move: Move) -> State | None:
    """The state after *move*, or None when the move is not allowed from *state*."""
    return MOVES.get((state, move))
