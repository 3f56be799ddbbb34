"""The `muster` command: one function a process, and `up`, which runs them all in one.

The only module that may import everything. It reads the settings, puts the pieces together, and ends them cleanly.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import SecretStr, ValidationError
from rich.console import Console

from config.logging import configure
from config.providers import Provider, ProviderNotReady
from config.settings import Settings
from core.errors import MusterError, PermanentError

# Each process imports its own parts when it starts: the engine alone costs a worker a second and 60 MB, and bots have
# no use for it.
if TYPE_CHECKING:
    from bots.slack.app import SlackBot
    from core.bootstrap import Core
    from simulator.server import Simulator
    from worker.jobs import Worker

Say = Callable[[str], None]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="muster", message="muster %(version)s")
def main() -> None:
    """Teams of AI agents that work in your chat threads, in the open, and ask you when they need you."""


@main.command()
def up() -> None:
    """Run everything in this process; what is not configured is embedded or simulated."""
    settings = _settings()
    configure(level=settings.log_level, form=settings.log_format)
    _run(_until_stopped(lambda stopped: _up(settings, stopped)))


@main.command()
def bots() -> None:
    """Serve the chat platforms: record what people ask, show what happens."""
    settings = _settings()
    configure(level=settings.log_level, form=settings.log_format)
    _run(_until_stopped(lambda stopped: _bots(settings, stopped)))


@main.command()
def worker() -> None:
    """Take sessions and let their teams work."""
    settings = _settings()
    configure(level=settings.log_level, form=settings.log_format)
    _run(_until_stopped(lambda stopped: _worker(settings, stopped)))


@main.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    settings = _settings()
    configure(level=settings.log_level, form=settings.log_format)
    from core.bootstrap import migrate_database

    _run(migrate_database(settings))
    click.echo("The database has this version's schema.")


@main.command()
@click.option("--task", default="", help="What the team should do; by default something about power for a town.")
@click.option("--files", type=click.Path(path_type=Path), help="Folder for the session's files; default: a new one.")
def demo(task: str, files: Path | None) -> None:
    """Play one session in this terminal, on embedded and simulated parts, and end."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="muster-demo-") as folder:
        configure(level="warning", form="text")
        settings = Settings(
            data_dir=Path(folder), database_url="", redis_url="", workspaces_dir=None, simulator_port=0
        ).model_copy(update=_simulated_only())
        saved = files or Path(tempfile.mkdtemp(prefix="muster-files-"))
        _run(_until_stopped(lambda stopped: _demo(settings, console, task, saved, stopped)))


def _simulated_only() -> dict[str, Any]:
    """The settings that keep a demonstration away from real accounts, whatever the environment holds."""
    empty = SecretStr("")
    return {"slack_bot_token": empty, "slack_app_token": empty, "model_base_url": "", "model_api_key": empty}


# --- processes


async def _up(settings: Settings, stopped: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        simulator, running = await _everything(stack, settings, click.echo)
        _say_where(settings, simulator, click.echo)
        await _serve(running, stopped)
        click.echo("\nStopping; what is unfinished goes on at the next start.")


async def _bots(settings: Settings, stopped: asyncio.Event) -> None:
    if not settings.has_slack:
        raise PermanentError("Set SLACK_BOT_TOKEN and SLACK_APP_TOKEN: there is no chat platform to serve.")
    from core.bootstrap import open_core

    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(settings, redis_url=_redis_url(settings)))
        bot = await stack.enter_async_context(_slack_bot(settings, core))
        click.echo(f"Serving {bot.workspace}.")
        await _serve([bot.run], stopped)


async def _worker(settings: Settings, stopped: asyncio.Event) -> None:
    from core.bootstrap import open_core

    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(settings, redis_url=_redis_url(settings)))
        working = await stack.enter_async_context(_ready_worker(settings, core, settings.provider(), click.echo))
        click.echo("Ready for sessions.")
        await _serve([working.run], stopped)


async def _demo(settings: Settings, console: Console, task: str, files: Path, stopped: asyncio.Event) -> None:
    from simulator.demo import TASK, Demo, DemoFailed
    from simulator.slack.person import SlackControl

    def ask(prompt: str) -> str:
        return console.input(f"[bold green]{prompt}:[/] ")

    async with AsyncExitStack() as stack:
        console.print("[dim]Starting a simulated Slack, a scripted demo model, a database, a queue and a sandbox.[/]")
        simulator, running = await _everything(stack, settings, lambda line: console.print(f"[dim]{line}[/]"))
        assert simulator is not None  # nothing else is configured here
        slack = await stack.enter_async_context(SlackControl(simulator.url))
        play = Demo(slack, console, files=files, ask=ask if sys.stdin.isatty() else None)
        playing = asyncio.create_task(play.play(task or TASK))
        playing.add_done_callback(lambda _: stopped.set())
        try:
            await _serve(running, stopped)
        finally:
            playing.cancel()
        if playing.done() and not playing.cancelled():
            try:
                playing.result()
            except (DemoFailed, TimeoutError) as error:
                raise PermanentError(f"The demo did not go as it should: {error}") from error
        console.print(f"\n[bold]That was one session.[/] Its files are in {files}. Now try it yourself: make run")


