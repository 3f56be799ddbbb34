"""Every flow runs on both kinds of installation; one of each serves all flows of a test process."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.stage import Room, Stage, distributed, embedded

SHORT = {"MAX_ROUNDS": "6", "MODEL_TIMEOUT_S": "12"}
"""Settings that let a session reach its limits within a test."""


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["embedded", "distributed"])
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp(request.param)
    running = (
        embedded(folder, **SHORT) if request.param == "embedded" else distributed(folder, bots=2, workers=2, **SHORT)
    )
    async with running as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def room(stage: Stage) -> AsyncIterator[Room]:
    yield await stage.room()
    await stage.model.clear()
    await stage.slack.clear_faults()
