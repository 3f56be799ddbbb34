"""A worker process: takes sessions as slots are free, tells that it lives, and stops what people want stopped.

`muster worker` and `muster up` run one. SQL says what may be claimed and what must stop; ARQ and the bell only make it
look sooner, and neither's trouble ends it.
"""

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import structlog

from core.adapters.arq_queue import WokenWorker
from core.domain.lifecycle import State
from core.domain.refs import ProcessId, SessionId, WorkspaceId
from core.ports import TOPIC_STEER, TOPIC_WORK, Bell, Clock, UnitOfWork
from core.service.recovery import sweep
from worker.runner import Runner
from worker.settings import WorkerTimes

log = structlog.get_logger(__name__)

ROLE = "worker"
_RESTART_S = 1.0
_LONGEST_RESTART_S = 30.0
_PAUSE_S = 0.01  # between two claims
_PROMPT_S = 0.02  # later than this, the process has too much to do to take more
_MOST_PAUSES = 100


class Worker:
    """One worker process; `run` it, and end it with `stop`."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        bell: Bell,
        clock: Clock,
        process: ProcessId,
        runner: Runner,
        slots: int,
        redis_url: str,
        times: WorkerTimes | None = None,
        beside: Mapping[str, Callable[[], Awaitable[None]]] | None = None,
    ) -> None:
        """Starts nothing yet.

        Args:
            process: new with each start; the runner's too.
            slots: how many sessions run here at once, whoever brings them.
            redis_url: where ARQ's queue is.
            beside: what else runs as long as the worker does, by name.
        """
        self._uow = uow
        self._bell = bell
        self._clock = clock
        self._process = process
        self._runner = runner
        self._slots = slots
        self._redis_url = redis_url
        self._times = times or WorkerTimes()
        self._beside = beside or {}
        self._look = asyncio.Event()  # there may be something to claim
        self._beat = asyncio.Event()  # there may be something to stop
        self._stopping = asyncio.Event()
        self._working: dict[SessionId, asyncio.Task[None]] = {}
        self._known: dict[SessionId, WorkspaceId] = {}  # what this process tried to claim since it last looked
        self._lease_until = 0.0  # by the loop's time
        self._arq: WokenWorker | None = None

    @property
    def running(self) -> int:
        """How many sessions run here now."""
        return len(self._runner.held)

    @property
    def alive(self) -> bool:
        """Whether the process holds its lease, without which it takes nothing."""
        return asyncio.get_running_loop().time() < self._lease_until

    async def run(self) -> None:
        """Work until `stop` is called or the task is cancelled."""
        _tune_garbage_collection()
        self._bell.subscribe(TOPIC_WORK, self._on_work)
        self._bell.subscribe(TOPIC_STEER, lambda _session: self._beat.set())
        loops: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("lease", self._keep_lease),
            ("claims", self._keep_claiming),
            ("sweep", self._keep_sweeping),
            ("queue", self._listen_to_queue),
            *self._beside.items(),
        ]
        tasks = [asyncio.create_task(_supervised(name, loop), name=name) for name, loop in loops]
        log.info("worker.started", process=self._process, slots=self._slots)
        try:
            await self._stopping.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(self._close(), asyncio.wait(tasks, timeout=self._times.hand_back_s))

    def stop(self) -> None:
        """Let `run` return: sessions are handed back, the lease is released, within `WorkerTimes.hand_back_s`."""
        self._stopping.set()

    async def work_on_session(self, _ctx: dict[Any, Any], session: str) -> None:
        """ARQ's job: a wake-up for *session*, which the claims loop finds in SQL, the longest waiting first."""
        self._look.set()

    def _on_work(self, payload: str) -> None:
        self._look.set()
        if self._arq is not None:
            self._arq.poll_soon(payload)

    # --- the loops ---

    async def _keep_lease(self) -> None:
        while True:
            await self._heartbeat()
            # Three renewals a lease at least: one may come late and one may be lost.
            await _rung(self._beat, min(self._times.renew_s, self._times.lease_s / 3))

    async def _heartbeat(self) -> None:
        """Renew the lease, and stop what SQL says must stop. Nothing else may hold this up."""
        times, loop = self._times, asyncio.get_running_loop()
        asked_at = loop.time()
        ran_before = self._runner.held
        try:
            async with asyncio.timeout(max(self._lease_until - asked_at, times.renew_s)):
                async with self._uow.across() as across:
                    renewed = await across.renew(ROLE, self._process, self._process, times.lease_s)
                    held = dict(await across.held_by(self._process))
        except Exception as error:
            log.warning("worker.lease_not_renewed", error=repr(error))
            if not self.alive:
                self._lose_all()
            return
        if renewed:
            if not self.alive:
                self._look.set()  # claims waited for the lease
            self._lease_until = asked_at + times.lease_s
        self._compare(ran_before, held)

    def _compare(self, ran_before: frozenset[SessionId], held: dict[SessionId, State]) -> None:
        """Bring what runs here together with what SQL says that this process holds."""
        for session in ran_before - held.keys():
            self._runner.lose(session)  # it ended just now, or another process took it over
        for session, state in held.items():
            if state is State.STOPPING:
                self._runner.stop(session)
            if session not in ran_before and session not in self._working and session in self._known:
                # The claim was committed, but its answer was lost.
                release = self._runner.release(self._known[session], session)
                self._begin(session, release)
        self._known = {session: self._known[session] for session in self._known if session in self._working}

    async def _keep_claiming(self) -> None:
        while True:
            if self.alive:
                await self._claim_some()
            await _rung(self._look, self._times.poll_s * random.uniform(0.8, 1.2))

    async def _claim_some(self) -> None:
        free = self._slots - len(self._working)
        if free <= 0:
            return
        async with self._uow.across() as across:
            found = await across.claimable(free)
        for workspace, session in found:
            if session not in self._working:
                self._known[session] = workspace
                self._begin(session, self._runner.work(workspace, session))
                await _until_prompt()

    def _begin(self, session: SessionId, work: Coroutine[Any, Any, bool]) -> None:
        self._working[session] = asyncio.create_task(self._until_done(session, work), name=f"work {session}")

    async def _until_done(self, session: SessionId, work: Coroutine[Any, Any, bool]) -> None:
        try:
            if await work:
                self._look.set()  # a slot is free
        except Exception:
            log.exception("worker.run_broke", session=session)
        finally:
            del self._working[session]

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(self._times.sweep_s * random.uniform(0.8, 1.2))
            await sweep(self._uow, self._clock, queue_ttl_s=self._times.queue_ttl_s)

    async def _listen_to_queue(self) -> None:
        arq = WokenWorker(self.work_on_session, self._redis_url, name=self._process, max_jobs=self._slots)
        self._arq = arq
        try:
            await arq.main()
        finally:
            await arq.close()

    # --- the end ---

    def _lose_all(self) -> None:
        for session in self._runner.held:
            log.warning("session.lost", session=session)
            self._runner.lose(session)

    async def _close(self) -> None:
        await self._runner.hand_back(timeout_s=self._times.hand_back_s)
        left = list(self._working.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        try:
            async with asyncio.timeout(self._times.hand_back_s), self._uow.across() as across:
                await across.release(ROLE, self._process, self._process)
        except Exception as error:
            log.warning("worker.lease_not_released", error=repr(error))
        log.info("worker.stopped", process=self._process)


async def _supervised(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """Run *loop* for ever, beginning again with growing pauses whenever it breaks."""
    pause_s = _RESTART_S
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await loop()
        except Exception as error:
            log.warning("worker.loop_broke", loop=name, error=repr(error))
        if asyncio.get_running_loop().time() - started > _LONGEST_RESTART_S:
            pause_s = _RESTART_S
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
        pause_s = min(pause_s * 2, _LONGEST_RESTART_S)


async def _rung(event: asyncio.Event, timeout_s: float) -> None:
    """Return when *event* is set, which is then cleared, or after *timeout_s*."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
    event.clear()


async def _until_prompt() -> None:
    """Return when this process does what is due without delay: people who wait come before more work."""
    loop = asyncio.get_running_loop()
    for _ in range(_MOST_PAUSES):
        due = loop.time() + _PAUSE_S
        await asyncio.sleep(_PAUSE_S)
        if loop.time() - due < _PROMPT_S:
            return


def _tune_garbage_collection() -> None:
    """What is imported by now never dies: keep the collector away from it (a tenth of a busy worker's time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
