"""Everything that can be set, with its default: the only reader of the environment and of `.env`.

Entry points and `core.bootstrap` read it; nothing else does. Imports nothing of Muster outside `config`.
"""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.providers import CUSTOM, DEMO, DEMO_MODEL, Provider, Structured, custom, demo


class Settings(BaseSettings):
    """One deployment's settings; the environment's names are the fields' names in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

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

    # the model
    model_base_url: str = Field(default="", description="An OpenAI-compatible URL; empty: the scripted demo model.")
    model_api_key: SecretStr = Field(default=SecretStr(""), description="The key of that endpoint.")
    model_name: str = Field(default="", description="The model's id at that endpoint.")
    model_structured: Structured = Field(
        default=Structured.PROMPT, description="How it is asked for JSON: `schema`, `json` or `prompt`."
    )
    model_timeout_s: float = Field(default=300.0, gt=0, description="Longest wait for one answer of the model.")

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
        """Whether a real model endpoint is configured."""
        return bool(self.model_base_url or self.model_api_key.get_secret_value())

    @property
    def default_model(self) -> tuple[str, str]:
        """Names of the provider and the model of new sessions; needs no key, so that bots can be without one."""
        return (CUSTOM, self.model_name) if self.has_model else (DEMO, DEMO_MODEL)

    def provider(self, demo_url: str = "") -> Provider:
        """The model provider of this deployment.

        Args:
            demo_url: where the demo model is, for when no other is configured.

        Raises:
            ProviderNotReady: a value is missing; says which.
        """
        if not self.has_model and demo_url:
            return demo(demo_url)
        return custom(
            self.model_base_url,
            self.model_api_key.get_secret_value(),
            self.model_name,
            structured=self.model_structured,
            names=("MODEL_BASE_URL", "MODEL_API_KEY", "MODEL_NAME"),
        )
