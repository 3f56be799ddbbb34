"""The `muster` command: one function a process, and `up`, which runs them all in one.

The only module that may import everything. It reads the settings, puts the pieces together, and ends them cleanly.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import SecretStr, ValidationError
from rich.console import Console

from config.logging import configure
from config.providers import ProviderNotReady
from config.secret_values import secret_values
from config.settings import Settings
from core.errors import MusterError, PermanentError
from core.running import serve, until_stopped
from worker.keys_command import keys_group

# Each process imports its own parts when it starts: the engine alone costs a worker a second and 60 MB, and bots have
# no use for it.
if TYPE_CHECKING:
    from simulator.server import Simulator
    from worker.seat import Seat

Say = Callable[[str], None]
Play = Callable[[str, Console, Path, Callable[[str], str] | None], Awaitable[None]]
"""Plays a session: gets the simulator's URL, the terminal, a folder for files, and what asks the person there."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="muster", message="muster %(version)s")
def main() -> None:
    """Teams of AI agents that work in your chat threads, in the open, and ask you when they need you."""


@main.command()
def up() -> None:
    """Run everything in this process; what is not configured is embedded or simulated."""
    settings = _settings()
    _log(settings)
    _run(until_stopped(lambda stopped: _up(settings, stopped)))


@main.command()
def bots() -> None:
    """Serve the chat platforms: record what people ask, show what happens."""
    settings = _settings()
    _log(settings)
    _run(until_stopped(lambda stopped: _bots(settings, stopped)))


@main.command()
def worker() -> None:
    """Take sessions and let their teams work."""
    settings = _settings()
    _log(settings)
    _run(until_stopped(lambda stopped: _worker(settings, stopped)))


@main.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    settings = _settings()
    _log(settings)
    from core.bootstrap import migrate_database

    _run(migrate_database(settings))
    click.echo("The database has this version's schema.")


