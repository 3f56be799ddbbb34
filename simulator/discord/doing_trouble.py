"""Trouble with the gateway and the token, on order.

Called by `control`. Nothing here is done as a person; each answer says how many connections or sessions it met.
"""

from __future__ import annotations

from typing import Any

from simulator.discord.ask import Ask
from simulator.discord.platform import BOT_TOKEN
from simulator.errors import PersonError


async def disconnect(ask: Ask) -> dict[str, Any]:
    """End `count` connections (all by default).

    With a `reason` the client is asked to reconnect and resume; else the connection is closed with `code`, or cut off
    without one. Their sessions cannot be resumed when `resumable` is false.
    """
    gateway, count = ask.platform.gateway, ask.body.get("count")
    if ask.body.get("reason"):
        return {"connections": gateway.ask_to_reconnect(count)}
    is_resumable = bool(ask.body.get("resumable", True))
    return {"connections": gateway.drop(code=ask.body.get("code"), resumable=is_resumable, count=count)}


async def invalidate(ask: Ask) -> dict[str, Any]:
    """Tell `count` clients that their session is invalid; `resumable` says whether they may resume it."""
    is_resumable = bool(ask.body.get("resumable", False))
    return {"connections": ask.platform.gateway.invalidate(resumable=is_resumable, count=ask.body.get("count"))}


async def ask_for_heartbeat(ask: Ask) -> dict[str, Any]:
    """Ask `count` clients (all by default) for a heartbeat before its time."""
    return {"connections": ask.platform.gateway.ask_for_heartbeat(ask.body.get("count"))}


async def black_hole(ask: Ask) -> dict[str, Any]:
    """Make `count` connections (all by default) half-open."""
    return {"connections": ask.platform.gateway.black_hole(ask.body.get("count"))}


async def inject(ask: Ask) -> dict[str, Any]:
    """Send all sessions the event `event` with `data`, whatever it is: unknown, or not as it should be."""
    return {"sessions": ask.platform.gateway.inject(ask.text("event"), ask.body.get("data"))}


async def send_raw(ask: Ask) -> dict[str, Any]:
    """Send all connections the frame `text`, whatever it is."""
    return {"connections": ask.platform.gateway.send_raw(ask.text("text"))}


async def revoke(ask: Ask) -> dict[str, Any]:
    """The bot's token stops working, at REST and at the gateway; with an empty `error` the first one works again."""
    if ask.text("error", "token_revoked"):
        ask.platform.reset_token()
        ask.platform.gateway.refuse_all()
    elif ask.platform.token == BOT_TOKEN:
        raise PersonError("the token works")
    else:
        ask.platform.token = BOT_TOKEN
    return {}
