"""The one place where Slack's errors become Muster's.

Everything in `bots.slack` that calls the Web API goes through `call`. It never tries again by itself.
Source of the errors: https://docs.slack.dev/reference/methods/chat.postMessage#errors and the pages of the others.
"""

from collections.abc import Awaitable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bots.ports import Refusal, UnknownOutcome
from core.errors import MusterError, PermanentError, TransientError

_REFUSALS: dict[Refusal, frozenset[str]] = {
    Refusal.THREAD_GONE: frozenset(
        (
            "channel_not_found",
            "is_archived",
            "not_in_channel",
            "cannot_reply_to_message",
            "thread_not_found",
            "user_not_found",
            "messages_tab_disabled",
            "cannot_dm_bot",
        )
    ),
    Refusal.MESSAGE_GONE: frozenset(("message_not_found", "edit_window_closed", "cant_update_message")),
    Refusal.DISCONNECTED: frozenset(
        (
            "token_revoked",
            "account_inactive",
            "invalid_auth",
            "not_authed",
            "token_expired",
            "team_not_found",
        )
    ),
    Refusal.READ_DENIED: frozenset(("not_allowed_token_type", "no_permission", "channel_type_not_supported")),
}
_LIMITED = frozenset(("ratelimited", "rate_limited", "message_limit_exceeded"))
_AFTER_ALL = frozenset(("fatal_error", "internal_error", "service_unavailable", "request_timeout"))
"""Slack's pages say of these that part of the call may have been carried out."""
_SERVER_RETRY_S = 5.0


async def call(request: Awaitable[AsyncSlackResponse], *, reading: bool = False) -> dict[str, Any]:
    """Await one call of the SDK and return its answer.

    Args:
        reading: the call changes nothing, so an unknown outcome is no worry.

    Raises:
        TransientError: certainly not carried out; may work later.
        PermanentError: refused; `reason` is a `Refusal`.
        UnknownOutcome: no answer came, or one that does not say what was done; never when *reading*.
    """
    try:
        response = await request
    except SlackApiError as error:
        raise _translated(error, reading=reading) from None
    except aiohttp.ClientConnectorError as error:
        raise TransientError(f"Slack cannot be reached: {type(error).__name__}") from None
    except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
        raise _unanswered(f"Slack did not answer: {type(error).__name__}", reading=reading) from None
    data: dict[str, Any] = response.data  # type: ignore[assignment]
    return data


def _translated(error: SlackApiError, *, reading: bool) -> Exception:
    response: Any = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    if status == 429 or code in _LIMITED:
        return TransientError("Slack wants a pause", retry_after_s=_retry_after_s(getattr(response, "headers", {})))
    if status >= 500 or code in _AFTER_ALL or not code:
        return _unanswered(f"Slack answered {status} {code}".strip(), reading=reading)
    if code == "missing_scope":  # of a post it is the agents' own names that are not allowed
        return PermanentError(code, reason=Refusal.READ_DENIED if reading else Refusal.CONTENT)
    if code.startswith("restricted_action"):
        return PermanentError(code, reason=Refusal.THREAD_GONE)
    for refusal, codes in _REFUSALS.items():
        if code in codes:
            return PermanentError(code, reason=refusal)
    return PermanentError(code, reason=Refusal.CONTENT)


def _unanswered(message: str, *, reading: bool) -> MusterError | UnknownOutcome:
    return TransientError(message, retry_after_s=_SERVER_RETRY_S) if reading else UnknownOutcome(message)


def _retry_after_s(headers: Any) -> float:
    try:
        return max(1.0, float(headers.get("Retry-After", 1)))
    except (TypeError, ValueError):
        return 1.0
