"""Owns what a test has ordered: faults and replies for the next matching requests, each counted.

The control API adds and clears them; `completions` takes them. Without orders the demo model plays its script.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any, Generic, TypeVar

from simulator.model.request_reading import Kind, Request
from simulator.model.script import Call, Reply


class FaultKind(StrEnum):
    """What goes wrong with one request."""

    STATUS = "status"
    """The HTTP status `status` with an error body, and `retry_after_s` if given."""
    CONTEXT_LENGTH = "context_length"
    """400, context_length_exceeded."""
    HANG = "hang"
    """No answer for as long as the client waits."""
    CUT = "cut"
    """The connection breaks after half of the answer."""
    HTML = "html"
    """200 with a proxy's HTML page instead of JSON."""
    NONSENSE = "nonsense"
    """Words where JSON was asked, nonsense where words were."""
    EMPTY = "empty"
    """A message without words or tool calls."""
    EMPTY_CHOICES = "empty_choices"
    """No choices at all, as content filters answer."""
    HUGE = "huge"
    """Words of `size_bytes` bytes."""
    UNKNOWN_TOOL = "unknown_tool"
    """A call of a tool that was not offered."""
    BAD_ARGUMENTS = "bad_arguments"
    """A tool call whose arguments are not JSON."""
    SLOW = "slow"
    """The right answer, after `delay_s`."""


class BadOrderError(ValueError):
    """The control API was given something that is not an order; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """For which requests, and how often; what is left empty matches all."""

    times: int = 1
    kind: str = ""
    agent: str = ""
    text: str = ""
    """Found anywhere in what people and agents said."""
    model: str = ""

    def matches(self, request: Request, model: str) -> bool:
        """Whether the order is for this request."""
        return (
            self.kind in ("", request.kind)
            and self.agent in ("", request.agent)
            and self.model in ("", model)
            and self.text in request.text
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Order):
    """One rule that makes requests fail."""

    fault: FaultKind
    status: int = 500
    retry_after_s: float | None = None
    delay_s: float | None = None
    """Thinking time of the request; None leaves the model's own."""
    size_bytes: int = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedReply(Order):
    """One answer given word for word."""

    reply: Reply
    finish_reason: str = ""
    """Empty for what fits the reply."""


OrderT = TypeVar("OrderT", bound=Order)


@dataclass(slots=True)
class _Pending(Generic[OrderT]):
    order: OrderT
    left: int


@dataclass(slots=True)
class OrderList(Generic[OrderT]):
    """Orders in force; the oldest matching one is taken first."""

    _pending: list[_Pending[OrderT]] = field(default_factory=list)

    def add(self, order: OrderT) -> None:
        """Put *order* in force."""
        self._pending.append(_Pending(order, order.times))

    def take(self, request: Request, model: str) -> OrderT | None:
        """The order for this request, counted down; None when there is none."""
        for pending in self._pending:
            if pending.order.matches(request, model):
                pending.left -= 1
                if pending.left <= 0:
                    self._pending.remove(pending)
                return pending.order
        return None

    def clear(self) -> None:
        """Drop all."""
        self._pending.clear()

    def left(self) -> list[tuple[OrderT, int]]:
        """Orders in force, each with how often it still strikes."""
        return [(pending.order, pending.left) for pending in self._pending]


def parse_fault(raw: Any) -> Fault:
    """A fault from the control API's JSON: `fault` and any field of `Fault`.

    Raises:
        BadOrderError: a field or a fault is unknown, or has the wrong type.
    """
    values = _checked(raw, Fault)
    try:
        values["fault"] = FaultKind(str(values.get("fault")))
    except ValueError:
        raise BadOrderError(f"fault must be one of {', '.join(FaultKind)}") from None
    return Fault(**values)


def parse_reply(raw: Any) -> QueuedReply:
    """A reply from the control API's JSON: `content`, `tool_calls` [{name, arguments}], and any field of `Order`.

    Raises:
        BadOrderError: a field is unknown or has the wrong type, or there is neither content nor a call.
    """
    if not isinstance(raw, dict):
        raise BadOrderError("an order must be a JSON object")
    rest = {name: value for name, value in raw.items() if name not in ("content", "tool_calls")}
    content, calls = raw.get("content"), raw.get("tool_calls") or []
    if not isinstance(content, str | None) or not isinstance(calls, list) or not (calls or content is not None):
        raise BadOrderError("a reply needs content (a string) or tool_calls (an array)")
    reply = Reply(content=content, calls=tuple(map(_parse_call, calls)))
    return QueuedReply(**_checked(rest, QueuedReply), reply=reply)


def _parse_call(raw: Any) -> Call:
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str) or "arguments" not in raw:
        raise BadOrderError("a tool call needs name and arguments (an object, or a string sent as it is)")
    arguments = raw["arguments"]
    return Call(tool=raw["name"], arguments=arguments if isinstance(arguments, str) else json.dumps(arguments))


def _checked(raw: Any, order: type[Order]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise BadOrderError("an order must be a JSON object")
    known: Mapping[str, Any] = {one.name: one.default for one in fields(order) if one.name != "reply"}
    for name, value in raw.items():
        if name not in known:
            raise BadOrderError(f"unknown field {name}; known are {', '.join(known)}")
        default = known[name]
        wanted = (int, float) if default is None else type(default)
        if default is not MISSING and not isinstance(value, wanted):
            raise BadOrderError(f"{name} has the wrong type")
    if raw.get("kind", "") not in ("", *Kind):
        raise BadOrderError(f"kind must be one of {', '.join(Kind)}")
    return dict(raw)
