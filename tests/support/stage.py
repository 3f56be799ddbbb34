"""A whole Muster in processes of its own, with the simulated Slack and the demo model around it.

Flow, chaos and bench suites use it. `embedded` is `muster up` on SQLite and its own Valkey; `distributed` is
PostgreSQL, a Valkey over TCP, and bots and workers as separate processes. Tests speak to it as people do (`room`), and
as the control APIs of the simulator let them.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from config.settings import environment_names
from simulator.discord.gateway_protocol import GATEWAY_PATH
from simulator.discord.person import DiscordControl
from simulator.discord.platform import API_PATH as DISCORD_API_PATH
from simulator.discord.platform import BOT_TOKEN as DISCORD_BOT_TOKEN
from simulator.slack.person import SlackControl
from simulator.slack.platform import APP_TOKEN, BOT_TOKEN
from tests.support.discord_room import DiscordRoom
from tests.support.model_control import ModelControl
from tests.support.postgres import PostgresServer
from tests.support.processes import Child
from tests.support.room import ASKS, COMPLETED, Room
from tests.support.slack_room import SlackRoom
from tests.support.valkey import ValkeyServer
from worker.keyring import Keyring, new_key, private_text

__all__ = [
    "ASKS",
    "COMPLETED",
    "ModelControl",
    "Room",
    "Stage",
    "bots_process",
    "distributed",
    "embedded",
    "no_settings",
    "outlasting_model",
    "worker_process",
]

QUICK = {
    "MAX_ACTIVE_PER_USER": "1000",
    "MAX_ACTIVE_PER_WORKSPACE": "1000",
    "MAX_SESSIONS_PER_USER_PER_DAY": "100000",
    "MAX_SESSIONS_PER_WORKSPACE_PER_DAY": "100000",
    "WORKER_LEASE_S": "3",
    "SENDER_LEASE_S": "6",
    "RECONCILE_AFTER_S": "1",
    "DEMO_THINKING_S": "0",
    "SIMULATOR_PORT": "0",
}
"""Settings that let tests see in seconds what takes minutes in a company."""


@dataclass(kw_only=True)
class Stage:
    """What tests hold of a running Muster."""

    url: str  # the simulator's
    database_url: str
    folder: Path
    slack: SlackControl
    discord: DiscordControl
    model: ModelControl
    env: dict[str, str]
    bots: list[Child] = field(default_factory=list)
    workers: list[Child] = field(default_factory=list)  # the same process as `bots` where there is but one
    valkey: ValkeyServer | None = None
    postgres: PostgresServer | None = None
    simulator: Child | None = None

    async def room(
        self, platform: str = "slack", *, private: bool = False, members: tuple[str, ...] = ("ben", "chloe", "muster")
    ) -> Room:
        """A channel of a test's own, made by Ada, with *members* in it."""
        name = f"room-{uuid4().hex[:8]}"
        kind: type[Room] = {"slack": SlackRoom, "discord": DiscordRoom}[platform]
        ada = (self.slack if platform == "slack" else self.discord).person("ada")
        return kind(self, name, await ada.create_channel(name, private=private, members=members))


@asynccontextmanager
async def embedded(folder: Path, **settings: str) -> AsyncIterator[Stage]:
    """`muster up`, all in one process, on embedded parts in *folder*."""
    env = {**no_settings(), **QUICK, "DATA_DIR": str(_data(folder)), **settings}
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(Child("muster", "up", ready="Ctrl-C stops it", env=env))
        url = _after(up.output, "Chat").rstrip("/")
        database_url = f"sqlite+aiosqlite:///{folder / 'data' / 'muster.db'}"
        stage = await _stage(
            stack, url=url, database_url=database_url, folder=folder, env=env, bots=[up], workers=[up], simulator=up
        )
        await stage.discord.until_served()
        yield stage


@asynccontextmanager
async def outlasting_model() -> AsyncIterator[tuple[ModelControl, dict[str, str]]]:
    """A demo model that outlives restarts of `muster up`, and the settings to use it.

    What it is to say after a restart can be ordered before: no session goes on ahead of the order.
    """
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Child("simulator", ready="model", env=no_settings()))
        url = _after(simulator.output, "page").rstrip("/")
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield ModelControl(http, url), _model_settings(url)


