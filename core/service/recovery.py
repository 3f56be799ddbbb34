"""What any worker does for sessions whose process is gone, and for those that nobody took.

Workers call `sweep` every few seconds. It moves states in SQL and rings; it never runs a session itself.
"""

from datetime import datetime, timedelta

import structlog

from core.domain import events as ev
from core.domain.lifecycle import CLAIMABLE, Move, State
from core.domain.refs import Person, SessionId, WorkspaceId
from core.domain.session import Session
from core.errors import Conflict
from core.ports import TOPIC_RELAY, Clock, Held, InState, UnitOfWork, Work

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
"""Claims in a row without one committed step; after that the session itself is what ends its workers."""

_NOBODY_CAN_ANSWER = timedelta(minutes=15)
"""For so long a session waits on in a thread that is gone."""

NO_ATTEMPTS_LEFT = (
    f"the work broke off {MAX_ATTEMPTS} times at the same place. Reply here to try again, perhaps with a smaller task."
)


async def sweep(uow: UnitOfWork, clock: Clock, *, queue_ttl_s: float) -> int:
    """Take sessions back from dead workers, expire those that waited for one longer than *queue_ttl_s*, and stop those
    that wait for an answer in a thread that is gone.

    Returns:
        How many sessions were moved.
    """
    oldest = clock.now() - timedelta(seconds=queue_ttl_s)
    async with uow.across() as across:
        abandoned = await across.abandoned()
        too_old = await across.queued_before(oldest)
        stranded = await across.stranded(clock.now() - _NOBODY_CAN_ANSWER)
    moved = 0
    for workspace, session, held in abandoned:
        moved += await _take_back(uow, workspace, session, held)
    for workspace, session in too_old:
        moved += await _expire(uow, workspace, session, oldest)
    for workspace, session in stranded:
        moved += await _stop_stranded(uow, workspace, session)
    return moved


async def _take_back(uow: UnitOfWork, workspace: WorkspaceId, session: SessionId, held: Held) -> bool:
    try:
        async with uow.begin(workspace) as work:
            after = await _let_go(work, session, held)
            if not after.finished:
                work.wake(session)
            work.ring(TOPIC_RELAY, workspace)
    except Conflict:
        return False  # another sweep was first, or the owner still lives and has moved it
    log.info("session.taken_back", session=session, owner=held.owner, epoch=held.epoch)
    return True


async def _let_go(work: Work, session: SessionId, held: Held) -> Session:
    before = await work.sessions.get(session)
    if before is not None and before.state is State.STOPPING:
        stopped = ev.Stopped(by=await stopper(work, session))
        return await work.sessions.record(session, held, [stopped], move=Move.LOSE_LEASE)
    after = await work.sessions.record(session, held, [ev.Interrupted()], move=Move.LOSE_LEASE)
    if after.attempts < MAX_ATTEMPTS:
        return after
    failed = ev.Failed(reason=NO_ATTEMPTS_LEFT)
    return await work.sessions.record(session, InState(states=CLAIMABLE), [failed], move=Move.FAIL)


async def _expire(uow: UnitOfWork, workspace: WorkspaceId, session: SessionId, oldest: datetime) -> bool:
    reason = "no worker was free for it in time. Reply here to try again."
    try:
        async with uow.begin(workspace) as work:
            before = await work.sessions.get(session)
            if before is None or before.changed_at >= oldest:
                return False  # it was worked on since, and waits anew
            await work.sessions.record(
                session, InState(states=CLAIMABLE), [ev.Expired(reason=reason)], move=Move.EXPIRE
            )
            work.ring(TOPIC_RELAY, workspace)
    except Conflict:
        return False
    log.info("session.expired", session=session)
    return True


async def _stop_stranded(uow: UnitOfWork, workspace: WorkspaceId, session: SessionId) -> bool:
    """Stop what waits for an answer that nobody can give any more; history keeps what was made."""
    try:
        async with uow.begin(workspace) as work:
            await work.questions.withdraw(session)
            waiting = InState(states=frozenset({State.WAITING}))
            await work.sessions.record(session, waiting, [ev.Stopped()], move=Move.STOP)
            work.ring(TOPIC_RELAY, workspace)
    except Conflict:
        return False  # answered in another way, or stopped
    log.info("session.stranded", session=session)
    return True


async def stopper(work: Work, session: SessionId) -> Person | None:
    """Who asked for the stop; None when nobody did."""
    asked = [record.event for record in await work.sessions.events(session)]
    return next((event.by for event in reversed(asked) if isinstance(event, ev.StopRequested)), None)
