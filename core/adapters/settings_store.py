"""Preferences and access rules, sealed keys, private notices, and lists of models, in SQL.

Made by the unit of work for one workspace and one transaction. Sees keys as sealed bytes only.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.sql_tables import model_lists, notices, preferences, secrets
from core.adapters.upsert import insert_or_update
from core.domain.access import Right, Rule, Rules
from core.domain.preferences import WORKSPACE, Preferences, SealedSecret
from core.domain.refs import Place, UserId, WorkspaceId
from core.ports import ModelList, Notice

_PREFERENCES = TypeAdapter(Preferences)
_RULE = TypeAdapter(Rule)
_CHOSEN = "chosen"
_RULE_PREFIX = "rule:"
_KEY = ("workspace", "owner", "name")


class SqlPreferenceStore:
    """`core.ports.PreferenceStore` on the preferences table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now

    async def of(self, owner: UserId) -> Preferences:
        query = self._values().where(preferences.c.owner == owner, preferences.c.name == _CHOSEN)
        value = (await self._connection.execute(query)).scalar_one_or_none()
        return _PREFERENCES.validate_python(value) if value is not None else Preferences()

    async def set(self, owner: UserId, preferences: Preferences) -> None:
        await self._put(owner, _CHOSEN, _PREFERENCES.dump_python(preferences, mode="json"))

    async def rules(self) -> Rules:
        query = sa.select(preferences.c.name, preferences.c.value).where(
            preferences.c.workspace == self._workspace,
            preferences.c.owner == WORKSPACE,
            preferences.c.name.startswith(_RULE_PREFIX),
        )
        rows = (await self._connection.execute(query)).all()
        return {Right(row.name.removeprefix(_RULE_PREFIX)): _RULE.validate_python(row.value) for row in rows}

    async def set_rule(self, right: Right, rule: Rule | None) -> None:
        name = f"{_RULE_PREFIX}{right}"
        if rule is not None:
            value = {each: sorted(names) for each, names in _RULE.dump_python(rule).items()}
            await self._put(WORKSPACE, name, value)
            return
        await self._connection.execute(
            preferences.delete().where(
                preferences.c.workspace == self._workspace,
                preferences.c.owner == WORKSPACE,
                preferences.c.name == name,
            )
        )

    def _values(self) -> sa.Select[Any]:
        return sa.select(preferences.c.value).where(preferences.c.workspace == self._workspace)

    async def _put(self, owner: UserId, name: str, value: Any) -> None:
        row = {"workspace": self._workspace, "owner": owner, "name": name, "value": value, "changed_at": self._now}
        await self._connection.execute(insert_or_update(self._connection, preferences, row, keys=_KEY))


class SqlSecretStore:
    """`core.ports.SecretStore` on the secrets table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId) -> None:
        self._connection = connection
        self._workspace = workspace

    async def offer(self, secret: SealedSecret) -> None:
        await self._put(secret, counts=False)

    async def of(self, owner: UserId) -> dict[str, SealedSecret]:
        return await self._all(owner, counts=True)

    async def candidates(self, owner: UserId) -> dict[str, SealedSecret]:
        return await self._all(owner, counts=False)

    async def accept(self, candidate: SealedSecret) -> bool:
        if not await self.refuse(candidate):
            return False
        await self._put(candidate, counts=True)
        return True

    async def refuse(self, candidate: SealedSecret) -> bool:
        dropped = secrets.delete().where(self._exactly(candidate), secrets.c.counts == sa.false())
        return (await self._connection.execute(dropped)).rowcount == 1

    async def remove(self, owner: UserId, name: str) -> bool:
        dropped = secrets.delete().where(self._owned_by(owner), secrets.c.name == name)
        return (await self._connection.execute(dropped)).rowcount > 0

    async def reseal(self, old: SealedSecret, sealed: bytes, key_id: str) -> bool:
        resealed = secrets.update().where(self._exactly(old)).values(sealed=sealed, key_id=key_id)
        return (await self._connection.execute(resealed)).rowcount > 0

    async def _put(self, secret: SealedSecret, *, counts: bool) -> None:
        row = {
            "workspace": self._workspace,
            "owner": secret.owner,
            "name": secret.name,
            "counts": counts,
            "sealed": secret.sealed,
            "key_id": secret.key_id,
            "last4": secret.last4,
            "changed_at": secret.changed_at,
            "told_at": secret.told_at.encode() if secret.told_at is not None else None,
            "told_to": secret.told_to,
        }
        await self._connection.execute(insert_or_update(self._connection, secrets, row, keys=(*_KEY, "counts")))

    async def _all(self, owner: UserId, *, counts: bool) -> dict[str, SealedSecret]:
        which = sa.true() if counts else sa.false()
        query = sa.select(secrets).where(self._owned_by(owner), secrets.c.counts == which).order_by(secrets.c.name)
        return {row.name: secret_of(row) for row in (await self._connection.execute(query)).all()}

    def _owned_by(self, owner: UserId) -> sa.ColumnElement[bool]:
        return sa.and_(secrets.c.workspace == self._workspace, secrets.c.owner == owner)

    def _exactly(self, secret: SealedSecret) -> sa.ColumnElement[bool]:
        return sa.and_(self._owned_by(secret.owner), secrets.c.name == secret.name, secrets.c.sealed == secret.sealed)


def secret_of(row: Any) -> SealedSecret:
    """A row of the secrets table."""
    return SealedSecret(
        owner=row.owner,
        name=row.name,
        sealed=row.sealed,
        key_id=row.key_id,
        last4=row.last4,
        changed_at=row.changed_at,
        told_at=Place.parse(row.told_at) if row.told_at is not None else None,
        told_to=row.told_to,
    )


class SqlNoticeStore:
    """`core.ports.NoticeStore` on the notices table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now

    async def add(self, place: Place, user: UserId, text: str) -> None:
        row = {"workspace": self._workspace, "place": place.encode(), "to": user, "text": text, "created_at": self._now}
        await self._connection.execute(notices.insert(), row)

    async def waiting(self, limit: int = 20) -> list[Notice]:
        query = sa.select(notices).where(notices.c.workspace == self._workspace).order_by(notices.c.id).limit(limit)
        return [
            Notice(id=row.id, place=Place.parse(row.place), user=row.to, text=row.text)
            for row in (await self._connection.execute(query)).all()
        ]

    async def done(self, notice: int) -> None:
        await self._connection.execute(
            notices.delete().where(notices.c.workspace == self._workspace, notices.c.id == notice)
        )


class SqlModelLists:
    """`core.ports.ModelLists` on the model_lists table, which belongs to the deployment."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> Mapping[str, ModelList]:
        rows = (await self._connection.execute(sa.select(model_lists))).all()
        return {
            row.provider: ModelList(provider=row.provider, models=tuple(row.models), read_at=row.read_at)
            for row in rows
        }

    async def set(self, found: ModelList) -> None:
        row = {"provider": found.provider, "models": list(found.models), "read_at": found.read_at}
        await self._connection.execute(insert_or_update(self._connection, model_lists, row, keys=("provider",)))
