"""Cursor pages, as the Web API's lists have them.

Used by the methods that answer with a list. Source: https://docs.slack.dev/apis/web-api/pagination
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar

from simulator.slack.call import Call
from simulator.slack.errors import ApiError

_Item = TypeVar("_Item")


def page(call: Call, items: Sequence[_Item], *, default: int, most: int = 1000) -> tuple[list[_Item], str]:
    """The part of *items* that `cursor` and `limit` ask for, and the cursor of the next part (empty at the end)."""
    limit = call.args.number("limit", default)
    if limit < 1 or limit > most:
        raise ApiError("invalid_limit")
    start = _start_of(call.args.text("cursor"))
    following = start + limit
    cursor = base64.b64encode(f"next:{following}".encode()).decode() if following < len(items) else ""
    return list(items[start:following]), cursor


def _start_of(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word != "next":
            raise ApiError("invalid_cursor")
        return int(number)
    except ValueError:
        raise ApiError("invalid_cursor") from None
