"""Puts a worker process together: models, tools, runner and loops.

Entry points call `find_sandbox` and `open_configured` with the settings and the core that they opened; tests call
`open_worker` with other values.
"""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from config.providers import Provider, by_name
from config.settings import Settings
from core.bootstrap import Core
from core.domain.refs import ProcessId, new_id
from core.ports import Bell, Clock, UnitOfWork
from worker.drive import Drive
from worker.jobs import Worker
from worker.ports import Sandbox
from worker.runner import Runner
from worker.sandbox.probe import probe
from worker.settings import RunLimits, WorkerTimes
from worker.team.model import ModelPool, Patience
from worker.tools.catalog import CATALOG


async def find_sandbox(settings: Settings, say: Callable[[str], None]) -> Sandbox | None:
    """Where agents' Python can run on this machine; says it, or why there is no such place."""
    report = await probe(_sandbox_cache(settings))
    if report.sandbox is None:
        say(f"Agents cannot run Python on this machine: {report.why_none}")
    else:
        say(f"Agents' Python runs in {report.sandbox.name}.")
    return report.sandbox


def open_configured(
    settings: Settings, core: Core, provider: Provider, sandbox: Sandbox | None
) -> AbstractAsyncContextManager[Worker]:
    """The worker that the settings ask for; see `open_worker`."""
    return open_worker(
        uow=core.uow,
        bell=core.bell,
        clock=core.clock,
        redis_url=core.redis_url,
        providers=[provider],
        sandbox=sandbox,
        workspaces=settings.workspaces,
        slots=settings.worker_slots,
        limits=RunLimits(budget_s=settings.session_budget_s),
        times=WorkerTimes(lease_s=settings.worker_lease_s, queue_ttl_s=settings.queue_ttl_s),
        patience=Patience(total_s=settings.model_timeout_s, call_timeout_s=settings.model_timeout_s / 2),
    )


def _sandbox_cache(settings: Settings) -> Path:
    """Where compiled libraries for agents' Python are kept: with this installation of Python, whose they are."""
    if os.access(sys.prefix, os.W_OK):
        return Path(sys.prefix) / "var" / "muster-sandbox"
    return settings.workspaces / ".sandbox"


@asynccontextmanager
async def open_worker(
    *,
    uow: UnitOfWork,
    bell: Bell,
    clock: Clock,
    redis_url: str,
    providers: Iterable[Provider],
    sandbox: Sandbox | None,
    workspaces: Path,
    slots: int,
    limits: RunLimits | None = None,
    times: WorkerTimes | None = None,
    patience: Patience | None = None,
) -> AsyncIterator[Worker]:
    """A worker that is ready to `run`; the connections to the models are closed at the end of the block.

    Args:
        sandbox: None when agents' code cannot be isolated on this machine; it is refused then.
        workspaces: the folder of the sessions' working folders.
        slots: how many sessions run at once.
    """
    limits = limits or RunLimits()
    process = ProcessId(f"worker-{new_id()}")
    models = ModelPool(by_name(providers), patience)
    drive = Drive(
        clock=clock,
        models=models,
        catalog=CATALOG,
        sandbox=sandbox,
        workspaces=workspaces,
        tool_calls_per_turn=limits.tool_calls_per_turn,
    )
    runner = Runner(uow=uow, process=process, drive=drive, limits=limits)
    try:
        yield Worker(
            uow=uow,
            bell=bell,
            clock=clock,
            process=process,
            runner=runner,
            slots=slots,
            redis_url=redis_url,
            times=times,
        )
    finally:
        await models.close()