@asynccontextmanager
async def distributed(folder: Path, *, bots: int = 2, workers: int = 2, **settings: str) -> AsyncIterator[Stage]:
    """Bots and workers as processes of their own on PostgreSQL and a Valkey over TCP."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(PostgresServer())
        database_url = await postgres.create_database()
        valkey = await stack.enter_async_context(ValkeyServer(folder))
        simulator = await stack.enter_async_context(Child("simulator", ready="model", env=no_settings()))
        url = _after(simulator.output, "page").rstrip("/")
        key = new_key()
        env = {
            **no_settings(),
            **QUICK,
            "DATA_DIR": str(_data(folder)),
            "DATABASE_URL": database_url,
            "REDIS_URL": valkey.url,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_API_URL": f"{url}/slack/api/",
            "DISCORD_BOT_TOKEN": DISCORD_BOT_TOKEN,
            "DISCORD_API_URL": f"{url}{DISCORD_API_PATH}",
            "DISCORD_GATEWAY_URL": f"{url.replace('http', 'ws', 1)}{GATEWAY_PATH}",
            **_model_settings(url),
            "PRIVATE_KEYS": private_text(key),
            "PUBLIC_KEY": Keyring([key]).public_key,
            **settings,
        }
        async with Child("muster", "migrate", env=env) as migration:
            assert await migration.wait() == 0, migration.output
        stage = await _stage(stack, url=url, database_url=database_url, folder=folder, env=env)
        stage.postgres, stage.valkey, stage.simulator = postgres, valkey, simulator
        stage.bots += [bots_process(env) for _ in range(bots)]
        stage.workers += [worker_process(env) for _ in range(workers)]
        async with asyncio.TaskGroup() as starting:
            for child in (*stage.bots, *stage.workers):
                starting.create_task(stack.enter_async_context(child))
        if bots:
            await stage.discord.until_served()
        yield stage


def bots_process(env: Mapping[str, str]) -> Child:
    """`muster bots`, ready when it hears Slack."""
    return Child("muster", "bots", ready="Serving slack:", env=env)


def worker_process(env: Mapping[str, str]) -> Child:
    """`muster worker`, ready when it takes sessions."""
    return Child("muster", "worker", ready="Ready for sessions", env=env)


async def _stage(stack: AsyncExitStack, *, url: str, **parts: Any) -> Stage:
    slack = await stack.enter_async_context(SlackControl(url))
    discord = await stack.enter_async_context(DiscordControl(url))
    http = await stack.enter_async_context(aiohttp.ClientSession())
    return Stage(url=url, slack=slack, discord=discord, model=ModelControl(http, url), **parts)


def _model_settings(url: str) -> dict[str, str]:
    """The settings that make the simulator's demo model the configured one, for pictures too."""
    return {
        "DEFAULT_PROVIDER": "custom",
        "MODEL_BASE_URL": f"{url}/model/v1",
        "MODEL_API_KEY": "demo",
        "MODEL_NAME": "demo",
        "IMAGE_BASE_URL": f"{url}/model/v1",
        "IMAGE_API_KEY": "demo",
    }


def _data(folder: Path) -> Path:
    """The data folder of a stage; what the sandbox works out once a machine is shared by all stages."""
    data = folder / "data"
    shared = Path(tempfile.gettempdir()) / f"muster-tests-{os.getuid()}"
    shared.mkdir(exist_ok=True)
    (data / "workspaces").mkdir(parents=True, exist_ok=True)
    link = data / "workspaces" / ".sandbox"
    if not link.is_symlink():
        link.symlink_to(shared)
    return data


def no_settings() -> dict[str, str]:
    """The environment without anything that would configure Muster, and away from any `.env`."""
    return dict.fromkeys((name for name in environment_names() if name in os.environ), "")


def _after(output: str, label: str) -> str:
    """The word after *label* in what a process printed."""
    words = output.split()
    return words[words.index(label) + 1]
