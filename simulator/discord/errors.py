"""What the REST API refuses.

    SimulatorError
    └── ApiError        an HTTP status and a JSON body with `code` and `message`
        └── RateLimited 429 with its headers

Endpoints raise them; `rest` turns them into answers. `Problems` gathers what is wrong with a body.
Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

from typing import Any

from simulator.errors import SimulatorError

_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "Session": 10020,
    "Interaction": 10062,
    "application command": 10063,
}


class ApiError(SimulatorError):
    """The API answers with *status*, *code* and *message*."""

    def __init__(self, status: int, code: int, message: str, **extra: Any) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON that Discord sends."""
        return {"message": self.message, "code": self.code, **self.extra}

    def headers(self) -> dict[str, str]:
        """Headers beside those of every answer."""
        return {}


class RateLimited(ApiError):
    """429; the call was not carried out."""

    def __init__(self, retry_after_s: float, *, scope: str = "user", code: int = 0, message: str = "") -> None:
        """
        Args:
            scope: `user`, `shared` or `global`.
            code: for limits that have a code of their own.
        """
        super().__init__(429, code, message or "You are being rate limited.")
        self.retry_after_s = max(retry_after_s, 0.001)
        self.scope = scope

    def body(self) -> dict[str, Any]:
        """The JSON of a 429, which discord.py reads `retry_after` and `global` of."""
        told = {"retry_after": round(self.retry_after_s, 3), "global": self.scope == "global"}
        return super().body() | told

    def headers(self) -> dict[str, str]:
        """What tells a 429 of the API from one of the network in front of it."""
        headers = {"Retry-After": str(max(1, round(self.retry_after_s))), "X-RateLimit-Scope": self.scope}
        return headers | ({"X-RateLimit-Global": "true"} if self.scope == "global" else {})


class Problems:
    """What is wrong with a body, by place; all of it is told at once."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def add(self, where: tuple[str | int, ...], code: str, message: str) -> None:
        """Note a problem at *where*, such as `("embeds", 0, "title")`."""
        place = self._tree
        for step in where:
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": code, "message": message})

    def refuse_any(self) -> None:
        """Nothing when all is well.

        Raises:
            ApiError: 50035 with the tree of problems.
        """
        if self._tree:
            raise self.refusal()

    def refusal(self) -> ApiError:
        """The answer that tells all of them."""
        return ApiError(400, 50035, "Invalid Form Body", errors=self._tree)


def invalid(where: tuple[str | int, ...], code: str, message: str) -> ApiError:
    """A refusal for one problem."""
    problems = Problems()
    problems.add(where, code, message)
    return problems.refusal()


def unknown(thing: str) -> ApiError:
    """404 for a *thing* (`Channel`) that is not there, or not for the asker to know of."""
    return ApiError(404, _UNKNOWN[thing], f"Unknown {thing}")


def missing_access() -> ApiError:
    """The bot cannot see the place."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """The bot sees the place but may not do that there."""
    return ApiError(403, 50013, "Missing Permissions")


def thread_archived() -> ApiError:
    """The thread is archived or locked."""
    return ApiError(403, 50083, "Thread is archived")


def empty_message() -> ApiError:
    """A message must have something in it."""
    return ApiError(400, 50006, "Cannot send an empty message")


def too_large() -> ApiError:
    """A file is above the size limit."""
    return ApiError(413, 40005, "Request entity too large")


def unauthorized() -> ApiError:
    """No token, or not a good one."""
    return ApiError(401, 0, "401: Unauthorized")
