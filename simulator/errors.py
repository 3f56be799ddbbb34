"""What the simulated world refuses.

    SimulatorError
    ├── ApiError        a platform's own answer of refusal; each platform has its own (`slack.errors`, `discord.errors`)
    └── PersonError     the platform's own client would not let the person do that

Routes and methods raise `ApiError`, the control API raises `PersonError`; each is worded in one place, where it is
caught.
"""

from __future__ import annotations


class SimulatorError(Exception):
    """Anything the simulator refuses on purpose."""


class PersonError(SimulatorError):
    """What was asked of the control API is not possible; *status* is the HTTP status to say it with."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
