"""How often a bot may IDENTIFY: so many a day, and one at a time every few seconds.

Asked by `gateway` at each IDENTIFY, and by REST for `session_start_limit`. It counts and does nothing.
Source: https://docs.discord.com/developers/events/gateway#session-start-limit-object
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from simulator.discord.gateway_protocol import IDENTIFY_INTERVAL_S

DAY_S = 24 * 60 * 60.0


class Verdict(StrEnum):
    """What becomes of an IDENTIFY."""

    GRANTED = "granted"
    TOO_SOON = "too_soon"
    """One too many in five seconds: the session is invalid."""
    EXHAUSTED = "exhausted"
    """Above the day's number: Discord resets the token."""


class IdentifyBudget:
    """The count of one bot."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used = 0
        self._began_at = clock()
        self._recent: list[float] = []

    def take(self, *, total: int, max_concurrency: int) -> Verdict:
        """Count one IDENTIFY.

        Args:
            total: how many a day.
            max_concurrency: how many in five seconds.
        """
        now = self._clock()
        self._turn_day(now)
        if self._used >= total:
            return Verdict.EXHAUSTED
        self._used += 1
        self._recent = [at for at in self._recent if now - at < IDENTIFY_INTERVAL_S]
        if len(self._recent) >= max_concurrency:
            return Verdict.TOO_SOON
        self._recent.append(now)
        return Verdict.GRANTED

    def renew(self) -> None:
        """Begin anew, as with a new token."""
        self._used, self._began_at = 0, self._clock()

    def wire(self, *, total: int, max_concurrency: int) -> dict[str, Any]:
        """The `session_start_limit` that REST shows."""
        now = self._clock()
        self._turn_day(now)
        return {
            "total": total,
            "remaining": max(0, total - self._used),
            "reset_after": round((self._began_at + DAY_S - now) * 1000),
            "max_concurrency": max_concurrency,
        }

    def _turn_day(self, now: float) -> None:
        if now - self._began_at >= DAY_S:
            self._used, self._began_at = 0, now
