"""The settings, and that `.env.example` names every one of them."""

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr, ValidationError

from config.logging import configure
from config.providers import KNOWN, NAMES, Provider, ProviderNotReady, by_name
from config.settings import Settings

EXAMPLE = Path(__file__).parents[3] / ".env.example"


NAMED = {str(field.validation_alias or name).upper(): name for name, field in Settings.model_fields.items()}


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_example_names_every_setting_and_nothing_else() -> None:
    named = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert sorted(named) == sorted(NAMED)


def test_the_example_shows_the_defaults() -> None:
    shown = dict(re.findall(r"^# ([A-Z0-9_]+)=(\d+)$", EXAMPLE.read_text(), re.MULTILINE))
    assert shown
    for name, value in shown.items():
        assert getattr(Settings(), NAMED[name]) == float(value), name


def test_everything_is_in_the_data_folder_by_default(tmp_path: Path) -> None:
    plain = settings(data_dir=tmp_path / "mine")
    assert plain.database == f"sqlite+aiosqlite:///{tmp_path / 'mine' / 'muster.db'}"
    assert plain.workspaces == tmp_path / "mine" / "workspaces"


def test_the_environment_and_the_env_file_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MAX_ROUNDS=5\nMODEL_NAME=from-file\n")
    monkeypatch.setenv("MODEL_NAME", "from-environment")
    assert (Settings().max_rounds, Settings().model_name) == (5, "from-environment")


def test_slack_needs_both_tokens() -> None:
    assert not settings(slack_bot_token="xoxb-1").has_slack
    assert settings(slack_bot_token="xoxb-1", slack_app_token="xapp-1").has_slack


def test_a_token_of_either_platform_leaves_the_simulator_out() -> None:
    assert not settings().has_chat
    assert settings(discord_bot_token="d").has_discord
    assert settings(discord_bot_token="d").has_chat
    assert settings(slack_bot_token="xoxb-1", slack_app_token="xapp-1").has_chat


# --- which model ---


def test_the_demo_model_plays_only_when_no_other_is_set() -> None:
    assert not settings().has_model
    assert settings().provider("http://demo").base_url == "http://demo"
    assert settings().default_model == ("demo", "demo")
    real = settings(model_base_url="https://models.example/v1", model_api_key="k", model_name="m")
    assert real.has_model
    assert real.provider("http://demo").base_url == "https://models.example/v1"
    assert real.default_model == ("custom", "m")


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_one_value_sets_up_a_provider(known: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = f"{known.name}_api_key" if known.needs_key else f"{known.name}_base_url"
    monkeypatch.setenv(setting.upper(), "k" * 20 if known.needs_key else known.base_url)
    alone = Settings()
    assert alone.has_model
    assert alone.default_model == (known.name, known.default_model)
    assert alone.provider().api_key == ("k" * 20 if known.needs_key else "")
    assert [one.name for one in alone.providers() if one.set_up] == [known.name]


def test_everybody_may_choose_any_known_provider_and_the_demo_where_it_plays() -> None:
    nothing = by_name(settings().providers())
    assert set(nothing) == {known.name for known in KNOWN} | {"demo"}
    assert not any(one.set_up for one in nothing.values())
    assert "demo" not in by_name(settings(groq_api_key="k").providers())
    assert by_name(settings(groq_api_key="k").providers("http://demo"))["demo"].set_up
    custom = {"model_base_url": "https://models.example/v1", "model_api_key": "k", "model_name": "m"}
    assert set(by_name(settings(**custom).providers())) == set(NAMES)


def test_a_key_alone_does_not_set_up_ollama() -> None:
    assert settings(ollama_api_key="k").default_model == ("demo", "demo")


def test_the_first_that_is_set_up_is_used_openrouter_first() -> None:
    several = {"groq_api_key": "g", "openai_api_key": "o", "model_base_url": "https://m.example/v1"}
    assert settings(**several).default_model[0] == "openai"
    assert settings(**several, openrouter_api_key="r").default_model[0] == "openrouter"


def test_the_default_can_be_chosen_and_needs_no_key_where_it_is_only_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_PROVIDER", "groq")
    assert Settings().default_model == ("groq", "openai/gpt-oss-120b")
    assert Settings().has_model
    monkeypatch.setenv("DEFAULT_MODEL", "some/model")
    assert Settings().default_model == ("groq", "some/model")
    with pytest.raises(ProviderNotReady, match="GROQ_API_KEY"):
        Settings().provider()
    chosen = settings(openrouter_api_key="k", groq_api_key="k")
    assert chosen.provider().name == "groq"
    assert chosen.provider().default_model == "some/model"
    assert settings(openrouter_api_key="k", default_provider="demo").default_model == ("demo", "demo")


def test_an_unknown_default_provider_is_refused() -> None:
    with pytest.raises(ValidationError, match="openrouter"):
        settings(default_provider="openruter")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"model_base_url": "https://models.example/v1"}, "MODEL_API_KEY and MODEL_NAME"),
        ({"openai_api_key": "k", "openai_base_url": "api.openai.com"}, "OPENAI_BASE_URL"),
        ({"groq_api_key": "gsk_\u00e9t\u00e9"}, "GROQ_API_KEY"),
        ({}, "OPENROUTER_API_KEY"),
    ],
)
def test_what_is_missing_or_wrong_of_a_provider_is_named(wrong: dict[str, str], named: str) -> None:
    with pytest.raises(ProviderNotReady, match=named):
        settings(**wrong).provider()


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError):
        settings(max_rounds=0)


def test_secrets_do_not_show() -> None:
    shown = settings(slack_bot_token=SecretStr("hidden-value"), groq_api_key="hidden-value")
    assert "hidden-value" not in repr(shown)
    assert "hidden-value" not in repr(shown.providers())


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("_logging_as_before")
@pytest.mark.parametrize("form", ["text", "json"])
def test_tokens_are_struck_out_of_log_lines(form: str) -> None:
    lines = io.StringIO()
    configure(level="info", form=form, stream=lines)
    token = "xoxb-" + "1" * 12
    try:
        raise ValueError(f"bad {token}")
    except ValueError:
        structlog.get_logger("x").warning("call.failed", url=f"wss://host/?ticket={token}", exc_info=True)
    logging.getLogger("plain").warning("from a library: postgresql://user:word@host %s", token)
    assert "call.failed" in lines.getvalue()
    assert token not in lines.getvalue()
    assert "user:word" not in lines.getvalue()


@pytest.mark.usefixtures("_logging_as_before")
def test_nothing_that_opens_doors_on_discord_gets_into_the_logs() -> None:
    lines = io.StringIO()
    configure(level="debug", form="json", stream=lines)
    bot, interaction = "M" + "a" * 25 + ".Gabcde." + "b" * 38, "aW50ZXJhY3Rpb24" * 4
    log = structlog.get_logger("x")
    log.info("one", url=f"https://discord.com/api/v10/webhooks/123/{interaction}/messages/@original")
    log.info("two", url=f"https://discord.com/api/v10/interactions/123/{interaction}/callback", token=bot)
    logging.getLogger("discord.gateway").debug("For Shard ID 0: WebSocket Event: %s", {"token": interaction})
    assert "one" in lines.getvalue()
    assert interaction not in lines.getvalue()
    assert bot not in lines.getvalue()