@main.command()
@click.option("--task", default="", help="What the team should do; by default something about power for a town.")
@click.option("--files", type=click.Path(path_type=Path), help="Folder for the session's files; default: a new one.")
@click.option("--platform", type=click.Choice(["slack", "discord", "both"]), default="slack", help="Where to play it.")
@click.option("--tour", is_flag=True, help="A longer one: a file, a search, a price, a plot, an approval, choices.")
def demo(task: str, files: Path | None, platform: str, tour: bool) -> None:
    """Play one session in this terminal, on embedded and simulated parts, and end."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="muster-demo-") as folder:
        configure(level="warning", form="text")
        settings = Settings(
            data_dir=Path(folder), database_url="", redis_url="", workspaces_dir=None, simulator_port=0
        ).model_copy(update=_simulated_only())
        saved = files or Path(tempfile.mkdtemp(prefix="muster-files-"))
        play = _tour(platform) if tour else _session(platform, task)
        _run(until_stopped(lambda stopped: _demo(settings, console, play, saved, stopped)))


def _session(platform: str, task: str) -> "Play":
    from simulator.demo import TASK, play_on

    return lambda url, console, files, ask: play_on(platform, url, task or TASK, console, files=files, ask=ask)


def _tour(platform: str) -> "Play":
    from simulator.tour import tour_on

    return lambda url, console, files, ask: tour_on(platform, url, console, files=files, ask=ask)


def _simulated_only() -> dict[str, Any]:
    """The settings that keep a demonstration away from real accounts, whatever the environment holds."""
    secrets = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    outside = {"ollama_base_url", "model_base_url", "default_provider", "default_model_name"}
    return (
        dict.fromkeys(secrets, SecretStr(""))
        | dict.fromkeys(outside, "")
        | {"private_keys_file": None, "query_databases": {}}
    )


main.add_command(keys_group(lambda: _settings(), lambda work: _run(work)))


# --- processes


async def _up(settings: Settings, stopped: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        simulator, running = await _everything(stack, settings, click.echo)
        _say_where(settings, simulator, click.echo)
        await serve(running, stopped)
        click.echo("\nStopping; what is unfinished goes on at the next start.")


async def _bots(settings: Settings, stopped: asyncio.Event) -> None:
    if not settings.has_chat:
        raise PermanentError("Set SLACK_BOT_TOKEN and SLACK_APP_TOKEN, or DISCORD_BOT_TOKEN: there is no one to serve.")
    if not (settings.has_model or settings.default_provider):
        raise PermanentError(
            "Set DEFAULT_PROVIDER to the provider that workers have a key for: bots are given no keys."
        )
    from bots.bootstrap import open_bots
    from core.bootstrap import open_core

    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(settings, redis_url=_redis_url(settings)))
        serving = await stack.enter_async_context(open_bots(settings, core))
        click.echo(f"Serving {' and '.join(bot.name for bot in serving)}.")
        await serve([bot.run for bot in serving], stopped)


async def _worker(settings: Settings, stopped: asyncio.Event) -> None:
    from core.bootstrap import open_core
    from worker.bootstrap import find_sandbox, open_configured, open_keyring

    keyring = open_keyring(settings, embedded=False)
    providers = settings.providers()
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(settings, redis_url=_redis_url(settings)))
        sandbox = await find_sandbox(settings, click.echo)
        working = await stack.enter_async_context(open_configured(settings, core, providers, keyring, sandbox))
        click.echo("Ready for sessions.")
        await serve([working.run], stopped)


async def _demo(settings: Settings, console: Console, play: "Play", files: Path, stopped: asyncio.Event) -> None:
    from simulator.demo import DemoFailed

    def ask(prompt: str) -> str:
        return console.input(f"[bold green]{prompt}:[/] ")

    async with AsyncExitStack() as stack:
        console.print(
            "[dim]Starting a simulated Slack and Discord, a scripted demo model, a database, a queue and a sandbox.[/]"
        )
        simulator, running = await _everything(stack, settings, lambda line: console.print(f"[dim]{line}[/]"))
        assert simulator is not None  # nothing else is configured here
        person = ask if sys.stdin.isatty() else None
        playing = asyncio.ensure_future(play(simulator.url, console, files, person))
        playing.add_done_callback(lambda _: stopped.set())
        try:
            await serve(running, stopped)
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
    from bots.bootstrap import open_bots
    from core.bootstrap import embedded_redis, forget_processes, migrate_database, open_core
    from worker.bootstrap import find_sandbox, open_configured, open_keyring
    from worker.seat import Seat

    keyring = open_keyring(settings, embedded=True)
    seat = Seat()
    simulator: Simulator | None = None
    if not (settings.has_chat and settings.has_model):
        simulator = await stack.enter_async_context(_simulator(settings, seat))
    if simulator is not None:
        settings = settings.model_copy(update=_simulated_by(simulator, settings))
    providers = settings.providers(simulator.model_url if simulator else "")
    redis_url = settings.redis_url or await stack.enter_async_context(embedded_redis(settings))
    await migrate_database(settings)
    if not (settings.redis_url or settings.database_url):
        await forget_processes(settings)  # the embedded server's lock says that nobody else is here
    core = await stack.enter_async_context(open_core(settings, redis_url=redis_url))
    sandbox = await find_sandbox(settings, say)
    serving = await stack.enter_async_context(open_bots(settings, core, sealer=keyring.sealer))
    work = partial(seat.run, partial(open_configured, settings, core, providers, keyring, sandbox))
    return simulator, [work, *(bot.run for bot in serving)]


def _simulated_by(simulator: "Simulator", settings: Settings) -> dict[str, Any]:
    """The settings that put the simulator in place of what is not configured: platforms, and the web of the demo."""
    from simulator.discord.platform import BOT_TOKEN as DISCORD_BOT_TOKEN
    from simulator.slack.platform import APP_TOKEN, BOT_TOKEN

    chat = {
        "slack_bot_token": SecretStr(BOT_TOKEN),
        "slack_app_token": SecretStr(APP_TOKEN),
        "slack_api_url": simulator.slack_api_url,
        "discord_bot_token": SecretStr(DISCORD_BOT_TOKEN),
        "discord_api_url": simulator.discord_api_url,
        "discord_gateway_url": simulator.discord_gateway_url,
    }
    here = simulator.url.rpartition("/")[2]
    web: dict[str, Any] = {
        "coingecko_url": f"{simulator.web_url}/coingecko/api/v3",
        "web_private_hosts": ",".join(filter(None, [settings.web_private_hosts, here])),
    }
    if not settings.tavily_api_key.get_secret_value():
        web |= {"tavily_url": f"{simulator.web_url}/tavily", "tavily_api_key": SecretStr("tvly-simulated")}
    if not settings.image_api_key.get_secret_value():
        web |= {"image_base_url": simulator.model_url, "image_api_key": SecretStr("demo")}
    return ({} if settings.has_chat else chat) | ({} if settings.has_model else web)


@asynccontextmanager
async def _simulator(settings: Settings, seat: "Seat") -> AsyncIterator["Simulator"]:
    from simulator.server import Simulator

    def at(port: int) -> Simulator:
        kept = settings.data_dir / "simulator"
        return Simulator(
            port=port,
            model_delay_s=settings.demo_thinking_s,
            state_folder=kept,
            on_restart_worker=seat.replace,
        )

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


# --- running and ending


def _run(work: Any) -> None:
    try:
        asyncio.run(work)
    except (MusterError, ProviderNotReady) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise click.Abort from None


def _log(settings: Settings) -> None:
    from core.service.redaction import Redactor

    configure(level=settings.log_level, form=settings.log_format, redact=Redactor(secret_values(settings)))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise click.ClickException(f"These settings cannot be used: {wrong}.") from None


def _platforms(settings: Settings) -> tuple[tuple[str, bool], ...]:
    return ("Slack", settings.has_slack), ("Discord", settings.has_discord)


def _redis_url(settings: Settings) -> str:
    if not settings.redis_url:
        raise PermanentError("Set REDIS_URL: processes of their own need a Redis that all of them reach.")
    return settings.redis_url


def _say_where(settings: Settings, simulator: "Simulator | None", say: Say) -> None:
    say("")
    if simulator is not None and not settings.has_chat:
        say(f"  Chat      {simulator.url}/  (simulated Slack and Discord: open it and type /agents)")
    else:
        real = " and ".join(name for name, is_set in _platforms(settings) if is_set)
        say(f"  Chat      your {real}: type /agents there")
    provider, model = settings.default_model
    say(f"  Model     {provider} / {model}" + ("" if settings.has_model else "  (a script, not an AI)"))
    say(f"  Data      {settings.data_dir.resolve()}")
    say("\nCtrl-C stops it.")


if __name__ == "__main__":
    main()
