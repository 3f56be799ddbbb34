"""The short-lived rights that an interaction gives the app: trigger ids and response addresses.

Handed out by `interactions`, redeemed by the view methods and by the response handler. It keeps time and counts uses,
nothing else.
Source: https://docs.slack.dev/interactivity/handling-user-interaction (trigger_id, response_url)
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from simulator.slack import limits
from simulator.slack.errors import ApiError
from simulator.slack.workspace import Ephemeral

RESPONSE_PATH = "/slack/response"


@dataclass(slots=True, kw_only=True)
class Trigger:
    """The right to open one modal for one person."""

    team: str
    user: str
    expires_at: float
    used: bool = False


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """The right to answer an interaction in its conversation, a few times."""

    team: str
    user: str
    channel: str
    expires_at: float
    uses_left: int = limits.RESPONSE_URL_USES
    message_ts: str | None = None
    """The message whose button was pressed."""
    ephemeral: Ephemeral | None = None
    """The ephemeral message whose button was pressed."""
    thread_ts: str | None = None


class Triggers:
    """All rights that are out."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}

    def new_trigger(self, team: str, user: str, *, life_s: float) -> str:
        """A trigger id for *user*."""
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(team=team, user=user, expires_at=self._clock() + life_s)
        return trigger_id

    def redeem(self, team: str, trigger_id: str) -> str:
        """The user that the trigger was for; it is used up.

        Raises:
            ApiError: `invalid_trigger_id`, `exchanged_trigger_id`, `expired_trigger_id`.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None or trigger.team != team:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if self._clock() > trigger.expires_at:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def new_response_url(self, base_url: str, right: ResponseUrl) -> str:
        """An address to post answers to."""
        key = secrets.token_urlsafe(18)
        self._responses[key] = right
        return f"{base_url}{RESPONSE_PATH}/{right.team}/{key}"

    def take_response(self, team: str, key: str) -> ResponseUrl:
        """The right behind an address, one use less.

        Raises:
            ApiError: `used_url` or `expired_url`, as Slack says for both a used-up and an unknown address.
        """
        right = self._responses.get(key)
        if right is None or right.team != team or right.uses_left <= 0:
            raise ApiError("used_url")
        if self._clock() > right.expires_at:
            raise ApiError("expired_url")
        right.uses_left -= 1
        return right

    def response_right(self, *, team: str, user: str, channel: str, life_s: float) -> ResponseUrl:
        """A fresh right, to be completed with what it may replace."""
        return ResponseUrl(team=team, user=user, channel=channel, expires_at=self._clock() + life_s)