async def _everything(
    stack: AsyncExitStack, settings: Settings, say: Say
) -> tuple["Simulator | None", list[Callable[[], Awaitable[None]]]]:
    """All parts in this process; returns what has to run."""
    from core.bootstrap import forget_processes, migrate_database, open_core
    from simulator.slack.platform import APP_TOKEN, BOT_TOKEN

    simulator: Simulator | None = None
    if not (settings.has_slack and settings.has_model):
        simulator = await stack.enter_async_context(_simulator(settings))
    if simulator is not None and not settings.has_slack:
        settings = settings.model_copy(
            update={
                "slack_bot_token": SecretStr(BOT_TOKEN),
                "slack_app_token": SecretStr(APP_TOKEN),
                "slack_api_url": simulator.slack_api_url,
            }
        )
    provider = settings.provider(simulator.model_url if simulator else "")
    redis_url = settings.redis_url or await stack.enter_async_context(_embedded_redis(settings))
    await migrate_database(settings)
    if not (settings.redis_url or settings.database_url):
        await forget_processes(settings)  # the embedded server's lock says that nobody else is here
    core = await stack.enter_async_context(open_core(settings, redis_url=redis_url))
    working = await stack.enter_async_context(_ready_worker(settings, core, provider, say))
    bot = await stack.enter_async_context(_slack_bot(settings, core))
    return simulator, [working.run, bot.run]


@asynccontextmanager
async def _simulator(settings: Settings) -> AsyncIterator["Simulator"]:
    from simulator.server import Simulator

    def at(port: int) -> Simulator:
        kept = settings.data_dir / "simulator"
        return Simulator(port=port, model_delay_s=settings.demo_thinking_s, state_folder=kept)

    simulator = at(settings.simulator_port)
    try:
        await simulator.start()
    except OSError:
        simulator = at(0)
        await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


@asynccontextmanager
async def _embedded_redis(settings: Settings) -> AsyncIterator[str]:
    from core.adapters.embedded_valkey import EmbeddedValkey

    valkey = EmbeddedValkey(settings.data_dir.resolve() / "valkey")
    await valkey.start()
    try:
        yield valkey.dsn
    finally:
        await valkey.stop()


@asynccontextmanager
async def _ready_worker(settings: Settings, core: "Core", provider: Provider, say: Say) -> AsyncIterator["Worker"]:
    from worker.bootstrap import open_worker
    from worker.sandbox.probe import probe
    from worker.settings import RunLimits, WorkerTimes
    from worker.team.model import Patience

    report = await probe(_sandbox_cache(settings))
    if report.sandbox is None:
        say(f"Agents cannot run Python on this machine: {report.why_none}")
    else:
        say(f"Agents' Python runs in {report.sandbox.name}.")
    async with open_worker(
        uow=core.uow,
        bell=core.bell,
        clock=core.clock,
        redis_url=core.redis_url,
        providers=[provider],
        sandbox=report.sandbox,
        workspaces=settings.workspaces,
        slots=settings.worker_slots,
        limits=RunLimits(budget_s=settings.session_budget_s),
        times=WorkerTimes(lease_s=settings.worker_lease_s, queue_ttl_s=settings.queue_ttl_s),
        patience=Patience(total_s=settings.model_timeout_s, call_timeout_s=settings.model_timeout_s / 2),
    ) as working:
        yield working


def _sandbox_cache(settings: Settings) -> Path:
    """Where compiled libraries for agents' Python are kept: with this installation of Python, whose they are."""
    if os.access(sys.prefix, os.W_OK):
        return Path(sys.prefix) / "var" / "muster-sandbox"
    return settings.workspaces / ".sandbox"


def _slack_bot(settings: Settings, core: "Core") -> AbstractAsyncContextManager["SlackBot"]:
    from bots.bootstrap import open_slack
    from bots.delivery import Patience
    from bots.slack.app import SlackAccess
    from core.service.decisions import Defaults

    provider, model = settings.default_model
    return open_slack(
        access=SlackAccess(
            bot_token=settings.slack_bot_token.get_secret_value(),
            app_token=settings.slack_app_token.get_secret_value(),
            api_url=settings.slack_api_url,
        ),
        uow=core.uow,
        bell=core.bell,
        clock=core.clock,
        policy=core.policy,
        defaults=Defaults(provider=provider, model=model, max_rounds=settings.max_rounds),
        patience=Patience(reconcile_after_s=settings.reconcile_after_s),
        lease_s=settings.sender_lease_s,
    )


# --- running and ending


async def _serve(running: list[Callable[[], Awaitable[None]]], stopped: asyncio.Event) -> None:
    """Run the parts until *stopped*; a part that ends by itself ends the process with its error."""
    tasks = [asyncio.ensure_future(run()) for run in running]
    until = asyncio.create_task(stopped.wait())
    try:
        done, _ = await asyncio.wait([*tasks, until], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {until}:
            await task
    finally:
        for task in (*tasks, until):
            task.cancel()
        await asyncio.gather(*tasks, until, return_exceptions=True)


async def _until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run *work* with an event that SIGTERM and the first Ctrl-C set; a second Ctrl-C ends at once."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        stopped.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    await work(stopped)


def _run(work: Any) -> None:
    try:
        asyncio.run(work)
    except (MusterError, ProviderNotReady) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise click.Abort from None


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise click.ClickException(f"These settings cannot be used: {wrong}.") from None


def _redis_url(settings: Settings) -> str:
    if not settings.redis_url:
        raise PermanentError("Set REDIS_URL: processes of their own need a Redis that all of them reach.")
    return settings.redis_url


def _say_where(settings: Settings, simulator: "Simulator | None", say: Say) -> None:
    say("")
    if simulator is not None and not settings.has_slack:
        say(f"  Chat      {simulator.url}/  (simulated Slack: open it and type /agents)")
    else:
        say("  Chat      your Slack workspace: type /agents there")
    provider, model = settings.default_model
    say(f"  Model     {provider} / {model}" + ("" if settings.has_model else "  (a script, not an AI)"))
    say(f"  Data      {settings.data_dir.resolve()}")
    say("\nCtrl-C stops it.")


if __name__ == "__main__":
    main()
