"""Every secret of the settings is known, so that it can be struck out."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from config.secret_values import secret_values
from config.settings import Settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


SECRET_FIELDS = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


@pytest.mark.parametrize("name", SECRET_FIELDS)
def test_each_token_and_key_is_known(name: str) -> None:
    assert "of-the-" + name in secret_values(Settings.model_validate({name: f"first-one, of-the-{name}"}))


def test_passwords_in_urls_are_known_as_they_are_written_and_as_they_are_meant() -> None:
    settings = Settings.model_validate(
        {
            "database_url": "postgresql+asyncpg://muster:p%40ssword@db/muster",
            "redis_url": "redis://:of-redis@cache:6379/0",
            "query_databases": {"sales": "postgresql://reader:of-sales@db/sales", "mine": "sqlite:///x.db"},
        }
    )
    assert secret_values(settings) == {"p%40ssword", "p@ssword", "of-redis", "of-sales"}


def test_what_everybody_knows_is_no_secret() -> None:
    settings = Settings.model_validate({"database_url": "postgresql://postgres:postgres@db/x", "redis_url": "http://["})
    assert secret_values(settings) == frozenset()
