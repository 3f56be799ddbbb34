"""Faults on order: rules that make a simulated platform misbehave a counted number of times.

The control API adds and clears rules; each platform asks the board before it answers a call or sends an event.
The board only decides what goes wrong; the platform carries it out and records it in the truth log.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "rate_limit"
    """Answer 429 with `retry_after_s`; the call is not carried out."""
    SERVER_ERROR = "server_error"
    """Answer the HTTP status `status` (500 by default); the call is not carried out."""
    DENY = "deny"
    """Answer with the platform's error `error`; the call is not carried out."""
    LOSE_REQUEST = "lose_request"
    """Close the connection; the call is not carried out."""
    LOSE_REPLY = "lose_reply"
    """Carry the call out, then close the connection instead of answering."""
    DELAY = "delay"
    """Wait `delay_s` before the call is carried out; goes together with another fault."""
    DROP_EVENT = "drop_event"
    """Never send the event."""
    DUPLICATE_EVENT = "duplicate_event"
    """Send the event `copies` more times, `spacing_s` apart, whether acknowledged or not."""
    DELAY_EVENT = "delay_event"
    """Wait `delay_s` before the event is first sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule."""

    kind: FaultKind
    target: str = "*"
    """Method (`chat.postMessage`) or event (`message`) it is for; `*` is any."""
    times: int | None = 1
    """How often it strikes; None is until it is cleared."""
    where: Mapping[str, Any] = field(default_factory=dict)
    """Arguments (of a call) or fields (of an event) that must be equal."""
    probability: float = 1.0
    """Chance to strike on each occasion; a miss does not count."""
    error: str = "internal_error"
    status: int = 500
    retry_after_s: int = 1
    delay_s: float = 0.0
    copies: int = 1
    spacing_s: float = 0.0
    same_envelope: bool = False
    """Copies keep the envelope's id and say attempt 0, as is sometimes seen on Slack."""
    id: int = 0
    """Given by the board."""

    def matches(self, target: str, fields: Mapping[str, Any]) -> bool:
        """Whether the rule is about this call or event."""
        if self.target not in ("*", target):
            return False
        return all(fields.get(name) == value for name, value in self.where.items())


class FaultBoard:
    """The rules in force; the oldest matching one strikes first."""

    def __init__(self, *, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._next_id = 1
        self._random = random.Random(seed)

    def add(self, fault: Fault) -> Fault:
        """Put *fault* in force; returns it with its id."""
        numbered = replace(fault, id=self._next_id)
        self._next_id += 1
        self._faults.append(numbered)
        return numbered

    def clear(self, fault_id: int | None = None) -> None:
        """Lift the rule *fault_id*, or all of them."""
        self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]

    def listed(self) -> list[Fault]:
        """The rules still in force, with what is left of their count."""
        return list(self._faults)

    def strike(self, kinds: Iterable[FaultKind], target: str, fields: Mapping[str, Any]) -> Fault | None:
        """The fault of one of *kinds* that strikes this call or event now, counted down; None if it goes well."""
        wanted = frozenset(kinds)
        for index, fault in enumerate(self._faults):
            if fault.kind not in wanted or not fault.matches(target, fields):
                continue
            if fault.probability < 1.0 and self._random.random() >= fault.probability:
                continue
            self._count_down(index, fault)
            return fault
        return None

    def _count_down(self, index: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._faults[index]
        else:
            self._faults[index] = replace(fault, times=fault.times - 1)
