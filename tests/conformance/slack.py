"""Checks Slack's traffic: what Muster called, what the simulator answered and sent, and the simulator's own tables.

Called by `__main__`. What is right is read from `slack_published` alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simulator.slack.limits import TIERS
from simulator.slack.web_api import METHODS
from tests.conformance.differences import Coverage, Results
from tests.conformance.own_calls import slack_methods
from tests.conformance.slack_published import Published, event_name
from tests.conformance.traffic import Entry

NO_TIER = 0
"""For methods with rates of their own, which the table of tiers does not put into numbers."""


class SlackCheck:
    """Takes the entries of the recording one by one."""

    def __init__(self, specs: Path) -> None:
        """
        Args:
            specs: the folder `slack` of the specifications.
        """
        self._published = Published(specs)
        self.results = Results()
        self._methods = Coverage(sort="slack methods", expected=frozenset(METHODS))
        self._events = Coverage(sort="slack events", expected=frozenset(self._published.events))
        interactions = frozenset(kind or "slash_command" for kind in self._published.interactions)
        self._interactions = Coverage(sort="slack interactions", expected=interactions)
        called = Coverage(
            sort="slack methods that Muster calls", seen=self._methods.seen, expected=slack_methods(METHODS)
        )
        self.results.coverage += [self._methods, called, self._events, self._interactions]

    def check(self, entries: Iterable[Entry]) -> Results:
        """Check the simulator's tables and all *entries*."""
        self._tables()
        for entry in entries:
            match entry.kind:
                case "api.call":
                    self._request(entry.data)
                    self._answer(entry.data)
                case "envelope.sent":
                    self._sent(entry.data)
                case "envelope.acked" if isinstance(entry.data.get("answer"), dict):
                    self._parts(f"slack acknowledgement {entry.data['type']}", entry.data["answer"])
                case "response_url.used":
                    self._parts("slack request response_url", entry.data["body"])
        return self.results

    # -- tables -----------------------------------------------------------------------------------------------

    def _tables(self) -> None:
        for name, method in METHODS.items():
            where = f"slack table {name}"
            published = self._published.tiers.get(name, "")
            tier = int(published.removeprefix("Tier")) if published.startswith("Tier") else NO_TIER
            if TIERS.get(name, NO_TIER) != tier:
                self.results.say(where, f"is in tier {TIERS.get(name, NO_TIER)}, published as {published or 'nothing'}")
            reads_json = self._published.reads_json(name)
            if reads_json is not None and reads_json != method.accepts_json:
                self.results.say(where, f"{'reads' if method.accepts_json else 'ignores'} JSON, unlike published")

    # -- calls ------------------------------------------------------------------------------------------------

    def _request(self, call: dict[str, Any]) -> None:
        method, where = call["method"], f"slack request {call['method']}"
        self._methods.seen[method] += 1
        if not self._published.knows(method):
            self.results.say(where, "is no method")
            return
        as_json = call["content_type"] == "application/json"
        if as_json and self._published.reads_json(method) is False:
            self.results.say(where, "is sent as JSON, which the method does not read")
        described = self._published.arguments(method, as_json=as_json)
        self.results.add(where, self._published.shapes.compare(described, call["args"]))
        self._parts(where, call["args"])

    def _parts(self, where: str, body: dict[str, Any]) -> None:
        """Check what is described apart from the call that carries it: blocks and views."""
        for name, schema in (("blocks", self._published.blocks), ("view", self._published.view)):
            value = body.get(name)
            if isinstance(value, str):
                value = json.loads(value)
            if value is not None:
                wrapped = {"properties": {name: schema}}
                self.results.add(where, self._published.shapes.compare(wrapped, {name: value}))

    def _answer(self, call: dict[str, Any]) -> None:
        """Check the answer. One that never came, or that a fault put in its place, is none of Slack's."""
        if call["status"] != 200:
            return
        method, answer = call["method"], call["answer"]
        if not answer.get("ok"):
            known = self._published.errors(method)
            if known and answer.get("error") not in known and "fault" not in call:
                self.results.say(f"slack answer {method}", f"has the undescribed error {answer.get('error')!r}")
            return
        where = f"slack answer {method}"
        sample, older = self._published.answer(method), self._published.older_answer(method)
        if sample is None and older is None:
            self.results.say(where, "has no published shape")
        if sample is not None:
            self.results.add(where, self._published.shapes.compare(sample, answer))
        if older is not None:
            findings = self._published.shapes.compare(older, answer)
            self.results.add(where, (one for one in findings if sample is None or one.problem == "is missing"))

    # -- what Slack sends -------------------------------------------------------------------------------------

    def _sent(self, envelope: dict[str, Any]) -> None:
        payload = envelope["payload"]
        if envelope["type"] == "events_api":
            name = event_name(payload["event"])
            where, schema = f"slack event {name}", self._published.events.get(name)
            self._events.seen[name] += 1
            self.results.add(where, self._published.event_shapes.compare(self._published.event_wrapper, payload))
        else:
            kind = payload.get("type", "")
            name = kind or "slash_command"
            where, schema = f"slack interaction {name}", self._published.interactions.get(kind)
            self._interactions.seen[name] += 1
        if schema is None:
            self.results.say(where, "has no published shape")
        else:
            self.results.add(where, self._published.shapes.compare(schema, payload))
