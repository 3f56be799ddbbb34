"""What workspaces and people have set, the keys that they brought, what was used, and what is to be told in private.

Implemented by the SQL stores; used through `Work`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.access import Right, Rule, Rules
from core.domain.preferences import Preferences, SealedSecret
from core.domain.refs import Place, SessionId, UserId
from core.domain.session import Usage


class PreferenceStore(Protocol):
    """Settings of one workspace and of the people in it."""

    async def of(self, owner: UserId) -> Preferences:
        """What the owner has chosen; `WORKSPACE` is the workspace itself."""

    async def set(self, owner: UserId, preferences: Preferences) -> None: ...

    async def rules(self) -> Rules: ...

    async def set_rule(self, right: Right, rule: Rule | None) -> None:
        """Replace the rule; None goes back to the default."""


class SecretStore(Protocol):
    """Sealed keys of one workspace. A new one is a candidate until a worker has tried it; the one before counts on."""

    async def offer(self, secret: SealedSecret) -> None:
        """Keep a candidate; it replaces an earlier candidate of the same owner and name."""

    async def of(self, owner: UserId) -> dict[str, SealedSecret]:
        """The owner's keys that count, by name."""

    async def candidates(self, owner: UserId) -> dict[str, SealedSecret]:
        """The owner's keys that no worker has tried yet, by name."""

    async def accept(self, candidate: SealedSecret) -> bool:
        """The candidate works: from now on it counts. False when it has been replaced or withdrawn meanwhile."""

    async def refuse(self, candidate: SealedSecret) -> bool:
        """The candidate does not work: forget it. False when it has been replaced or withdrawn meanwhile."""

    async def remove(self, owner: UserId, name: str) -> bool:
        """Forget the owner's key and its candidate; False when there was none."""

    async def reseal(self, old: SealedSecret, sealed: bytes, key_id: str) -> bool:
        """Replace the sealed bytes of a key, which stays the same; False when it was changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used by one person, or by one agent in one round."""

    name: str
    usage: Usage
    sessions: int  # in how many
    round: int = 0


class UsageStore(Protocol):
    """What models were used for in one workspace."""

    async def spent(self, since: datetime, *, by: UserId | None = None) -> Usage:
        """The sum since then, of one person or of all; what is reserved counts as spent."""

    async def by_person(self, since: datetime, limit: int = 20) -> list[Used]:
        """Of each starter since then, the most expensive first; names are ids."""

    async def by_turn(self, session: SessionId) -> list[Used]:
        """Of each agent in each round of the session; "" is the building of the team and the choice of speakers."""

    async def lock(self) -> None:
        """Wait until nobody else counts in this workspace; held to the end of the transaction."""

    async def reserve(self, session: SessionId, by: UserId, cost_usd: float) -> int:
        """Count an estimate as spent before a call is made; returns the id to settle it with."""

    async def settle(self, reservation: int) -> None:
        """The call's own usage is kept by now: the estimate counts no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something for one person to read in private."""

    id: int
    place: Place
    user: UserId
    text: str  # markdown


class NoticeStore(Protocol):
    """What is to be told to people of one workspace in private, once a bot gets to it."""

    async def add(self, place: Place, user: UserId, text: str) -> None: ...

    async def waiting(self, limit: int = 20) -> list[Notice]:
        """The oldest first."""

    async def done(self, notice: int) -> None:
        """It was told, or cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One line of the audit."""

    at: datetime
    by: UserId
    action: str
    subject: str
    allowed: bool
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelList:
    """The models that a provider offers, as it said at some moment."""

    provider: str
    models: tuple[str, ...]
    read_at: datetime


class ModelLists(Protocol):
    """What providers offer, for choosing; workers read it from them, bots show it."""

    async def all(self) -> Mapping[str, ModelList]: ...

    async def set(self, found: ModelList) -> None: ...
