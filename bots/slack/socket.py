"""The Socket Mode connection, and the watch over it: what goes silent is replaced, and gaps are reported.

Made by `app`. The SDK reconnects by itself within about 20 s in most cases; this is for those in which it does not: it
waits for an answer that never comes, tries a used ticket for ever, or one of its tasks has ended.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import structlog
from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from bots.slack import limits

log = structlog.get_logger(__name__)

_LOOK_S = 2.0
_LONGEST_BACK_OFF_S = 30.0


class SlackSocket:
    """One connection at a time: open it, `run` its watch, close it."""

    def __init__(
        self,
        *,
        make: Callable[[], AsyncSocketModeHandler],
        on_gap: Callable[[], None],
        monotonic: Callable[[], float],
        silent_s: float = limits.SILENT_S,
        look_s: float = _LOOK_S,
    ) -> None:
        """
        Args:
            make: a handler of its own, not connected yet.
            on_gap: called when events may have been missed.
            silent_s: a connection that nothing is heard of for so long is replaced.
            look_s: how often to look.
        """
        self._make = make
        self._on_gap = on_gap
        self._monotonic = monotonic
        self._silent_s = silent_s
        self._look_s = look_s
        self._handler: AsyncSocketModeHandler | None = None
        self._letting_go: set[asyncio.Task[None]] = set()
        self._watched: Any = None  # the WebSocket that was there when we last looked
        self._pong: float | None = None
        self._heard_at = self._live_at = self._looked_at = monotonic()
        self._told_to_go = False
        self._broke = False  # a connection that was not told to go has been replaced
        self._closed = False

    async def open(self) -> None:
        """Connect; returns when events can come in."""
        back_off_s = 1.0
        while not await self._replace():
            await asyncio.sleep(back_off_s)
            back_off_s = min(back_off_s * 2, _LONGEST_BACK_OFF_S)
        assert self._handler is not None
        self._watched = self._handler.client.current_session
        self._live_at = self._looked_at = self._monotonic()

    async def run(self) -> None:
        """Watch until cancelled."""
        back_off_s = 1.0
        while not self._closed:
            await asyncio.sleep(self._look_s)
            try:
                if not await self._is_lost():
                    back_off_s = 1.0
                elif not await self._replace():
                    await asyncio.sleep(back_off_s)
                    back_off_s = min(back_off_s * 2, _LONGEST_BACK_OFF_S)
            except Exception:
                log.exception("slack.watch_broken")
            self._looked_at = self._monotonic()

    async def close(self) -> None:
        """Let go of the connection, and of those that were replaced."""
        self._closed = True
        if self._handler is not None:
            await _let_go(self._handler)
        if self._letting_go:
            await asyncio.wait(self._letting_go)

    async def connected(self) -> bool:
        """Whether events can come in now."""
        return self._handler is not None and await self._handler.client.is_connected() and not self._is_silent()

    async def _is_lost(self) -> bool:
        """Note what the connection does; True when it must be replaced."""
        assert self._handler is not None
        client, now = self._handler.client, self._monotonic()
        stood_still = now - self._looked_at > self._look_s + limits.GAP_S  # this process: nothing could be heard
        self._looked_at = now
        if client.last_ping_pong_time != self._pong or stood_still:
            self._pong, self._heard_at = client.last_ping_pong_time, now
        if self._is_silent():
            log.warning("slack.silent", for_s=round(now - self._heard_at))
            return True
        if client.current_session is not self._watched:
            self._broke = self._broke or not self._told_to_go
            self._watched, self._told_to_go = client.current_session, False
        if not await client.is_connected():
            return now - self._live_at > self._silent_s
        missed_s, self._live_at = now - self._live_at, now
        if missed_s > limits.GAP_S or self._broke:
            log.info("slack.gap", for_s=round(missed_s))
            self._broke = False
            self._on_gap()
        return False

    def _is_silent(self) -> bool:
        return self._monotonic() - self._heard_at > self._silent_s

    async def _replace(self) -> bool:
        """Connect anew and let the old connection go; False when that takes too long."""
        new = self._make()
        new.client.on_message_listeners.append(self._on_frame)
        try:
            async with asyncio.timeout(limits.CONNECT_S):
                await new.connect_async()  # type: ignore[no-untyped-call]
        except TimeoutError:
            log.warning("slack.not_connected")
            self._let_go_soon(new)
            return False
        except BaseException:
            self._let_go_soon(new)
            raise
        old, self._handler = self._handler, new
        self._pong, self._heard_at = None, self._monotonic()
        if old is not None:
            self._let_go_soon(old)
        return True

    async def _on_frame(self, frame: WSMessage) -> None:
        """Slack announces that it ends a connection; what is said until the next one is kept for that."""
        if '"disconnect"' in frame.data and json.loads(frame.data).get("type") == "disconnect":
            self._told_to_go = True

    def _let_go_soon(self, handler: AsyncSocketModeHandler) -> None:
        task = asyncio.create_task(_let_go(handler))
        self._letting_go.add(task)
        task.add_done_callback(self._letting_go.discard)


async def _let_go(handler: AsyncSocketModeHandler) -> None:
    """Close a connection that may no longer answer, with all that belongs to it."""
    client = handler.client
    with contextlib.suppress(Exception):
        async with asyncio.timeout(limits.CLOSE_S):
            await handler.close_async()  # type: ignore[no-untyped-call]
    client.closed, client.auto_reconnect_enabled = True, False
    tasks = [client.message_processor, client.current_session_monitor, client.message_receiver]
    for task in filter(None, tasks):
        task.cancel()
    with contextlib.suppress(Exception):
        await client.aiohttp_client_session.close()
