"""What Slack's Web API refuses.

Methods raise `ApiError`; it becomes an answer in one place, in `web_api`.
"""

from __future__ import annotations

from typing import Any

from simulator.errors import SimulatorError


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
