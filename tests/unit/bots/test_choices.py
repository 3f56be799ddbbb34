"""What people may choose from: each provider's usual model first, then what workers have read from it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots import choices as module
from bots.choices import Choices
from config.providers import Provider
from core.adapters.across import SqlAcross
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.errors import TransientError
from core.ports import ModelList
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.schema import lay_schema
from tests.support.waiting import until


def provider(name: str, usual: str, *, set_up: bool = False) -> Provider:
    return Provider(name=name, title=name, base_url="http://127.0.0.1/v1", default_model=usual, set_up=set_up)


PROVIDERS = (provider("groq", "llama"), provider("openai", "gpt", set_up=True), provider("ollama", "qwen"))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
    yield database
    await database.close()


class Flaky(SqlUnitOfWork):
    """A database that does not answer the first time."""

    failures = 1

    @asynccontextmanager
    async def across(self) -> AsyncIterator[SqlAcross]:
        if self.failures:
            self.failures -= 1
            raise TransientError("the database did not answer")
        async with super().across() as across:
            yield across


def test_before_anything_is_read_each_provider_has_its_usual_model_and_those_set_up_come_first() -> None:
    choices = Choices(PROVIDERS)
    assert dict(choices) == {"openai": ("gpt",), "groq": ("llama",), "ollama": ("qwen",)}
    assert list(choices) == ["openai", "groq", "ollama"]
    assert len(choices) == 3
    assert "anthropic" not in choices
    assert choices.get("anthropic") is None


async def test_what_workers_have_read_comes_behind_the_usual_model_once_the_database_answers(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_LOOKS_S", 0.01)
    uow = Flaky(database, clock, NotingBell(), NotingQueue())
    reader = SqlUnitOfWork(database, clock, NotingBell(), NotingQueue())
    async with reader.across() as across:
        for name, models in (("groq", ("a", "llama", "b")), ("openai", ()), ("unknown", ("x",))):
            await across.model_lists.set(ModelList(provider=name, models=models, read_at=clock.now()))
    choices = Choices(PROVIDERS)
    keeping = asyncio.create_task(choices.keep(uow))
    await until(lambda: len(choices["groq"]) > 1)
    async with reader.across() as across:
        await across.model_lists.set(ModelList(provider="groq", models=("c",), read_at=clock.now()))
    await until(lambda: choices["groq"] == ("llama", "c"))
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert uow.failures == 0
    assert dict(choices) == {"openai": ("gpt",), "groq": ("llama", "c"), "ollama": ("qwen",)}
