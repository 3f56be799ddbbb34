"""Every flow runs on both platforms and both kinds of installation; one of each kind serves all of them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.stage import Room, Stage, distributed, embedded

PLATFORMS = ("slack", "discord")

ABOUT_FORM = frozenset(
    {
        "test_choices",
        "test_discord_tasks",
        "test_files_in",
        "test_history",
        "test_output",
        "test_settings",
        "test_tasks",
    }
)

SHORT = {"MAX_ROUNDS": "6", "MODEL_TIMEOUT_S": "12"}
"""Settings that let a session reach its limits within a test."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what would show the same a fourth time: how words and files look does not depend on the processes."""
    again = [item for item in items if item.path.stem in ABOUT_FORM and "distributed-discord" in item.name]
    config.hook.pytest_deselected(items=again)
    items[:] = [item for item in items if item not in again]


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["embedded", "distributed"])
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp(request.param)
    running = (
        embedded(folder, **SHORT) if request.param == "embedded" else distributed(folder, bots=2, workers=2, **SHORT)
    )
    async with running as stage:
        yield stage


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a flow on every platform, or on those that its marker `platforms` names."""
    if "room" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("platforms")
        metafunc.parametrize("room", marker.args if marker else PLATFORMS, indirect=True)


@pytest_asyncio.fixture(loop_scope="session")
async def room(stage: Stage, request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    yield await stage.room(request.param)
    await stage.model.clear()
    await stage.slack.clear_faults()
    await stage.discord.clear_faults()
