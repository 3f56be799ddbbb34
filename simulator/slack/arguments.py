"""Reads the arguments and the token of a Web API call, in every encoding that Slack accepts.

Called by `web_api` for each request. It knows encodings only: what a value means is the method's business.
Source: https://docs.slack.dev/apis/web-api/ ("Basics", POST bodies) and what slack_sdk 3.47 really sends: GET with a
query, POST with a query, POST with a form, POST with JSON and a bearer token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.slack.errors import ApiError


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one call, still as they came; the accessors below read one as its type."""

    values: dict[str, Any]

    def text(self, name: str) -> str | None:
        """The argument as text; None when it is absent or null."""
        value = self.values.get(name)
        if value is None:
            return None
        return value if isinstance(value, str) else str(value)

    def required(self, name: str) -> str:
        """The argument as text.

        Raises:
            ApiError: `invalid_arguments` when it is missing or empty.
        """
        value = self.text(name)
        if not value:
            raise ApiError("invalid_arguments", f"missing required field: {name}")
        return value

    def flag(self, name: str) -> bool:
        """The argument as yes or no; no when it is absent."""
        return self.values.get(name) in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int) -> int:
        """The argument as a whole number, *default* when it is absent or empty.

        Raises:
            ApiError: `invalid_arguments` when it is not one.
        """
        value = self.values.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ApiError("invalid_arguments", f"must be a valid integer: {name}") from None

    def structure(self, name: str, *, error: str) -> Any:
        """The argument as JSON, given as such or as a string that holds it; None when it is absent.

        Raises:
            ApiError: *error* when the string is not JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise ApiError(error, f"must be valid json: {name}") from None


async def read_call(request: web.Request, *, accepts_json: bool) -> tuple[str | None, Arguments]:
    """The token (None when there is none) and the arguments of *request*.

    Args:
        accepts_json: False for the methods that only take a query or a form; they ignore a JSON body, as Slack does.

    Raises:
        ApiError: `invalid_json` or `json_not_object`.
    """
    values: dict[str, Any] = dict(request.query)
    bearer = _bearer(request)
    if request.method == "POST":
        if request.content_type == "application/json":
            if accepts_json and bearer is not None:
                values |= await _json_object(request)
        else:
            form = await request.post()
            values |= {name: value for name, value in form.items() if isinstance(value, str)}
    token = values.pop("token", None)
    return bearer or token, Arguments(values)


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _json_object(request: web.Request) -> dict[str, Any]:
    body = await request.text()
    if not body:
        return {}
    try:
        value = json.loads(body)
    except json.JSONDecodeError:
        raise ApiError("invalid_json") from None
    if not isinstance(value, dict):
        raise ApiError("json_not_object")
    return value
