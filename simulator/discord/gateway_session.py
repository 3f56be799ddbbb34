"""A client's session: what it asked to hear, what it was sent, and over which connection it is reached.

Made at IDENTIFY and found again at RESUME. It outlives its connections and remembers what was sent, so that it can be
sent again; it decides nothing about what is told.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from simulator.discord.gateway_connection import Connection
from simulator.discord.gateway_protocol import Intent, Op

KEPT_FRAMES = 5000
"""Sent events that a session remembers for a RESUME."""
NEVER_REPEATED = frozenset({"INTERACTION_CREATE", "RESUMED"})
"""A person waits three seconds for what becomes of an interaction; after that it is void."""


@dataclass(slots=True, kw_only=True)
class Session:
    """One identified client."""

    intents: Intent
    shard: tuple[int, int] = (0, 1)
    """Number of the shard, and how many there are."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    seq: int = 0
    """Number of the newest event."""
    connection: Connection | None = None
    lost_at: float | None = None
    """When its connection was lost; None while it has one."""
    _frames: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=KEPT_FRAMES))

    def push(self, event: str, data: Any) -> None:
        """Number an event, send it if there is a connection, and keep it unless it is one that is never repeated."""
        self.seq += 1
        text = json.dumps({"t": event, "s": self.seq, "op": Op.DISPATCH, "d": data})
        if event not in NEVER_REPEATED:
            self._frames.append((self.seq, text))
        if self.connection is not None:
            self.connection.send_text(text)

    def missed_since(self, seq: int) -> list[str] | None:
        """The frames after number *seq*; None when some of them are no longer kept."""
        if len(self._frames) == KEPT_FRAMES and seq + 1 < self._frames[0][0]:
            return None
        return [text for number, text in self._frames if number > seq]

    def serves(self, guild_id: str | None) -> bool:
        """Whether its shard is the one that hears of that guild; direct messages go to the first shard."""
        number, count = self.shard
        return number == ((int(guild_id) >> 22) % count if guild_id is not None else 0)
