"""Claims a session, drives its team until it waits or ends, and records how it ended: whatever happens in between.

The worker process calls `work` for each session that it may take, `stop` when a person wants an end, `lose` when it may
write no longer, and `hand_back` when it closes. Nothing that a model, a tool or the engine does can leave a session
held by nobody, or a person without a last word.
"""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog

from config.logging import redacting
from core.domain import events as ev
from core.domain.lifecycle import CLAIMABLE, Move, State
from core.domain.refs import ProcessId, SessionId, WorkspaceId
from core.domain.session import Session, Usage
from core.errors import Conflict, PermanentError, StaleEpoch, TransientError, UserError
from core.ports import TOPIC_RELAY, Change, InState, UnitOfWork
from core.service.recovery import MAX_ATTEMPTS, NO_ATTEMPTS_LEFT, stopper
from worker.drive import Drive
from worker.journal import Journal, StopAsked
from worker.settings import RunLimits

log = structlog.get_logger(__name__)

_UNEXPECTED = "something in Muster broke; it has been logged. Reply here to try again."


class Signal(StrEnum):
    """Why a run is broken off from outside."""

    STOP = "stop"  # a person wants it
    LOST = "lost"  # the lease has lapsed: write nothing
    HAND_BACK = "hand_back"  # the process closes


@dataclass(slots=True, eq=False)
class Run:
    """A session that this process holds."""

    session: Session
    journal: Journal
    signal: asyncio.Future[Signal] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, signal: Signal) -> None:
        """Break the run off; the first signal counts."""
        if not self.signal.done():
            self.signal.set_result(signal)


