"""`make bench`: how fast Muster is on this machine, on embedded parts with the demo model at zero delay.

Prints a table with the targets; exits 1 when one is missed. Timings depend on the machine and on what else it does, so
no test depends on them.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from simulator.slack.person import Shown
from tests.bench.measure import Figure, cpu_s, family, latency, memory_mb
from tests.support.room import ASKS, ENDINGS, Room
from tests.support.stage import Stage, embedded

IDLE_S = 15.0
SESSIONS_IN_TURN = 15
COMMANDS_PER_S, COMMANDS_S = 50, 10
PEOPLE = ("ada", "ben", "chloe")


async def idle(folder: Path) -> list[Figure]:
    """What `muster up` costs while nothing happens, after one session has been played."""
    async with embedded(folder) as stage:
        room = await stage.room()
        root = await room.start("warm up")
        await room.ada.reply(await room.until(ASKS, root), "yes")
        await room.until(ENDINGS[0], root)
        await asyncio.sleep(10)  # until the last card is drawn and the pools have come to rest
        pids = family(stage.workers[0].pid)
        before, began = cpu_s(pids), time.monotonic()
        await asyncio.sleep(IDLE_S)
        percent = (cpu_s(pids) - before) / (time.monotonic() - began) * 100
        used = memory_mb(pids)
    return [
        Figure(what="idle: processor", value=f"{percent:.2f} % of a core", target="< 2 %", met=percent < 2),
        Figure(what="idle: memory", value=f"{used:.0f} MB", target="< 250 MB", met=used < 250),
    ]


async def one_at_a_time(folder: Path) -> list[Figure]:
    """What a person waits for: command to first post, reply to the next agent's post."""
    first_ms: list[float] = []
    next_ms: list[float] = []
    async with embedded(folder) as stage:
        for _ in range(SESSIONS_IN_TURN):
            room = await stage.room()
            began = time.monotonic()
            root = await room.start("compare solar and wind")
            first_ms.append((time.monotonic() - began) * 1000)
            question = await room.until(ASKS, root)
            await asyncio.sleep(3.5)  # the channel's bucket of 1 message a second has filled again
            next_ms.append(await _next_post_ms(stage, room, question))
            await room.until(ENDINGS[0], root)
    return [
        latency("command to first post in the thread", first_ms, 50, 400),
        latency("reply to the next agent's post", next_ms, 50, 400),
    ]


async def _next_post_ms(stage: Stage, room: Room, question: Shown) -> float:
    after, began = stage.slack.position, time.monotonic()
    await room.ada.reply(question, "quiet ones")
    await stage.slack.wait_for(
        lambda entry: entry.kind == "message.posted" and bool(entry.data["message"].get("username")), after=after
    )
    return (time.monotonic() - began) * 1000


async def many_commands(folder: Path) -> list[Figure]:
    """Acknowledgement while commands keep coming, each of which starts a session that runs."""
    count = COMMANDS_PER_S * COMMANDS_S
    async with embedded(folder) as stage:
        rooms = [await stage.room() for _ in range(COMMANDS_PER_S)]
        people = [stage.slack.person(name) for name in PEOPLE]

        async def send(n: int) -> float:
            await asyncio.sleep(n / COMMANDS_PER_S)
            room = rooms[n % len(rooms)]
            outcome = await people[n % len(people)].command("/agents", f"task {n}", channel=room.name)
            return outcome.latency_ms if outcome.acked and outcome.latency_ms is not None else 3_000.0

        acked_ms = await asyncio.gather(*(send(n) for n in range(count)))
    missed = sum(value >= 3_000 for value in acked_ms)
    return [
        latency(f"acknowledgement at {COMMANDS_PER_S} commands/s for {COMMANDS_S} s", acked_ms, 99, 250),
        Figure(what="commands not acknowledged", value=str(missed), target="0", met=missed == 0),
    ]


BENCHES: dict[str, Callable[[Path], Awaitable[list[Figure]]]] = {
    "idle": idle,
    "latency": one_at_a_time,
    "commands": many_commands,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
def main(names: tuple[str, ...]) -> None:
    """Run the benchmarks called NAMES, or all."""
    figures = asyncio.run(_run(names or tuple(BENCHES)))
    table = Table("what", "measured", "target", "")
    for figure in figures:
        mark = {None: "", True: "met", False: "[red]missed[/]"}[figure.met]
        table.add_row(figure.what, figure.value, figure.target, mark)
    Console(width=120).print(table)
    sys.exit(any(figure.met is False for figure in figures))


async def _run(names: tuple[str, ...]) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="muster-bench-")))
            figures += await BENCHES[name](folder)
    return figures


if __name__ == "__main__":
    main()
