"""Checks Discord's traffic: what Muster called, and what the simulator answered and sent.

Called by `__main__`. What is right is read from `discord_published` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from simulator.discord.rest import ENDPOINTS
from tests.conformance.differences import Coverage, Results
from tests.conformance.discord_published import EVENT_PARTS, Published
from tests.conformance.own_calls import discord_paths
from tests.conformance.shapes import Finding
from tests.conformance.traffic import Entry


class DiscordCheck:
    """Takes the entries of the recording one by one."""

    def __init__(self, document: Path) -> None:
        """
        Args:
            document: Discord's OpenAPI document.
        """
        self._published = Published(document)
        self.results = Results()
        self._routes = Coverage(sort="discord routes", expected=frozenset(endpoint.name for endpoint in ENDPOINTS))
        paths = {endpoint.template for endpoint in ENDPOINTS}
        self._paths = Coverage(sort="discord paths that Muster names", expected=discord_paths(paths))
        self._events = Coverage(sort="discord events with a published part", expected=frozenset(EVENT_PARTS))
        self._others = Coverage(sort="discord events that nothing describes")
        self.results.coverage += [self._routes, self._paths, self._events, self._others]

    def check(self, entries: Iterable[Entry]) -> Results:
        """Check all *entries*, and that all routes of the simulator are Discord's."""
        for endpoint in ENDPOINTS:
            if self._published.operation(endpoint.method, endpoint.template) is None:
                self.results.say(f"discord table {endpoint.name}", "is no route")
        for entry in entries:
            if entry.kind == "api.call":
                self._call(entry.data)
            elif entry.kind == "event.sent":
                self._event(entry.data["event"], entry.data["data"])
        return self.results

    # -- calls ------------------------------------------------------------------------------------------------

    def _call(self, call: dict[str, Any]) -> None:
        name = f"{call['method']} {call['route']}"
        self._routes.seen[name] += 1
        self._paths.seen[call["route"]] += 1
        operation = self._published.operation(call["method"], call["route"])
        if operation is None:
            self.results.say(f"discord request {name}", "is no route")
            return
        self._request(f"discord request {name}", call, operation)
        if 200 <= call["status"] < 500 and not _is_ban(call):  # anything else is trouble on order, described nowhere
            self._answer(f"discord answer {name}", call, operation)

    def _request(self, where: str, call: dict[str, Any], operation: dict[str, Any]) -> None:
        shapes = self._published.shapes
        self.results.add(
            where, _under("path", shapes.compare(self._published.path(operation, call["route"]), call["path"]))
        )
        self.results.add(where, _under("query", shapes.compare(self._published.query(operation), call["query"])))
        with_files = bool(call.get("files"))
        described = self._published.body(operation, with_files=with_files)
        if described is not None:
            self.results.add(where, shapes.compare(described, call["body"]))
        elif call["body"] or with_files:
            self.results.say(where, "has a body, and none is described" if not with_files else "takes no files")

    def _answer(self, where: str, call: dict[str, Any], operation: dict[str, Any]) -> None:
        described = self._published.answer(operation, call["status"])
        if described is None:
            self.results.say(where, f"has the undescribed status {call['status']}")
        else:
            self.results.add(f"{where} {call['status']}", self._published.shapes.compare(described, call["answer"]))

    # -- what Discord sends -----------------------------------------------------------------------------------

    def _event(self, event: str, data: dict[str, Any]) -> None:
        parts = EVENT_PARTS.get(event)
        if parts is None:
            self._others.seen[event] += 1
            return
        self._events.seen[event] += 1
        for place, component in parts.items():
            for value in _at(data, place):
                findings = self._published.shapes.compare(self._published.component(component), value)
                self.results.add(f"discord event {event}", _under(place, findings))


def _is_ban(call: dict[str, Any]) -> bool:
    """Whether the network in front of the API answered, with a page."""
    return call["status"] == 429 and call["answer"] is None


def _at(data: Any, place: str) -> Iterator[Any]:
    """What is at *place*, such as `channels[]` or `data/resolved`; nothing where there is none."""
    for name in filter(None, place.removesuffix("[]").split("/")):
        data = data.get(name) if isinstance(data, dict) else None
    if place.endswith("[]"):
        yield from data or ()
    elif data is not None:
        yield data


def _under(place: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings, told from further up."""
    for one in findings:
        joined = "/".join(part for part in (place, one.path) if part)
        yield Finding(path=joined, problem=one.problem)
