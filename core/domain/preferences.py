"""What people and workspaces want of every session, and the keys that they bring: settings as values.

Kept by the preference and secret stores, changed through `core.service.settings_desk`, read at the start of a session.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from core.domain.refs import Place, UserId

WORKSPACE = UserId("")
"""The owner of what holds for everybody in a workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What one owner has chosen; "" leaves it to whoever comes next: the workspace, then the deployment."""

    provider: str = ""
    model: str = ""  # of that provider
    system_prompt: str = ""  # for every agent, before its own instructions

    def over(self, other: Self) -> Self:
        """These where they say something, else *other*'s. A provider brings its own model along, or none."""
        values = {each.name: getattr(self, each.name) or getattr(other, each.name) for each in fields(self)}
        if self.provider and self.provider != other.provider:
            values["model"] = self.model
        return type(self)(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A key that only workers can open; `name` is a model provider's, or a tool's such as `tavily`."""

    owner: UserId  # `WORKSPACE` for everybody's
    name: str
    sealed: bytes
    key_id: str  # of the public key that it is sealed to
    last4: str
    changed_at: datetime
    told_at: Place | None = None  # where its owner reads whether it works; candidates only
    told_to: UserId = WORKSPACE  # the person who brought it
