"""Discord's check finds what it must, against a small description in the form of the published one."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.discord.rest import ENDPOINTS
from tests.conformance.discord import DiscordCheck
from tests.conformance.traffic import Entry

ID = {"type": "string", "pattern": "^[0-9]+$"}
SEND = {
    "type": "object",
    "properties": {"content": {"type": "string", "maxLength": 5}, "nonce": {"type": ["string", "integer"]}},
    "required": ["content"],
}
ROUTE = "/channels/{channel.id}/messages"
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/channels/{channel_id}/messages": {
            "parameters": [{"name": "channel_id", "in": "path", "schema": ID, "required": True}],
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                    {"name": "after", "in": "query", "schema": ID},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/MessageResponse"}}
                            }
                        }
                    },
                    "4XX": {"$ref": "#/components/responses/Refused"},
                },
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": SEND}}},
                "responses": {"204": {"description": "nothing"}},
            },
        }
    },
    "components": {
        "schemas": {
            "MessageResponse": {
                "type": "object",
                "properties": {"id": ID, "author": {"$ref": "#/components/schemas/UserResponse"}},
                "required": ["id"],
            },
            "UserResponse": {"type": "object", "properties": {"id": ID}, "required": ["id"]},
            "ResolvedObjectsResponse": {"type": "object", "properties": {}},
        },
        "responses": {
            "Refused": {
                "content": {
                    "application/json": {"schema": {"type": "object", "properties": {"code": {"type": "integer"}}}}
                }
            }
        },
    },
}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "discord-openapi.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def differences(document: Path, kind: str, data: dict[str, Any]) -> list[str]:
    results = DiscordCheck(document).check([Entry(platform="discord", kind=kind, data=data)])
    return sorted(str(one) for one in results.differences if " table " not in one.where)


def call(method: str, **more: Any) -> dict[str, Any]:
    plain = {"method": method, "route": ROUTE, "path": {"channel_id": "1"}, "query": {}, "body": {}}
    fine = {"status": 200, "answer": [{"id": "1"}]} if method == "GET" else {"status": 204, "answer": None}
    return {**plain, **fine, **more}


def test_calls_as_described_have_no_difference(document: Path) -> None:
    assert differences(document, "api.call", call("GET", query={"limit": "3", "after": "17"})) == []
    assert differences(document, "api.call", call("POST", body={"content": "Hi", "nonce": "1"})) == []


def test_a_route_that_is_not_published_is_found(document: Path) -> None:
    assert differences(document, "api.call", call("GET", route="/channels/{channel.id}/shouts")) == [
        "discord request GET /channels/{channel.id}/shouts: is no route"
    ]


def test_a_method_that_is_not_published_is_found(document: Path) -> None:
    assert differences(document, "api.call", call("PUT")) == [f"discord request PUT {ROUTE}: is no route"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"content": "Hi", "text": "Hi"}, "text is not described"),
        ({"nonce": "1"}, "content is missing"),
        ({"content": 3}, "content is integer, described as string"),
        ({"content": "Hello there"}, "content breaks maxLength 5"),
    ],
)
def test_a_wrong_body_is_found(document: Path, body: dict[str, Any], problem: str) -> None:
    assert differences(document, "api.call", call("POST", body=body)) == [f"discord request POST {ROUTE}: {problem}"]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"limit": "many"}, r"query/limit breaks pattern '^-?\\d+$'"),
        ({"after": "x"}, "query/after breaks pattern '^[0-9]+$'"),
        ({"since": "1"}, "query/since is not described"),
    ],
)
def test_a_wrong_query_is_found(document: Path, query: dict[str, str], problem: str) -> None:
    assert differences(document, "api.call", call("GET", query=query)) == [f"discord request GET {ROUTE}: {problem}"]


def test_a_wrong_variable_of_the_path_is_found(document: Path) -> None:
    assert differences(document, "api.call", call("GET", path={"channel_id": "general"})) == [
        f"discord request GET {ROUTE}: path/channel_id breaks pattern '^[0-9]+$'"
    ]


def test_a_body_or_files_where_none_belong_are_found(document: Path) -> None:
    files = [{"filename": "a.txt", "size": 1}]

    assert differences(document, "api.call", call("GET", body={"content": "Hi"})) == [
        f"discord request GET {ROUTE}: has a body, and none is described"
    ]
    assert differences(document, "api.call", call("POST", body={"content": "Hi"}, files=files)) == [
        f"discord request POST {ROUTE}: takes no files"
    ]


@pytest.mark.parametrize(
    ("answered", "problem"),
    [
        ({"answer": [{"id": "1", "body": ""}]}, " 200: []/body is not described"),
        ({"answer": [{"author": {"id": "2"}}]}, " 200: []/id is missing"),
        ({"answer": [{"id": 1}]}, " 200: []/id is integer, described as string"),
        ({"status": 201}, ": has the undescribed status 201"),
        ({"status": 403, "answer": {"code": "50001"}}, " 403: code is string, described as integer"),
    ],
)
def test_a_wrong_answer_is_found(document: Path, answered: dict[str, Any], problem: str) -> None:
    assert differences(document, "api.call", call("GET", **answered)) == [f"discord answer GET {ROUTE}{problem}"]


def test_an_answer_where_none_is_described_is_found(document: Path) -> None:
    assert differences(document, "api.call", call("POST", body={"content": "Hi"}, answer={"id": "1"})) == [
        f"discord answer POST {ROUTE} 204: has the undescribed value {{'id': '1'}}"
    ]


@pytest.mark.parametrize("status", [0, 502])
def test_trouble_on_order_is_no_answer_of_discords(document: Path, status: int) -> None:
    assert differences(document, "api.call", call("GET", status=status, answer={"oops": 1})) == []


def test_the_page_of_a_banned_address_is_no_answer_of_the_api(document: Path) -> None:
    assert differences(document, "api.call", call("GET", status=429, answer=None)) == []
    assert differences(document, "api.call", call("GET", status=429, answer={"code": "x"})) == [
        f"discord answer GET {ROUTE} 429: code is string, described as integer"
    ]


def test_the_parts_of_an_event_are_checked(document: Path) -> None:
    message = {"id": "1", "author": {"id": "2", "mood": "good"}}
    interaction = {"id": "1", "user": {"name": "ada"}, "message": {"id": 7}, "data": {"resolved": {"x": 1}}}

    assert differences(document, "event.sent", {"event": "MESSAGE_CREATE", "data": message}) == [
        "discord event MESSAGE_CREATE: author/mood is not described"
    ]
    assert differences(document, "event.sent", {"event": "INTERACTION_CREATE", "data": interaction}) == [
        "discord event INTERACTION_CREATE: data/resolved/x is not described",
        "discord event INTERACTION_CREATE: message/id is integer, described as string",
        "discord event INTERACTION_CREATE: user/id is missing",
        "discord event INTERACTION_CREATE: user/name is not described",
    ]


def test_a_route_of_the_simulator_that_is_not_discords_is_found(document: Path) -> None:
    tables = {str(one) for one in DiscordCheck(document).check([]).differences}

    published = {f"GET {ROUTE}", f"POST {ROUTE}"}
    assert tables == {f"discord table {one.name}: is no route" for one in ENDPOINTS if one.name not in published}


def test_what_was_and_was_not_exercised_is_told(document: Path) -> None:
    seen = [
        Entry(platform="discord", kind="api.call", data=call("GET")),
        Entry(platform="discord", kind="event.sent", data={"event": "TYPING_START", "data": {}}),
    ]

    routes, paths, events, others = DiscordCheck(document).check(seen).coverage

    assert routes.seen == {f"GET {ROUTE}": 1}
    assert f"POST {ROUTE}" in routes.unseen
    assert paths.seen == {ROUTE: 1}
    assert "/guilds/{guild.id}/threads/active" in paths.unseen
    assert "MESSAGE_CREATE" in events.unseen
    assert others.seen == {"TYPING_START": 1}
