"""What a front desk in contract tests speaks to: channels that let Muster in, and a renderer of plain text."""

import asyncio

from core.domain.refs import ChannelId, Place, UserId
from core.domain.session import Session
from core.ports import Draft


class Conversations:
    """Channels that let Muster in, except those with a refusal; who may view what is set by the test."""

    def __init__(self) -> None:
        self.refusals: dict[ChannelId, str] = {}
        self.admitted: list[Place] = []
        self.viewers: dict[ChannelId, set[UserId]] = {}
        self.open = asyncio.Event()
        self.open.set()

    async def admit(self, place: Place) -> str:
        await self.open.wait()
        refusal = self.refusals.get(place.channel, "")
        if not refusal:
            self.admitted.append(place)
        return refusal

    async def may_view(self, place: Place, user: UserId) -> bool:
        return user in self.viewers.get(place.channel, set())


class PlainRenderer:
    """The task is the card; a task in `trouble` raises what it has there, one a time."""

    def __init__(self) -> None:
        self.trouble: dict[str, list[Exception]] = {}

    def root(self, session: Session) -> Draft:
        if self.trouble.get(session.task):
            raise self.trouble[session.task].pop()
        return Draft(payload={"text": session.task}, session=session.id, card=True)
