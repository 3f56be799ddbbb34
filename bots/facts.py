"""What a platform said of people and channels a short while ago, kept so that it is not asked each time.

Used by each platform's `people`. Keeps answers only, never errors, and asks once for all who wait for the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any

from core.domain.access import Standing
from core.domain.refs import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a person."""

    person: Person
    restricted: bool  # a guest, a stranger, a bot, or unknown
    admin: bool = False  # of the workspace
    groups: frozenset[str] = frozenset()  # the platform's ids of user groups or roles

    @property
    def standing(self) -> Standing:
        """What the person is in the workspace, as the core asks for it."""
        return Standing(user=self.person.id, restricted=self.restricted, admin=self.admin, groups=self.groups)


class Facts:
    """Answers of a platform, each kept for a while and asked for once at a time."""

    def __init__(self, clock: Callable[[], float], *, keep_s: float) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._asking: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[Any]]) -> Any:
        """The kept answer for *key*, else the one of *ask*, whose errors are not kept."""
        now = self._clock()
        if (kept := self._kept.get(key)) and kept[0] > now:
            return kept[1]
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.ensure_future(self._ask(key, ask))
            asking.add_done_callback(_look_at)  # those who waited may all have given up
            self._asking[key] = asking
        return await asyncio.shield(asking)

    async def _ask(self, key: Hashable, ask: Callable[[], Awaitable[Any]]) -> Any:
        asked_at = self._clock()
        try:
            answer = await ask()
            self._kept = {k: v for k, v in self._kept.items() if v[0] > asked_at}
            self._kept[key] = (asked_at + self._keep_s, answer)
            return answer
        finally:
            del self._asking[key]


def _look_at(asking: asyncio.Task[Any]) -> None:
    if not asking.cancelled():
        asking.exception()
