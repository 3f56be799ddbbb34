"""Everything that can be set, with its default: the only reader of the environment and of `.env`.

Entry points and `core.bootstrap` read it; nothing else does. Imports nothing of Muster outside `config`.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.providers import (
    CUSTOM,
    DEMO,
    DEMO_MODEL,
    KNOWN,
    NAMES,
    Provider,
    Structured,
    by_name,
    chosen,
    configured,
    custom,
    demo,
)


def environment_names() -> frozenset[str]:
    """What the settings are called in the environment."""
    fields = Settings.model_fields.items()
    return frozenset(str(field.validation_alias or name).upper() for name, field in fields)


class Settings(BaseSettings):
    """One deployment's settings; the environment's names are the fields' names in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, populate_by_name=True
    )

    # where things are kept
    data_dir: Path = Field(default=Path("data"), description="Folder of everything that `muster up` keeps.")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: SQLite in the data folder.")
    redis_url: str = Field(default="", description="Redis or Valkey; empty: an embedded one (`muster up` only).")
    workspaces_dir: Path | None = Field(
        default=None, description="Cache of sessions' files; default: in the data folder."
    )

    # Slack
    slack_bot_token: SecretStr = Field(
        default=SecretStr(""), description="`xoxb-...`; without it or Discord's `muster up` simulates both."
    )
    slack_app_token: SecretStr = Field(default=SecretStr(""), description="`xapp-...`, for Socket Mode.")
    slack_api_url: str = Field(default="https://slack.com/api/", description="Slack's Web API.")

    # Discord
    discord_bot_token: SecretStr = Field(
        default=SecretStr(""), description="The bot's token; without it or Slack's `muster up` simulates both."
    )
    discord_api_url: str = Field(default="", description="Discord's REST API; empty: Discord's own.")
    discord_gateway_url: str = Field(default="", description="Discord's gateway; empty: what the REST API names.")

    # models: which is used when nobody chose one
    default_provider: str = Field(
        default="", description="The provider of new sessions; empty: the first that is set up, OpenRouter first."
    )
    default_model_name: str = Field(
        default="",
        validation_alias="DEFAULT_MODEL",
        description="The model of new sessions; empty: the usual one of that provider.",
    )

    # models: providers with a name (`config.providers.KNOWN`); an empty URL is the provider's own
    openrouter_api_key: SecretStr = Field(default=SecretStr(""), description="OpenRouter's key.")
    openrouter_base_url: str = ""
    openai_api_key: SecretStr = Field(default=SecretStr(""), description="OpenAI's key.")
    openai_base_url: str = ""
    groq_api_key: SecretStr = Field(default=SecretStr(""), description="Groq's key.")
    groq_base_url: str = ""
    deepseek_api_key: SecretStr = Field(default=SecretStr(""), description="DeepSeek's key.")
    deepseek_base_url: str = ""
    anthropic_api_key: SecretStr = Field(default=SecretStr(""), description="Anthropic's key.")
    anthropic_base_url: str = ""
    ollama_api_key: SecretStr = Field(default=SecretStr(""), description="For Ollama's cloud; a local one needs none.")
    ollama_base_url: str = Field(
        default="", description="Sets up Ollama; on this machine it is http://127.0.0.1:11434/v1."
    )

    # models: any other OpenAI-compatible endpoint
    model_base_url: str = Field(default="", description="Its URL, which ends before `/chat/completions`.")
    model_api_key: SecretStr = Field(default=SecretStr(""), description="The key of that endpoint.")
    model_name: str = Field(default="", description="The model's id at that endpoint.")
    model_structured: Structured = Field(
        default=Structured.PROMPT, description="How it is asked for JSON: `schema`, `json` or `prompt`."
    )
    model_timeout_s: float = Field(default=300.0, gt=0, description="Longest wait for one answer of the model.")

    # what people may see and use
    system_prompt: str = Field(default="", description="What every agent is told first; people may add their own.")
    max_sessions_per_user_per_day: int = Field(default=20, ge=1, description="Sessions one person may start in 24 h.")
    max_sessions_per_workspace_per_day: int = Field(
        default=200, ge=1, description="Sessions a workspace may start in 24 h."
    )
    max_cost_usd_per_user_per_day: float = Field(
        default=0.0, ge=0, description="What one person's sessions may cost in 24 h; 0: no limit."
    )
    max_cost_usd_per_workspace_per_day: float = Field(
        default=0.0, ge=0, description="What a workspace's sessions may cost in 24 h; 0: no limit."
    )
    max_file_mb: int = Field(default=10, ge=1, description="Largest file that people may attach.")
    max_files: int = Field(default=10, ge=1, description="Files that one message may bring.")
    question_reminder_s: float = Field(
        default=14_400.0, ge=0, description="A question that waits for so long is brought up once more; 0: never."
    )
    link_hosts: str = Field(
        default="",
        description="Hosts that agents may link to in any session, separated by commas; `*.example.com` too.",
    )

    # people's own keys
    private_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Workers: keys that open people's keys, the current one first; commas between.",
    )
    private_keys_file: Path | None = Field(
        default=None, description="Workers: a file with one private key a line, instead of PRIVATE_KEYS."
    )
    public_key: str = Field(
        default="",
        description="Bots: what people's keys are sealed to; `muster keys show` prints it. `muster up` needs none.",
    )

    # what tools need
    tavily_api_key: SecretStr = Field(
        default=SecretStr(""), description="Web search by Tavily; without it by DuckDuckGo."
    )
    tavily_url: str = Field(default="https://api.tavily.com", description="Tavily's API.")
    coingecko_url: str = Field(default="https://api.coingecko.com/api/v3", description="CoinGecko's API.")
    image_base_url: str = Field(
        default="", description="An OpenAI-compatible images endpoint; empty: OpenAI's where its key is set."
    )
    image_api_key: SecretStr = Field(default=SecretStr(""), description="The key of that endpoint.")
    image_model: str = Field(default="gpt-image-2.5-flare", description="The model that makes images.")
    query_databases: dict[str, str] = Field(
        default_factory=dict, description="Databases that agents may read: JSON of names and SQLAlchemy URLs."
    )
    sandbox_memory_mb: int = Field(default=1024, ge=512, description="Memory of one run of agents' Python.")
    sandbox_wall_s: float = Field(default=60.0, gt=0, description="Longest time of one run of agents' Python.")
    sandbox_cpu_s: int = Field(default=10, ge=1, description="Processor time of each process of such a run.")
    sandbox_processes: int = Field(default=24, ge=2, description="Processes and threads of such a run.")
    sandbox_disk_mb: int = Field(default=256, ge=8, description="Files of one session's folder, in all.")
    sandbox_at_once: int = Field(default=4, ge=1, description="Runs of agents' Python at the same time, of a worker.")
    query_timeout_s: float = Field(default=15.0, gt=0, description="Longest time of one query of an agent.")
    query_rows: int = Field(default=200, ge=1, description="Rows that one query of an agent may give.")
    web_private_hosts: str = Field(
        default="", description="Hosts of your own network that agents may read, as `host:port`, separated by commas."
    )

    # sessions
    max_rounds: int = Field(default=12, ge=1, description="Turns of agents in one session.")
    max_active_per_user: int = Field(default=2, ge=1, description="Sessions one person may have at work at once.")
    max_active_per_workspace: int = Field(
        default=10, ge=1, description="Sessions a workspace may have at work at once."
    )
    queue_ttl_s: float = Field(default=86_400.0, gt=0, description="A session that no worker took for so long expires.")
    session_budget_s: float = Field(default=1_800.0, gt=0, description="Longest work on one session; waiting is free.")

    # processes
    worker_slots: int = Field(default=100, ge=1, description="Sessions that one worker runs at once.")
    worker_lease_s: float = Field(default=7.0, gt=0, description="A worker silent for so long has lost its sessions.")
    sender_lease_s: float = Field(default=20.0, gt=0, description="A sender silent for so long is replaced.")
    reconcile_after_s: float = Field(default=30.0, ge=0, description="Wait before asking Slack whether a post arrived.")

    demo_thinking_s: float = Field(default=0.8, ge=0, description="Pause of the demo model before each answer.")
    simulator_port: int = Field(default=8750, ge=0, le=65_535, description="Page of the simulator; 0: a free port.")

    # logs
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @cached_property
    def database(self) -> str:
        """The database's URL, with the embedded default."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'muster.db'}"

    @cached_property
    def workspaces(self) -> Path:
        """Folder of the sessions' files."""
        return self.workspaces_dir or self.data_dir.resolve() / "workspaces"

    @property
    def has_slack(self) -> bool:
        """Whether a real Slack workspace is configured."""
        return bool(self.slack_bot_token.get_secret_value() and self.slack_app_token.get_secret_value())

    @property
    def has_discord(self) -> bool:
        """Whether a real Discord bot is configured."""
        return bool(self.discord_bot_token.get_secret_value())

    @property
    def has_chat(self) -> bool:
        """Whether any real platform is configured; without one, all are simulated."""
        return self.has_slack or self.has_discord

    @property
    def has_model(self) -> bool:
        """Whether a real model provider is configured, or is meant to be used with people's own keys."""
        return self.default_model[0] != DEMO

    @property
    def default_model(self) -> tuple[str, str]:
        """Names of the provider and the model of new sessions; needs no key, so that bots can be without one."""
        name = self.default_provider or next(filter(self._is_set_up, NAMES), DEMO)
        if name == DEMO:
            return DEMO, DEMO_MODEL
        usual = self.model_name if name == CUSTOM else by_name(KNOWN)[name].default_model
        return name, self.default_model_name or usual

    def providers(self, demo_url: str = "") -> list[Provider]:
        """All providers: those without a key here too, since people may bring their own.

        Args:
            demo_url: where the demo model is. Where no other is configured, it is there without an answer too.

        Raises:
            ProviderNotReady: what is set of a provider is not complete or cannot be right; says which.
        """
        found = [
            configured(known, base_url=self._url(known.name), api_key=self._key(known.name).get_secret_value())
            for known in KNOWN
        ]
        if self._is_set_up(CUSTOM):
            names = ("MODEL_BASE_URL", "MODEL_API_KEY", "MODEL_NAME")
            key = self.model_api_key.get_secret_value()
            found.append(
                custom(self.model_base_url, key, self.model_name, structured=self.model_structured, names=names)
            )
        if demo_url or not self.has_model:
            found.append(demo(demo_url))
        default, model = self.default_model
        return [replace(one, default_model=model) if one.name == default else one for one in found]

    def provider(self, demo_url: str = "") -> Provider:
        """The provider of `default_model`.

        Args:
            demo_url: where the demo model is, for when no other is configured.

        Raises:
            ProviderNotReady: a value is missing; says which.
        """
        return chosen(by_name(self.providers(demo_url)), self.default_model[0])

    @field_validator("default_provider")
    @classmethod
    def _known_provider(cls, name: str) -> str:
        if name not in ("", DEMO, *NAMES):
            raise ValueError(f"there is no provider {name!r}; known are {', '.join(NAMES)}")
        return name

    def _is_set_up(self, name: str) -> bool:
        if name == CUSTOM:
            return bool(self.model_base_url or self.model_api_key.get_secret_value())
        return bool(self._key(name).get_secret_value() if by_name(KNOWN)[name].needs_key else self._url(name))

    def _key(self, name: str) -> SecretStr:
        key: SecretStr = getattr(self, f"{name}_api_key")
        return key

    def _url(self, name: str) -> str:
        url: str = getattr(self, f"{name}_base_url")
        return url
