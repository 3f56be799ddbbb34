"""Every flow runs on both kinds of installation; one of each serves all flows of a test process."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.stage import Room, Stage, distributed, embedded


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["embedded", "distributed"])
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp(request.param)
    running = embedded(folder) if request.param == "embedded" else distributed(folder)
    async with running as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def room(stage: Stage) -> AsyncIterator[Room]:
    yield await stage.room()
    await stage.model.clear()
    await stage.slack.clear_faults()