class Runner:
    """The sessions of one worker process."""

    def __init__(self, *, uow: UnitOfWork, process: ProcessId, drive: Drive, limits: RunLimits) -> None:
        """*process* is new with each start: it owns the sessions that are claimed here."""
        self.process = process
        self._uow = uow
        self._limits = limits
        self._drive = drive
        self._runs: dict[SessionId, Run] = {}
        self._adrift: set[asyncio.Task[None]] = set()  # cancelled, but not ended

    @property
    def held(self) -> frozenset[SessionId]:
        """The sessions that run here now."""
        return frozenset(self._runs)

    async def work(self, workspace: WorkspaceId, session: SessionId) -> bool:
        """Take the session and drive it until it waits or ends.

        Returns:
            False when it was not to be had: another process was first, or it is no longer there.
        """
        if session in self._runs:
            return False
        try:
            claimed = await self._claim(workspace, session)
        except Conflict:
            return False
        except TransientError as error:
            log.warning("session.not_claimed", session=session, error=str(error))
            return False
        if claimed is None:
            return False
        run = Run(session=claimed, journal=Journal(self._uow, claimed, self.process))
        self._runs[session] = run
        log.info("session.claimed", session=session, epoch=claimed.epoch)
        try:
            await self._supervise(run)
        finally:
            del self._runs[session]
            run.done.set()
        return True

    def stop(self, session: SessionId) -> None:
        """A person wants the session to end: break it off and record who."""
        self._tell(session, Signal.STOP)

    def lose(self, session: SessionId) -> None:
        """Another process may have the session now: break it off and write nothing."""
        self._tell(session, Signal.LOST)

    async def hand_back(self, *, timeout_s: float) -> None:
        """Break off all runs and make their sessions free for other workers, within *timeout_s*."""
        runs = list(self._runs.values())
        for run in runs:
            run.tell(Signal.HAND_BACK)
        if runs:
            ends = [asyncio.create_task(run.done.wait()) for run in runs]
            _, late = await asyncio.wait(ends, timeout=timeout_s)
            for end in late:
                end.cancel()

    async def release(self, workspace: WorkspaceId, session: SessionId) -> bool:
        """Give up a session that SQL says this process holds while it does not run here: a claim whose commit was
        answered with an error. True when there was something to give up."""
        async with self._uow.read(workspace) as work:
            found = await work.sessions.get(session)
        if found is None or found.owner != self.process or session in self._runs:
            return False
        log.warning("session.released", session=session)
        await self._end(Run(session=found, journal=Journal(self._uow, found, self.process)), None)
        return True

    def _tell(self, session: SessionId, signal: Signal) -> None:
        if run := self._runs.get(session):
            run.tell(signal)

    async def _claim(self, workspace: WorkspaceId, session: SessionId) -> Session | None:
        async with self._uow.begin(workspace) as work:
            before = await work.sessions.get(session)
            if before is None:
                return None
            free = InState(states=CLAIMABLE)
            work.ring(TOPIC_RELAY, workspace)
            if before.attempts >= MAX_ATTEMPTS:
                failed = ev.Failed(reason=NO_ATTEMPTS_LEFT)
                await work.sessions.record(session, free, [failed], move=Move.FAIL)
                return None
            happened = [ev.BuildingStarted()] if before.state is State.QUEUED else []
            change = Change(owner=self.process, attempts=before.attempts + 1)
            return await work.sessions.record(session, free, happened, move=Move.CLAIM, change=change)

    # --- the run and its end ---

    async def _supervise(self, run: Run) -> None:
        """Drive the session to its end, or break it off; the session's keys are struck out of what this logs."""
        with redacting(lambda line: run.journal.redactor(line)):  # the drive opens them later
            await self._see_through(run)

    async def _see_through(self, run: Run) -> None:
        drive = asyncio.create_task(self._drive.run(run.journal), name=f"drive {run.session.id}")
        either: set[asyncio.Future[Any]] = {drive, run.signal}
        try:
            await asyncio.wait(either, timeout=self._limits.budget_s, return_when=asyncio.FIRST_COMPLETED)
            if drive.done():
                # A cancellation that nobody here ordered is the engine's own.
                await self._conclude(run, RuntimeError("cancelled") if drive.cancelled() else drive.exception())
                return
            await self._break_off(drive)
            if not run.signal.done():
                await self._end(run, ev.Failed(reason=_over_budget(self._limits.budget_s)))
            elif run.signal.result() is not Signal.LOST:
                await self._end(run, None)
        finally:
            drive.cancel()

    async def _break_off(self, drive: asyncio.Task[None]) -> None:
        """Cancel what runs; what swallows its cancellation is left behind, where its epoch keeps it from writing."""
        drive.cancel()
        await asyncio.wait({drive}, timeout=self._limits.cancel_wait_s)
        if not drive.done():
            log.error("session.adrift", task=drive.get_name())
            self._adrift.add(drive)
            drive.add_done_callback(self._forget)
        elif not drive.cancelled() and (error := drive.exception()) is not None:
            log.info("session.broke_off", error=repr(error))

    def _forget(self, drive: asyncio.Task[None]) -> None:
        self._adrift.discard(drive)
        if not drive.cancelled():
            drive.exception()  # was seen: nobody has to hear of it

    async def _conclude(self, run: Run, error: BaseException | None) -> None:
        """Record the end that the drive came to by itself."""
        session = run.session.id
        match error:
            case None:
                return
            case StaleEpoch():
                log.info("session.taken_over", session=session, epoch=run.session.epoch)
            case StopAsked():
                await self._end(run, None)
            case TransientError() | Conflict():  # a conflict: a person asked for an end just now
                log.warning("session.broken_off", session=session, error=str(error))
                await self._end(run, None)
            case PermanentError() | UserError():
                log.info("session.failed", session=session, reason=str(error))
                await self._end(run, ev.Failed(reason=str(error)))
            case Exception():
                log.error("session.broke", session=session, exc_info=error)
                await self._end(run, ev.Failed(reason=_UNEXPECTED))
            case _:
                raise error

    async def _end(self, run: Run, failed: ev.Failed | None) -> None:
        """Let go of the session, as often as the database needs to take it.

        A session that a person wants to end is stopped, whatever else happened to it; otherwise it has *failed*, or,
        with None, waits for another claim.
        """
        used = run.journal.take_usage()
        while True:
            try:
                await self._record_end(run, failed, used)
                return
            except StaleEpoch:
                return
            except (Conflict, TransientError) as error:  # a conflict: it began to stop just now
                log.warning("session.end_not_recorded", session=run.session.id, error=str(error))
            if run.signal.done() and run.signal.result() is Signal.LOST:
                return
            await asyncio.sleep(self._limits.retry_s)

    async def _record_end(self, run: Run, failed: ev.Failed | None, used: Usage | None) -> None:
        session, held = run.session.id, run.journal.held
        async with self._uow.begin(run.session.workspace) as work:
            before = await work.sessions.get(session)
            if before is not None and before.state is State.STOPPING:
                happened: list[ev.Event] = [ev.Stopped(by=await stopper(work, session))]
                move, change = Move.HALTED, Change(add_usage=used)
            elif failed is not None:
                happened, move, change = [run.journal.fit(failed)], Move.FAIL, Change(add_usage=used)
            else:
                # A hand-over is no failed attempt; after trouble the claim counts as one.
                handed = run.signal.done()
                attempts = max(before.attempts - 1, 0) if before is not None and handed else None
                happened, move, change = [], Move.LOSE_LEASE, Change(attempts=attempts, add_usage=used)
            after = await work.sessions.record(session, held, happened, move=move, change=change)
            if run.journal.budget is not None:
                await run.journal.budget.settle(work)
            if not after.finished:
                work.wake(session)
            work.ring(TOPIC_RELAY, run.session.workspace)
        log.info("session.let_go", session=session, state=after.state)


def _over_budget(budget_s: float) -> str:
    return f"the work took longer than {budget_s / 60:.0f} minutes. Reply here to let it go on."
