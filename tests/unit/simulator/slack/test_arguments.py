"""The encodings, tokens and errors that every Web API method shares."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulator.server import Simulator
from simulator.slack.platform import APP_TOKEN, BOT_TOKEN

BEARER = {"Authorization": f"Bearer {BOT_TOKEN}"}


async def raw(simulator: Simulator, verb: str, method: str, **how: Any) -> dict[str, Any]:
    async with aiohttp.ClientSession() as http, http.request(verb, simulator.slack_api_url + method, **how) as response:
        body: dict[str, Any] = await response.json()
        return body


@pytest.mark.parametrize(
    ("verb", "how"),
    [
        ("POST", {"json": {"channel": "#general", "text": "hi"}, "headers": BEARER}),
        ("POST", {"data": {"channel": "#general", "text": "hi", "token": BOT_TOKEN}}),
        ("POST", {"params": {"channel": "#general", "text": "hi"}, "headers": BEARER}),
        ("GET", {"params": {"channel": "#general", "text": "hi", "token": BOT_TOKEN}}),
    ],
)
async def test_a_method_takes_json_forms_and_queries(simulator: Simulator, verb: str, how: dict[str, Any]) -> None:
    assert (await raw(simulator, verb, "chat.postMessage", **how))["message"]["text"] == "hi"


async def test_structures_may_come_as_json_in_a_form(simulator: Simulator) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}
    form = {"channel": "#general", "text": "hi", "blocks": json.dumps([block])}
    answer = await raw(simulator, "POST", "chat.postMessage", data=form, headers=BEARER)
    assert answer["message"]["blocks"][0]["text"] == block["text"]


async def test_a_method_that_reads_queries_alone_ignores_a_json_body(simulator: Simulator) -> None:
    answer = await raw(simulator, "POST", "users.info", json={"user": "U0000000001"}, headers=BEARER)
    assert answer["error"] == "invalid_arguments"


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({}, "not_authed"),
        ({"headers": {"Authorization": "Bearer xoxb-other"}}, "invalid_auth"),
        ({"headers": {"Authorization": f"Bearer {APP_TOKEN}"}}, "not_allowed_token_type"),
    ],
)
async def test_a_call_without_the_right_token_is_refused(simulator: Simulator, how: dict[str, Any], error: str) -> None:
    assert (await raw(simulator, "POST", "auth.test", **how))["error"] == error


async def test_sockets_are_opened_with_the_app_token_alone(simulator: Simulator) -> None:
    assert (await raw(simulator, "POST", "apps.connections.open", headers=BEARER))["error"] == "not_allowed_token_type"


async def test_json_that_is_none_is_told_apart(simulator: Simulator) -> None:
    headers = BEARER | {"Content-Type": "application/json"}
    assert (await raw(simulator, "POST", "chat.postMessage", data="{", headers=headers))["error"] == "invalid_json"
    assert (await raw(simulator, "POST", "chat.postMessage", data="[]", headers=headers))["error"] == "json_not_object"


async def test_an_unknown_method_is_said_to_be_unknown(api: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError, match="unknown_method"):
        await api.api_call("chat.postMesage")


async def test_a_revoked_token_stops_every_call(simulator: Simulator, api: AsyncWebClient) -> None:
    simulator.slack.first.token_error = "token_revoked"
    with pytest.raises(SlackApiError, match="token_revoked"):
        await api.auth_test()
