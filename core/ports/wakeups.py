"""Time, and what wakes other processes.

None of this is needed for an outcome: a lost ring only delays one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from core.domain.refs import (
    SessionId,
)


class Clock(Protocol):
    """Aware UTC time that never jumps and agrees with the database's."""

    def now(self) -> datetime: ...


class Bell(Protocol):
    """Wakes other processes; may lose, double or delay a ring, so every listener also polls SQL."""

    async def ring(self, topic: str, payload: str = "") -> None:
        """Tell the listeners of *topic*; never raises for the bell's own trouble."""

    def subscribe(self, topic: str, on_ring: Callable[[str], None]) -> None:
        """Call *on_ring* with each payload, and once with "" after any gap."""


class WorkQueue(Protocol):
    """Wakes one worker for a session."""

    async def wake(self, session: SessionId) -> None:
        """Ask that some worker looks at *session* soon; never raises for the queue's own trouble."""


TOPIC_WORK = "work"  # a session may be claimed
TOPIC_STEER = "steer"  # payload: the session that was stopped or was sent a note
TOPIC_KEYS = "keys"  # a person has brought a key that no worker has tried
TOPIC_GAP = "gap"  # payload: the workspace of which another process may have missed something
TOPIC_RELAY = "relay"  # payload: the workspace with something to show
