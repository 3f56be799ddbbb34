"""Slack's check finds what it must, against small descriptions in the form of the published ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.slack.limits import TIERS
from simulator.slack.web_api import METHODS
from tests.conformance.slack import SlackCheck
from tests.conformance.traffic import Entry

SECTION = {"type": "section", "text": {"type": "plain_text", "text": ""}}
WORDS = [{"type": "text", "text": ""}]
NESTED = [{"type": kind, "elements": WORDS} for kind in ("rich_text_list", "rich_text_section")]
RICH_TEXT = {"type": "rich_text", "elements": [{"type": each["type"], "elements": NESTED} for each in NESTED]}
MESSAGE = {"type": "message", "channel": "", "user": "", "text": "", "ts": "", "event_ts": "", "blocks": []}
WEB = {
    "definitions": {"objs_message": {"required": ["text"]}},
    "paths": {
        "/chat.postMessage": {
            "post": {
                "consumes": ["application/x-www-form-urlencoded", "application/json"],
                "parameters": [
                    {"name": "token", "in": "header", "type": "string", "required": True},
                    {"name": "channel", "in": "formData", "type": "string", "required": True},
                    {"name": "text", "in": "formData", "type": "string"},
                    {"name": "unfurl_links", "in": "formData", "type": "boolean"},
                    {"name": "blocks", "in": "formData", "type": "string", "description": "A JSON-based array"},
                ],
                "responses": {
                    "200": {
                        "schema": {
                            "type": "object",
                            "properties": {"ok": {}, "ts": {"type": "string"}, "message": {"type": "object"}},
                            "required": ["ok", "ts"],
                        }
                    },
                    "default": {"schema": {"properties": {"error": {"type": "string", "enum": ["channel_not_found"]}}}},
                },
            }
        },
        "/users.info": {
            "get": {
                "consumes": ["application/x-www-form-urlencoded"],
                "parameters": [{"name": "limit", "in": "query", "type": "integer"}],
                "responses": {
                    "200": {"schema": {"type": "object", "properties": {"ok": {}}, "required": ["ok", "user"]}}
                },
            }
        },
    },
}
WRAPPER = {
    "type": "object",
    "properties": {"event_id": {}},
    "required": ["event_id"],
    "additionalProperties": True,
}
EVENTS = {"components": {"schemas": {"GenericEventWrapper": WRAPPER}}}


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    wrapped = {"token": "", "event_id": "", "event": MESSAGE}
    files: dict[str, Any] = {
        "web_openapi_v2_2021.json": WEB,
        "events_api_async_v1.json": EVENTS,
        "rate_limit_tiers.json": {name: f"Tier{TIERS[name]}" if name in TIERS else "Special" for name in METHODS},
        "api/users.info.json": {"ok": False, "user": {"id": ""}},
        "api/files.info.json": {"file": {"title_blocks": [SECTION, RICH_TEXT]}},
        "api/views.open.json": {"view": {"type": "", "title": {"type": "plain_text", "text": ""}, "blocks": []}},
        "events/MessagePayload.json": wrapped,
        "events/MessageBotPayload.json": wrapped,
        "events/MessageFileSharePayload.json": wrapped,
        "events/MessageThreadBroadcastPayload.json": wrapped,
        "interactions/SlashCommandPayload.json": {"command": "", "text": ""},
        "interactions/BlockActionPayload.json": {"type": "block_actions", "trigger_id": ""},
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    return tmp_path


def differences(specs: Path, kind: str, **data: Any) -> list[str]:
    results = SlackCheck(specs).check([Entry(platform="slack", kind=kind, data=data)])
    return sorted(str(one) for one in results.differences if " table " not in one.where)


def call(method: str, args: dict[str, Any], answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    sent = {"method": method, "verb": "POST", "content_type": "application/json", "args": args}
    return {**sent, "status": 200, "answer": answer, **more}


def posted(**args: Any) -> dict[str, Any]:
    return call("chat.postMessage", {"channel": "C1", **args}, {"ok": True, "ts": "1.0"})


def test_a_call_as_described_has_no_difference(specs: Path) -> None:
    args = {"text": "Hello", "unfurl_links": False, "blocks": [SECTION]}

    assert differences(specs, "api.call", **posted(**args)) == []


def test_an_argument_that_no_description_names_is_found(specs: Path) -> None:
    assert differences(specs, "api.call", **posted(txt="Hello")) == [
        "slack request chat.postMessage: txt is not described"
    ]


def test_an_argument_of_the_wrong_kind_is_found(specs: Path) -> None:
    assert differences(specs, "api.call", **posted(unfurl_links="no")) == [
        "slack request chat.postMessage: unfurl_links is string, described as boolean"
    ]


def test_a_missing_argument_is_found(specs: Path) -> None:
    missing = call("chat.postMessage", {"text": "Hello"}, {"ok": True, "ts": "1.0"})

    assert differences(specs, "api.call", **missing) == ["slack request chat.postMessage: channel is missing"]


def test_an_unknown_method_is_found(specs: Path) -> None:
    unknown = call("chat.shout", {}, {"ok": False, "error": "unknown_method"})

    assert differences(specs, "api.call", **unknown) == ["slack request chat.shout: is no method"]


def test_json_for_a_method_that_reads_forms_is_found(specs: Path) -> None:
    asked = call("users.info", {"limit": 3}, {"ok": True, "user": {"id": "U1"}})

    assert differences(specs, "api.call", **asked) == [
        "slack request users.info: is sent as JSON, which the method does not read"
    ]


def test_values_of_forms_are_read_as_text(specs: Path) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"}
    good = call("users.info", {"limit": "3"}, {"ok": True, "user": {"id": "U1"}}) | form
    bad = call("users.info", {"limit": "three"}, {"ok": True, "user": {"id": "U1"}}) | form

    assert differences(specs, "api.call", **good) == []
    assert differences(specs, "api.call", **bad) == [r"slack request users.info: limit breaks pattern '^-?\\d+$'"]


@pytest.mark.parametrize("wrap", [lambda blocks: blocks, json.dumps])
def test_a_wrong_block_is_found_in_whatever_form_it_is_sent(specs: Path, wrap: Any) -> None:
    assert differences(specs, "api.call", **posted(blocks=wrap([{**SECTION, "colour": "red"}]))) == [
        "slack request chat.postMessage: blocks[]/colour is not described"
    ]


def test_rich_text_is_described_at_any_depth(specs: Path) -> None:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "bold": True}]}
    blocks = [{"type": "rich_text", "elements": [section]}]

    assert differences(specs, "api.call", **posted(blocks=blocks)) == [
        "slack request chat.postMessage: blocks[]/elements[]/elements[]/bold is not described"
    ]


def test_an_answer_with_a_strange_field_or_without_a_needed_one_is_found(specs: Path) -> None:
    answered = call("chat.postMessage", {"channel": "C1"}, {"ok": True, "timestamp": "1.0"})

    assert differences(specs, "api.call", **answered) == [
        "slack answer chat.postMessage: timestamp is not described",
        "slack answer chat.postMessage: ts is missing",
    ]


def test_a_message_in_an_answer_is_read_as_todays_samples_show_it(specs: Path) -> None:
    message = {"type": "message", "text": "Hello", "ts": "1.0", "mood": "good"}
    answered = call("chat.postMessage", {"channel": "C1"}, {"ok": True, "ts": "1.0", "message": message})

    assert differences(specs, "api.call", **answered) == [
        "slack answer chat.postMessage: message/mood is not described"
    ]


def test_where_there_is_a_sample_the_older_document_says_only_what_is_required(specs: Path) -> None:
    answered = call("users.info", {}, {"ok": True}) | {"content_type": ""}

    assert differences(specs, "api.call", **answered) == ["slack answer users.info: user is missing"]


def test_an_error_that_the_method_does_not_know_is_found_unless_it_was_ordered(specs: Path) -> None:
    refused = call("chat.postMessage", {"channel": "C1"}, {"ok": False, "error": "bad_hair_day"})

    assert differences(specs, "api.call", **refused) == [
        "slack answer chat.postMessage: has the undescribed error 'bad_hair_day'"
    ]
    assert differences(specs, "api.call", **refused, fault="deny") == []


def sent(payload: dict[str, Any], kind: str = "events_api") -> dict[str, Any]:
    return {"type": kind, "payload": payload}


def test_an_event_as_described_has_no_difference(specs: Path) -> None:
    event = {"type": "message", "text": "Hello", "ts": "1.0"}

    assert differences(specs, "envelope.sent", **sent({"event_id": "Ev1", "event": event})) == []


def test_a_wrong_event_is_found(specs: Path) -> None:
    event = {"type": "message", "text": 3, "chanel": "C1"}

    assert differences(specs, "envelope.sent", **sent({"event": event})) == [
        "slack event message: event/chanel is not described",
        "slack event message: event/text is integer, described as string/null",
        "slack event message: event_id is missing",
    ]


def test_an_event_that_nobody_describes_is_found(specs: Path) -> None:
    payload = {"event_id": "Ev1", "event": {"type": "message", "subtype": "shouted"}}

    assert differences(specs, "envelope.sent", **sent(payload)) == [
        "slack event message.shouted: has no published shape"
    ]


def test_wrong_commands_and_interactions_are_found(specs: Path) -> None:
    command = sent({"command": "/agents", "words": ""}, "slash_commands")
    press = sent({"type": "block_actions", "trigger": ""}, "interactive")
    other = sent({"type": "wave"}, "interactive")

    assert differences(specs, "envelope.sent", **command) == ["slack interaction slash_command: words is not described"]
    assert differences(specs, "envelope.sent", **press) == ["slack interaction block_actions: trigger is not described"]
    assert differences(specs, "envelope.sent", **other) == ["slack interaction wave: has no published shape"]


def test_what_muster_answers_to_interactions_is_checked_too(specs: Path) -> None:
    view = {"type": "modal", "titel": {}}
    acked = {"type": "interactive", "answer": {"response_action": "update", "view": view}}
    used = {"user": "U1", "body": {"blocks": [{"type": "sektion"}]}}

    assert differences(specs, "envelope.acked", **acked) == [
        "slack acknowledgement interactive: view/titel is not described"
    ]
    assert differences(specs, "response_url.used", **used) == [
        "slack request response_url: blocks[]/type has the undescribed value 'sektion'"
    ]


def test_a_wrong_rate_in_the_simulators_table_is_found(specs: Path) -> None:
    rates = specs / "rate_limit_tiers.json"
    rates.write_text(json.dumps(json.loads(rates.read_text()) | {"chat.update": "Tier4"}))

    tables = [str(one) for one in SlackCheck(specs).check([]).differences]

    assert tables == ["slack table chat.update: is in tier 3, published as Tier4"]


def test_a_method_that_reads_json_unlike_published_is_found(specs: Path) -> None:
    web = json.loads((specs / "web_openapi_v2_2021.json").read_text())
    web["paths"]["/users.info"]["get"]["consumes"].append("application/json")
    (specs / "web_openapi_v2_2021.json").write_text(json.dumps(web))

    tables = [str(one) for one in SlackCheck(specs).check([]).differences]

    assert tables == ["slack table users.info: ignores JSON, unlike published"]


def test_what_was_and_was_not_exercised_is_told(specs: Path) -> None:
    seen = [Entry(platform="slack", kind="api.call", data=posted(text="Hello"))] * 2

    methods, called, events, interactions = SlackCheck(specs).check(seen).coverage

    assert methods.seen == {"chat.postMessage": 2}
    assert set(methods.unseen) == set(METHODS) - {"chat.postMessage"}
    assert "chat.update" in called.unseen
    assert called.seen == methods.seen
    assert events.unseen == ["message"]
    assert interactions.unseen == ["block_actions", "slash_command"]
