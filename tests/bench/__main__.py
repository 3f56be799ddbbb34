"""`make bench`: how fast Muster is on this machine, on embedded parts with the demo model at zero delay.

Prints a table with the targets; exits 1 when one is missed. Timings depend on the machine and on what else it does, so
no test depends on them.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from core.domain.lifecycle import State
from simulator.slack.person import Shown
from tests.bench.measure import Figure, cpu_s, family, latency, memory_mb, percentile
from tests.support.history_checker import HistoryChecker
from tests.support.room import ASKS, ENDINGS, Room
from tests.support.stage import Stage, embedded

IDLE_S = 15.0
SESSIONS_IN_TURN = 15
COMMANDS_PER_S, COMMANDS_S = 50, 10
SESSIONS_AT_ONCE, THINKING_S = 100, 5.0
FOR_ALL = 10**6
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


async def many_sessions(folder: Path) -> list[Figure]:
    """One process with a hundred sessions at work, each in a call of a model that thinks for a while."""
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(embedded(folder, DEMO_THINKING_S=str(THINKING_S)))
        checker = await stack.enter_async_context(HistoryChecker(stage.slack, stage.database_url))
        await _script(stage)
        rooms = [
            await stage.room() for _ in range(SESSIONS_AT_ONCE // 4)
        ]  # fewer channels than Slack lets us ask about
        for n in range(SESSIONS_AT_ONCE):
            await rooms[n % len(rooms)].ada.command("/agents", f"Task {n}", channel=rooms[n % len(rooms)].name)
        most, memory = 0, 0.0
        while True:
            kept = await checker.sessions()
            if len(kept) == SESSIONS_AT_ONCE and all(session.finished for session in kept):
                break
            most = max(most, len(await stage.model.requests(outcome="running")))
            memory = max(memory, memory_mb(family(stage.workers[0].pid)))
            await asyncio.sleep(0.5)
        calls = len(await stage.model.requests()) / SESSIONS_AT_ONCE
        completed = sum(session.state is State.COMPLETED for session in kept)
        took_s = [(session.ended_at - session.created_at).total_seconds() for session in kept if session.ended_at]
    between_ms = (percentile(took_s, 50) - calls * THINKING_S) / calls * 1000
    about, most_of_them = f"{SESSIONS_AT_ONCE} sessions at once", SESSIONS_AT_ONCE * 0.9
    return [
        Figure(what=f"{about}: completed", value=str(completed), target="all", met=completed == SESSIONS_AT_ONCE),
        Figure(
            what=f"{about}: in a model call at one moment",
            value=str(most),
            target=f"> {most_of_them:.0f}",
            met=most > most_of_them,
        ),
        Figure(what=f"{about}: from one model call to the next", value=f"p50 {between_ms:.0f} ms", target=""),
        Figure(what=f"{about}: memory", value=f"{memory:.0f} MB", target=""),
    ]


async def _script(stage: Stage) -> None:
    """Make every team one of two who ask nobody, so that all work to their end without a person."""
    agents: list[dict[str, Any]] = [
        {"name": name, "role": "Works", "instructions": "Do your part.", "tools": [], "icon": "memo"}
        for name in ("Ana", "Bea")
    ]
    await stage.model.reply(kind="team", times=FOR_ALL, content=json.dumps({"agents": agents}))
    await stage.model.reply(kind="turn", agent="Ana", times=FOR_ALL, content="I have counted four words.")
    await stage.model.reply(kind="turn", agent="Bea", times=FOR_ALL, content="Four words.\nTERMINATE")


BENCHES: dict[str, Callable[[Path], Awaitable[list[Figure]]]] = {
    "idle": idle,
    "latency": one_at_a_time,
    "commands": many_commands,
    "sessions": many_sessions,
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
