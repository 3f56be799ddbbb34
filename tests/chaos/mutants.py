"""`python -m tests.chaos.mutants <guard> <command>`: Muster without one of its guards.

A chaos test that passes without the guard that it is about proves nothing, so each such test runs once like this and
has to find the damage. The product has no option for any of it.
"""

import sys
from collections.abc import Callable
from typing import Any

import muster


def no_reconciliation() -> None:
    """Send again without looking whether the post is there already."""
    from bots.delivery import Delivery

    async def arrived(*_: Any) -> bool:
        return False

    Delivery._arrived = arrived  # type: ignore[assignment, method-assign]


def no_repair() -> None:
    """Leave what was posted twice."""
    from bots.repair import Repairs

    Repairs.plan = lambda *_: None  # type: ignore[method-assign]


def no_dedupe() -> None:
    """Take every delivery of a request for another request."""
    from core.adapters.inbox_store import SqlInboxStore
    from core.domain.refs import new_id

    kept = SqlInboxStore.put

    async def put(self: Any, command: Any, *, dedupe_key: str, order: str) -> int | None:
        return await kept(self, command, dedupe_key=dedupe_key + new_id(), order=order)

    SqlInboxStore.put = put  # type: ignore[method-assign]


def ack_first() -> None:
    """Acknowledge events before they are kept, as Bolt does when it is not told otherwise."""
    from slack_bolt.async_app import AsyncApp

    import bots.slack.app

    def careless(**options: Any) -> AsyncApp:
        return AsyncApp(**{**options, "process_before_response": False})

    vars(bots.slack.app)["AsyncApp"] = careless


def no_fence() -> None:
    """Let a worker write to sessions that another one has taken over, and never notice that it lost them."""
    import core.adapters.session_store as store
    from core.ports import Held
    from worker.jobs import Worker

    checked = store._check
    store._check = lambda guard, session: None if isinstance(guard, Held) else checked(guard, session)
    Worker._compare = lambda *_: None  # type: ignore[method-assign]


def no_winner() -> None:
    """Let every reply answer the question, whatever has become of it."""
    from core.adapters.question_store import SqlQuestionStore, _question
    from core.domain.lifecycle import Move, State
    from core.ports import InState
    from core.service.answers import Answers

    async def open_in(self: Any, session: Any) -> Any:
        row = (await self._connection.execute(self._select(session))).one_or_none()
        return _question(row) if row is not None else None

    async def answer(_: Any, work: Any, session: Any, answered: Any, message: Any) -> None:
        await work.questions.answer(answered.question, answered.by, answered.text, message)
        move = Move.ANSWER if session.state is State.WAITING else None
        await work.sessions.record(session.id, InState(states=frozenset(State)), [answered], move=move)
        work.wake(session.id)

    SqlQuestionStore.open_in = open_in  # type: ignore[method-assign]
    Answers._answer = answer  # type: ignore[method-assign, assignment]


def no_catch_up() -> None:
    """Leave unread what the platform told nobody of."""
    from bots.catch_up import CatchUp

    async def unread(*_: Any) -> bool:
        return True

    CatchUp._read = unread  # type: ignore[assignment, method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (no_reconciliation, no_repair, no_dedupe, ack_first, no_fence, no_winner, no_catch_up)
}

if __name__ == "__main__":
    for name in sys.argv[1].split("+"):
        MUTANTS[name]()
    muster.main(args=sys.argv[2:])
