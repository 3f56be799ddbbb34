"""Puts a worker process together: models, tools, runner and loops.

Entry points call `open_worker` with the core that they opened and values from the settings; tests call it with others.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from config.providers import Provider, by_name
from core.domain.refs import ProcessId, new_id
from core.ports import Bell, Clock, UnitOfWork
from worker.drive import Drive
from worker.jobs import Worker
from worker.ports import Sandbox
from worker.runner import Runner
from worker.settings import RunLimits, WorkerTimes
from worker.team.model import ModelPool, Patience
from worker.tools.catalog import CATALOG


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
