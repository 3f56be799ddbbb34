"""Owns the log of requests that the demo model got: what each was, what became of it, whether its client left.

Written by `completions`, read by the control API and by tests in the same process. It changes no answer.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

ENTRIES_KEPT = 2000
BODIES_KEPT = 100


class Outcome(StrEnum):
    """What became of a request."""

    RUNNING = "running"
    ANSWERED = "answered"
    REFUSED = "refused"
    """By the checks, as a provider would."""
    FAULT = "fault"
    """Something went wrong on order."""
    CANCELLED = "cancelled"
    """The client went away first."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request."""

    n: int
    """From 1, in order of arrival."""
    received_at: datetime
    body: dict[str, Any] = field(default_factory=dict)
    kind: str = ""
    agent: str = ""
    model: str = ""
    stream: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    """0 unless the whole answer was sent."""
    duration_s: float = 0.0
    outcome: Outcome = Outcome.RUNNING
    status: int = 0
    fault: str = ""
    error: str = ""


class RequestLog:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=ENTRIES_KEPT)
        self._with_body: deque[Entry] = deque()
        self._count = 0
        self._changed = asyncio.Event()

    def open(self, received_at: datetime) -> Entry:
        """A new entry, still running."""
        self._count += 1
        entry = Entry(n=self._count, received_at=received_at)
        self._entries.append(entry)
        self._tell()
        return entry

    def keep_body(self, entry: Entry, body: dict[str, Any]) -> None:
        """Keep the parsed *body*, until `BODIES_KEPT` later ones have come."""
        entry.body = body
        self._with_body.append(entry)
        if len(self._with_body) > BODIES_KEPT:
            self._with_body.popleft().body = {}

    def close(self, entry: Entry, outcome: Outcome, duration_s: float) -> None:
        """The request is over."""
        entry.outcome, entry.duration_s = outcome, duration_s
        self._tell()

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._entries.clear()
        self._with_body.clear()

    def entries(self, *, kind: str = "", agent: str = "", outcome: str = "") -> list[Entry]:
        """Matching entries; what is left empty matches all."""
        return [
            entry
            for entry in self._entries
            if kind in ("", entry.kind) and agent in ("", entry.agent) and outcome in ("", entry.outcome)
        ]

    async def wait_for(self, found: Callable[[], list[Entry]], timeout_s: float) -> list[Entry]:
        """What *found* returns as soon as it is not empty, or an empty list after *timeout_s* seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (entries := found()):
                    await self._changed.wait()
                return entries
        except TimeoutError:
            return []

    def _tell(self) -> None:
        # Wakes those who wait now; who comes later waits on the next event.
        self._changed.set()
        self._changed = asyncio.Event()


def entry_json(entry: Entry, *, with_body: bool) -> dict[str, Any]:
    """An entry as the control API shows it."""
    shown = asdict(entry) | {"received_at": entry.received_at.isoformat(), "duration_s": round(entry.duration_s, 3)}
    if not with_body:
        del shown["body"]
    return shown
