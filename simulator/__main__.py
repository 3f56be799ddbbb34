"""`python -m simulator`: the simulated world as a process of its own, until SIGTERM or Ctrl-C.

For tests and demonstrations that run Muster in several processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

import click

from simulator.discord.platform import BOT_TOKEN as DISCORD_BOT_TOKEN
from simulator.server import Simulator
from simulator.slack.platform import APP_TOKEN, BOT_TOKEN


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, help="Port to listen on; 0 is a free one.")
@click.option("--port-file", type=click.Path(path_type=Path), help="File to write the port to, once it serves.")
@click.option("--model-delay-s", default=0.0, help="Seconds that the demo model thinks before each answer.")
@click.option("--state-folder", type=click.Path(path_type=Path), help="Folder to keep the conversations in.")
@click.option("--trust-host", multiple=True, help="A further host name it may be reached by.")
def main(
    host: str,
    port: int,
    port_file: Path | None,
    model_delay_s: float,
    state_folder: Path | None,
    trust_host: tuple[str, ...],
) -> None:
    """A local Slack, a local Discord and a demo model that speak the real wire protocols."""
    simulator = Simulator(
        host=host, port=port, model_delay_s=model_delay_s, state_folder=state_folder, trusted_hosts=trust_host
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(simulator, port_file))


async def _serve(simulator: Simulator, port_file: Path | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await simulator.start()
    try:
        if port_file is not None:
            _write_whole(port_file, simulator.url.rpartition(":")[2])
        click.echo(f"page       {simulator.url}/")
        click.echo(f"Slack API  {simulator.slack_api_url}  (SLACK_BOT_TOKEN={BOT_TOKEN} SLACK_APP_TOKEN={APP_TOKEN})")
        click.echo(f"Discord    {simulator.discord_api_url}  (DISCORD_BOT_TOKEN={DISCORD_BOT_TOKEN})")
        click.echo(f"           {simulator.discord_gateway_url}")
        click.echo(f"model      {simulator.model_url}")
        await stopped.wait()
    finally:
        await simulator.stop()


def _write_whole(path: Path, text: str) -> None:
    """Write so that a reader sees nothing or all of it."""
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(text)
    part.replace(path)


if __name__ == "__main__":
    main()
