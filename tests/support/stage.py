"""A whole Muster in processes of its own, with the simulated Slack and the demo model around it.

Flow, chaos and bench suites use it. `embedded` is `muster up` on SQLite and its own Valkey; `distributed` is PostgreSQL,
a Valkey over TCP, and bots and workers as separate processes. Tests speak to it as people do, and as the control API
lets them.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from config.settings import Settings
from simulator.slack.person import Person, Shown, SlackControl
from simulator.slack.platform import APP_TOKEN, BOT_TOKEN
from tests.support.postgres import PostgresServer
from tests.support.processes import Child
from tests.support.valkey import ValkeyServer

QUICK = {
    "MAX_ACTIVE_PER_USER": "1000",
    "MAX_ACTIVE_PER_WORKSPACE": "1000",
    "WORKER_LEASE_S": "3",
    "SENDER_LEASE_S": "6",
    "RECONCILE_AFTER_S": "1",
    "DEMO_THINKING_S": "0",
    "SIMULATOR_PORT": "0",
}
"""Settings that let tests see in seconds what takes minutes in a company."""

ASKS = "Reply in this thread to answer"
COMPLETED = "✅ Completed"


class ModelControl:
    """What the demo model is ordered to do (`simulator.model.orders`)."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = f"{url}/control/model"

    async def fault(self, fault: str, **order: Any) -> None:
        """Let the next matching request fail; *order*: times, kind, agent, text, status, delay_s ..."""
        await self._post("faults", {"fault": fault, **order})

    async def reply(self, **order: Any) -> None:
        """Answer the next matching request with these words or tool calls."""
        await self._post("replies", order)

    async def requests(self) -> list[dict[str, Any]]:
        """What it was asked, oldest first."""
        async with self._http.get(f"{self._url}/requests") as response:
            body = await response.json()
        return list(body["requests"])

    async def clear(self) -> None:
        """Lift all orders."""
        for kind in ("faults", "replies"):
            async with self._http.delete(f"{self._url}/{kind}") as response:
                response.raise_for_status()

    async def _post(self, kind: str, body: Mapping[str, Any]) -> None:
        async with self._http.post(f"{self._url}/{kind}", json=body) as response:
            assert response.status < 300, await response.text()


@dataclass(kw_only=True)
class Stage:
    """What tests hold of a running Muster."""

    url: str  # the simulator's
    database_url: str
    slack: SlackControl
    model: ModelControl
    env: dict[str, str]
    bots: list[Child] = field(default_factory=list)
    workers: list[Child] = field(default_factory=list)  # the same process as `bots` where there is but one
    valkey: ValkeyServer | None = None
    postgres: PostgresServer | None = None
    simulator: Child | None = None

    async def room(self) -> "Room":
        """A channel of a test's own, with three people and Muster in it."""
        name = f"room-{uuid4().hex[:8]}"
        await self.slack.person("ada").create_channel(name, members=("ben", "chloe", "muster"))
        return Room(self, name)


class Room:
    """One channel, and what is said in it."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.name = name
        self.ada: Person = stage.slack.person("ada")
        self.ben: Person = stage.slack.person("ben")

    async def start(self, task: str, *, by: Person | None = None) -> Shown:
        """Type `/agents <task>`; returns the root of the thread that opens."""
        after = self.stage.slack.position
        outcome = await (by or self.ada).command("/agents", task, channel=self.name)
        assert outcome.acked, outcome
        return await self.stage.slack.wait_for_message(channel=self.name, after=after, timeout_s=20)

    async def until(self, containing: str, root: Shown, *, after: int = 0, timeout_s: float = 40) -> Shown:
        """The first message of the thread, now or to come, with that in it."""
        return await self.stage.slack.wait_for_message(
            containing=containing, channel=self.name, thread_ts=root.ts, after=after, timeout_s=timeout_s
        )

    async def until_card(self, containing: str, root: Shown, *, timeout_s: float = 20) -> None:
        """Wait until the status card says *containing*."""

        async def says() -> bool:
            [card, *_] = await self.stage.slack.thread(root.channel, root.ts)
            return containing in card.text

        await self.stage.slack.until(says, timeout_s=timeout_s)

    async def lines(self, root: Shown) -> list[Shown]:
        """The thread as it is now, root first."""
        return await self.stage.slack.thread(root.channel, root.ts)


@asynccontextmanager
async def embedded(folder: Path, **settings: str) -> AsyncIterator[Stage]:
    """`muster up`, all in one process, on embedded parts in *folder*."""
    env = {**_clean(), **QUICK, "DATA_DIR": str(folder / "data"), **settings}
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(Child("muster", "up", ready="Ctrl-C stops it", env=env))
        url = _after(up.output, "Chat").rstrip("/")
        database_url = f"sqlite+aiosqlite:///{folder / 'data' / 'muster.db'}"
        yield await _stage(stack, url=url, database_url=database_url, env=env, bots=[up], workers=[up], simulator=up)


@asynccontextmanager
async def distributed(folder: Path, *, bots: int = 2, workers: int = 2, **settings: str) -> AsyncIterator[Stage]:
    """Bots and workers as processes of their own on PostgreSQL and a Valkey over TCP."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(PostgresServer())
        database_url = await postgres.create_database()
        valkey = await stack.enter_async_context(ValkeyServer(folder))
        simulator = await stack.enter_async_context(Child("simulator", ready="model", env=_clean()))
        url = _after(simulator.output, "page").rstrip("/")
        env = {
            **_clean(),
            **QUICK,
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": database_url,
            "REDIS_URL": valkey.url,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": f"{url}/slack/api/",
            "MODEL_BASE_URL": f"{url}/model/v1",
            "MODEL_API_KEY": "demo",
            "MODEL_NAME": "demo",
            **settings,
        }
        async with Child("muster", "migrate", env=env) as migration:
            assert await migration.wait() == 0, migration.output
        stage = await _stage(stack, url=url, database_url=database_url, env=env)
        stage.postgres, stage.valkey, stage.simulator = postgres, valkey, simulator
        for _ in range(bots):
            stage.bots.append(await stack.enter_async_context(bots_process(env)))
        for _ in range(workers):
            stage.workers.append(await stack.enter_async_context(worker_process(env)))
        yield stage


def bots_process(env: Mapping[str, str]) -> Child:
    """`muster bots`, ready when it hears Slack."""
    return Child("muster", "bots", ready="Serving slack:", env=env)


def worker_process(env: Mapping[str, str]) -> Child:
    """`muster worker`, ready when it takes sessions."""
    return Child("muster", "worker", ready="Ready for sessions", env=env)


async def _stage(stack: AsyncExitStack, *, url: str, **parts: Any) -> Stage:
    slack = await stack.enter_async_context(SlackControl(url))
    http = await stack.enter_async_context(aiohttp.ClientSession())
    return Stage(url=url, slack=slack, model=ModelControl(http, url), **parts)


def _clean() -> dict[str, str]:
    """The environment without anything that would configure Muster, and away from any `.env`."""
    return dict.fromkeys((name.upper() for name in Settings.model_fields if name.upper() in os.environ), "")


def _after(output: str, label: str) -> str:
    """The word after *label* in what a process printed."""
    words = output.split()
    return words[words.index(label) + 1]
