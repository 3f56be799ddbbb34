"""Delivers what happens to the app over Socket Mode: events until they are acknowledged, all else once.

Called by `events` (what to deliver) and by `interactions` (what needs an answer). It owns the redelivery of events and
the faults that befall them.
Source: https://docs.slack.dev/apis/events-api#retries
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from simulator.faults import FaultBoard, FaultKind
from simulator.slack.options import SlackOptions
from simulator.slack.socket_mode import Ack, NoConnectionError, SocketModeHub
from simulator.truth import TruthLog

_log = structlog.get_logger(__name__)


class Deliveries:
    """What is on its way to the app."""

    def __init__(
        self, *, hub: SocketModeHub, truth: TruthLog, faults: FaultBoard, options: Callable[[], SlackOptions]
    ) -> None:
        self._hub = hub
        self._truth = truth
        self._faults = faults
        self._options = options
        self._tasks: set[asyncio.Task[None]] = set()

    def send_event(self, team: str, payload: dict[str, Any]) -> None:
        """Deliver an event in the background, again and again until it is acknowledged or lost."""
        self._start(self._deliver(team, payload))

    async def request(self, team: str, kind: str, payload: dict[str, Any], *, wants_payload: bool) -> Ack:
        """Deliver a command or an interaction once and wait for the app's answer.

        Args:
            kind: `slash_commands` or `interactive`.

        Raises:
            NoConnectionError: nobody was there to take it, or the connection closed before the answer.
            TimeoutError: no acknowledgement in time.
        """
        envelope = {"type": kind, "payload": payload, "accepts_response_payload": wants_payload}
        return await self._hub.exchange(team, envelope, _envelope_id())

    async def _deliver(self, team: str, payload: dict[str, Any]) -> None:
        event = payload["event"]
        known = {"event_id": payload["event_id"], "event_type": event["type"], "subtype": event.get("subtype")}
        if self._faults.strike((FaultKind.DROP_EVENT,), event["type"], event):
            self._truth.append("event.dropped", known, team=team)
            return
        delay = self._faults.strike((FaultKind.DELAY_EVENT,), event["type"], event)
        if delay is not None:
            await asyncio.sleep(delay.delay_s)
        envelope_id = _envelope_id()
        self._duplicate(team, payload, envelope_id)
        reason = ""
        for attempt, wait_s in enumerate((0.0, *self._options().redelivery_s)):
            if wait_s:
                await asyncio.sleep(wait_s)
            try:
                await self._hub.exchange(team, _event_envelope(payload, attempt, reason), envelope_id)
            except NoConnectionError:
                reason = "connection_failed"
            except TimeoutError:
                reason = "timeout"
            else:
                return
            envelope_id = _envelope_id()
        self._truth.append("event.lost", {**known, "reason": reason}, team=team)

    def _duplicate(self, team: str, payload: dict[str, Any], envelope_id: str) -> None:
        """Start the extra copies of an event that a fault asks for."""
        fault = self._faults.strike((FaultKind.DUPLICATE_EVENT,), payload["event"]["type"], payload["event"])
        if fault is None:
            return

        async def send_copy(number: int) -> None:
            await asyncio.sleep(fault.spacing_s * number)
            if fault.same_envelope:
                await self._hub.repeat(team, _event_envelope(payload, 0, ""), envelope_id)
                return
            try:
                await self._hub.exchange(team, _event_envelope(payload, number, "timeout"), _envelope_id())
            except (NoConnectionError, TimeoutError):
                return

        for number in range(1, fault.copies + 1):
            self._start(send_copy(number))

    async def close(self) -> None:
        """Give up all that is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("slack.delivery_failed", exc_info=task.exception())


def _event_envelope(payload: dict[str, Any], attempt: int, reason: str) -> dict[str, Any]:
    return {
        "type": "events_api",
        "payload": payload,
        "accepts_response_payload": False,
        "retry_attempt": attempt,
        "retry_reason": reason,
    }


def _envelope_id() -> str:
    raw = secrets.token_hex(16)
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))
