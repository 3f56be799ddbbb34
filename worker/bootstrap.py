"""Puts a worker process together: models, keys, tools, runner and loops.

Entry points call `find_sandbox`, `open_keyring` and `open_configured` with the settings and the core that they opened;
tests call `make_worker` with other values.
"""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from config.providers import Provider, by_name
from config.secret_values import secret_values
from config.settings import Settings
from core.bootstrap import Core
from core.domain.refs import ProcessId, new_id
from core.ports import TOPIC_KEYS, Bell
from core.service.redaction import Redactor
from worker import keyring as keyrings
from worker.drive import Drive, Workshop
from worker.equipment import open_equipment
from worker.jobs import Worker
from worker.key_trials import KeyTrials
from worker.keyring import Keyring
from worker.model_lists import keep_model_lists, key_trial
from worker.ports import Sandbox
from worker.rotation import lost_keys
from worker.runner import Runner
from worker.sandbox.job import SandboxLimits
from worker.sandbox.probe import probe
from worker.settings import RunLimits, WorkerTimes
from worker.team.model import ModelPool, Patience


async def find_sandbox(settings: Settings, say: Callable[[str], None]) -> Sandbox | None:
    """Where agents' Python can run on this machine; says it, or why there is no such place."""
    report = await probe(_sandbox_cache(settings), at_once=settings.sandbox_at_once)
    if report.sandbox is None:
        say(f"Agents cannot run Python on this machine: {report.why_none}")
    else:
        say(f"Agents' Python runs in {report.sandbox.name}.")
    return report.sandbox


@asynccontextmanager
async def open_configured(
    settings: Settings, core: Core, providers: Sequence[Provider], keyring: Keyring, sandbox: Sandbox | None
) -> AsyncIterator[Worker]:
    """The worker that the settings ask for, ready to `run`; all its connections are closed at the end of the block.

    Raises:
        PermanentError: the private keys open nothing of what people brought.
    """
    await lost_keys(core.uow, keyring)
    known = by_name(providers)
    patience = Patience(total_s=settings.model_timeout_s, call_timeout_s=settings.model_timeout_s / 2)
    async with AsyncExitStack() as stack:
        models = ModelPool(known, patience)
        stack.push_async_callback(models.close)
        shop = Workshop(
            uow=core.uow,
            clock=core.clock,
            policy=core.policy,
            models=models,
            keyring=keyring,
            workspaces=settings.workspaces,
            sandbox=sandbox,
            python_limits=_python_limits(settings),
            equipment=await stack.enter_async_context(open_equipment(settings)),
            redactor=Redactor({*secret_values(settings), *keyring.private_texts}),
        )
        trials = KeyTrials(
            uow=core.uow, clock=core.clock, keyring=keyring, try_key=key_trial(known, settings.tavily_url)
        )
        core.bell.subscribe(TOPIC_KEYS, lambda _: trials.wake())
        yield make_worker(
            shop,
            bell=core.bell,
            redis_url=core.redis_url,
            slots=settings.worker_slots,
            limits=RunLimits(budget_s=settings.session_budget_s, question_reminder_s=settings.question_reminder_s),
            times=WorkerTimes(lease_s=settings.worker_lease_s, queue_ttl_s=settings.queue_ttl_s),
            beside={
                "keys": trials.run,
                "models": partial(keep_model_lists, core.uow, core.clock, providers),
            },
        )


def make_worker(
    shop: Workshop,
    *,
    bell: Bell,
    redis_url: str,
    slots: int,
    limits: RunLimits | None = None,
    times: WorkerTimes | None = None,
    beside: Mapping[str, Callable[[], Awaitable[None]]] | None = None,
) -> Worker:
    """A worker on what *shop* has.

    Args:
        slots: how many sessions run at once.
        beside: what runs as long as the worker does, by name; begun again whenever it breaks.
    """
    limits = limits or RunLimits()
    process = ProcessId(f"worker-{new_id()}")
    return Worker(
        uow=shop.uow,
        bell=bell,
        clock=shop.clock,
        process=process,
        runner=Runner(uow=shop.uow, process=process, drive=Drive(shop, limits), limits=limits),
        slots=slots,
        redis_url=redis_url,
        times=times,
        beside=beside,
    )


def open_keyring(settings: Settings, *, embedded: bool) -> Keyring:
    """The private keys of this deployment; *embedded* makes its own in the data folder where none is configured.

    Raises:
        PermanentError: there is none, or one cannot be used; says what to do.
    """
    keys, file = settings.private_keys.get_secret_value(), settings.private_keys_file
    if embedded and not keys and file is None:
        return keyrings.embedded(settings.data_dir)
    return keyrings.configured(keys, file, public_key=settings.public_key)


def _python_limits(settings: Settings) -> SandboxLimits:
    return SandboxLimits.of(
        memory_mb=settings.sandbox_memory_mb,
        wall_s=settings.sandbox_wall_s,
        cpu_s=settings.sandbox_cpu_s,
        processes=settings.sandbox_processes,
        disk_mb=settings.sandbox_disk_mb,
    )


def _sandbox_cache(settings: Settings) -> Path:
    """Where compiled libraries for agents' Python are kept: with this installation of Python, whose they are."""
    if os.access(sys.prefix, os.W_OK):
        return Path(sys.prefix) / "var" / "muster-sandbox"
    return settings.workspaces / ".sandbox"
