"""Owns the error that a provider answers with: HTTP status and OpenAI error body.

Raised by the checks and for a status that a test ordered, put on the wire by `completions` in a provider's manner.
Source: https://platform.openai.com/docs/guides/error-codes and error bodies quoted in public issue threads (their
wording, typos included, is the provider's: clients match on it).
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

NAME_PATTERN = "^[a-zA-Z0-9_-]+$"
NAME_CHARS = 64


class Why(StrEnum):
    """What an error is about: each provider has its own words for each."""

    KEY = "key"
    CREDIT = "credit"
    MODEL = "model"
    CONTEXT = "context"
    MODERATION = "moderation"
    LIMIT = "limit"
    TROUBLE = "trouble"
    REQUEST = "request"
    """Anything else that is wrong with the request."""


class Refused(Exception):
    """The request is answered with *status* and an error body."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.message = message
        self.status = status
        self.code = code
        self.body: dict[str, Any] = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    @property
    def why(self) -> Why:
        """What it is about."""
        by_code = {
            "model_not_found": Why.MODEL,
            "context_length_exceeded": Why.CONTEXT,
            "insufficient_quota": Why.CREDIT,
        }
        by_status = {401: Why.KEY, 402: Why.CREDIT, 403: Why.MODERATION, 429: Why.LIMIT}
        other = Why.TROUBLE if self.status >= 500 else Why.REQUEST
        return by_code.get(self.code or "") or by_status.get(self.status, other)

    @property
    def tokens(self) -> tuple[int, int]:
        """Of a CONTEXT error: the most there may be, and how many were sent."""
        most, sent = map(int, re.findall(r"\d+", self.message))
        return most, sent


def missing(param: str) -> Refused:
    """A required parameter is not there."""
    return Refused(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def wrong_type(param: str, expected: str, value: Any) -> Refused:
    """A parameter is there with another JSON type than *expected*, such as "an object"."""
    names = {bool: "a boolean", int: "an integer", float: "a decimal", str: "a string", list: "an array"}
    got = "null" if value is None else names.get(type(value), "an object")
    return Refused(
        f"Invalid type for '{param}': expected {expected}, but got {got} instead.", param=param, code="invalid_type"
    )


def invalid_value(param: str, value: Any, supported: Sequence[str]) -> Refused:
    """A parameter has a value that is not one of *supported*."""
    listed = ", ".join(f"'{one}'" for one in supported[:-1]) + f", and '{supported[-1]}'"
    return Refused(f"Invalid value: '{value}'. Supported values are: {listed}.", param=param, code="invalid_value")


def empty_array(param: str) -> Refused:
    """An array that must not be empty is."""
    return Refused(
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        param=param,
        code="empty_array",
    )


def check_name(value: Any, param: str) -> None:
    """Raise unless *value* may name a tool, a schema or a message's author."""
    if value is None:
        raise missing(param)
    if not isinstance(value, str):
        raise wrong_type(param, "a string", value)
    if not re.fullmatch(NAME_PATTERN[1:-1], value):
        raise Refused(
            f"Invalid '{param}': string does not match pattern."
            f" Expected a string that matches the pattern '{NAME_PATTERN}'.",
            param=param,
            code="invalid_value",
        )
    if len(value) > NAME_CHARS:
        raise Refused(
            f"Invalid '{param}': string too long. Expected a string with maximum length {NAME_CHARS},"
            f" but got a string with length {len(value)} instead.",
            param=param,
            code="string_above_max_length",
        )
