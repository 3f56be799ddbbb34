"""What Slack refuses, and what a person of the workspace cannot do.

    SimulatorError
    ├── ApiError        an answer `{"ok": false, "error": ...}` of the Web API
    └── PersonError     Slack's own client would not let the person do that

Methods raise `ApiError`, the control API raises `PersonError`; each is worded in one place, where it is caught.
"""

from __future__ import annotations

from typing import Any


class SimulatorError(Exception):
    """Anything the simulator refuses on purpose."""


class ApiError(SimulatorError):
    """The Web API answers with *error*; *messages* become `response_metadata.messages`."""

    def __init__(self, error: str, *messages: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON that Slack sends."""
        body: dict[str, Any] = {"ok": False, "error": self.error, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
            if self.error == "invalid_blocks":
                body["errors"] = list(self.messages)
        return body


class PersonError(SimulatorError):
    """What was asked of the control API is not possible; *status* is the HTTP status to say it with."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
