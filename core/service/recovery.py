"""What any worker does for sessions whose process is gone, those that nobody took, and questions that nobody answers.

Workers call `sweep` every few seconds. It moves states in SQL and rings; it never runs a session itself.
"""

from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from core.domain import events as ev
from core.domain.lifecycle import CLAIMABLE, Move, State
from core.domain.refs import Person, QuestionId, SessionId, WorkspaceId
from core.domain.session import Session
from core.errors import Conflict
from core.ports import TOPIC_RELAY, Clock, Held, InState, UnitOfWork, Work

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
"""Claims in a row without one committed step; after that the session itself is what ends its workers."""

_NOBODY_CAN_ANSWER = timedelta(minutes=15)
"""For so long a session waits on in a thread that is gone."""

GRACE = timedelta(seconds=5)
"""After a question's deadline: an answer that was given in time may still be on its way."""

NO_ATTEMPTS_LEFT = (
    f"the work broke off {MAX_ATTEMPTS} times at the same place. Reply here to try again, perhaps with a smaller task."
)


async def sweep(uow: UnitOfWork, clock: Clock, *, queue_ttl_s: float) -> int:
    """Take sessions back from dead workers, expire those that waited for one longer than *queue_ttl_s*, stop those
    that wait for an answer in a thread that is gone, and see to questions whose deadline or reminder is due.

    Returns:
        How many sessions were moved.
    """
    oldest = clock.now() - timedelta(seconds=queue_ttl_s)
    async with uow.across() as across:
        abandoned = await across.abandoned()
        too_old = await across.queued_before(oldest)
        stranded = await across.stranded(clock.now() - _NOBODY_CAN_ANSWER)
        overdue = await across.overdue(clock.now() - GRACE)
        to_remind = await across.to_remind(clock.now())
    moved = 0
    for workspace, session, held in abandoned:
        moved += await _take_back(uow, workspace, session, held)
    for workspace, session in too_old:
        moved += await _expire(uow, workspace, session, oldest)
    for workspace, session in stranded:
        moved += await _stop_stranded(uow, workspace, session)
    for workspace, session, question in overdue:
        moved += await _lapse(uow, workspace, session, question)
    for workspace, session, question in to_remind:
        await _remind(uow, workspace, session, question)
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


async def _lapse(uow: UnitOfWork, workspace: WorkspaceId, session: SessionId, question: QuestionId) -> bool:
    """Go on with the question's default, or let the session expire where it has none."""
    try:
        async with uow.begin(workspace) as work:
            asked = await work.questions.get(question)
            if asked is None or not await work.questions.lapse(question):
                return False  # answered in time
            waiting = InState(states=frozenset({State.WAITING}))
            if asked.default:
                lapsed = ev.QuestionLapsed(question=question, text=asked.default)
                await work.sessions.record(session, waiting, [lapsed], move=Move.ANSWER)
                work.wake(session)
            else:
                expired = ev.Expired(reason="nobody answered the question in time. Reply here to go on from it.")
                await work.sessions.record(session, waiting, [expired], move=Move.EXPIRE)
            work.ring(TOPIC_RELAY, workspace)
    except Conflict:
        return False
    log.info("question.lapsed", session=session, question=question)
    return True


async def _remind(uow: UnitOfWork, workspace: WorkspaceId, session: SessionId, question: QuestionId) -> None:
    with suppress(Conflict):
        async with uow.begin(workspace) as work:
            if await work.questions.reminded(question):
                waiting = InState(states=frozenset({State.WAITING}))
                await work.sessions.record(session, waiting, [ev.QuestionReminded(question=question)])
                work.ring(TOPIC_RELAY, workspace)


async def stopper(work: Work, session: SessionId) -> Person | None:
    """Who asked for the stop; None when nobody did."""
    asked = [record.event for record in await work.sessions.events(session)]
    return next((event.by for event in reversed(asked) if isinstance(event, ev.StopRequested)), None)
