"""How an interaction with the app went for the person: a command, a button, a form.

Made by each platform's `interactions`, told by the control API, read back by its client. A plain value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an interaction went for the person."""

    acked: bool
    latency_ms: float | None = None
    error: str | None = None
    """Why it failed, as the platform calls it (Slack: `operation_timeout`, `dispatch_failed`); None if it did not."""
    payload: dict[str, Any] | None = None
    """What the app answered at once, if anything."""

    @classmethod
    def after(cls, latency_s: float, payload: dict[str, Any] | None) -> Self:
        """The app acknowledged within *latency_s* seconds."""
        return cls(acked=True, latency_ms=round(latency_s * 1000, 1), payload=payload)

    @classmethod
    def failed(cls, error: str) -> Self:
        """The app did not acknowledge."""
        return cls(acked=False, error=error)

    @classmethod
    def told(cls, body: dict[str, Any]) -> Self:
        """The outcome that the control API answered."""
        return cls(acked=body["acked"], latency_ms=body["latency_ms"], error=body["error"], payload=body["payload"])

    def wire(self) -> dict[str, Any]:
        """The outcome as the control API shows it."""
        return {
            "acked": self.acked,
            "latency_ms": self.latency_ms,
            "error": self.error,
            "payload": self.payload,
        }
