"""Socket Mode, spoken by the real SDK's client."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from simulator.server import Simulator
from simulator.slack import limits
from simulator.slack.person import SlackControl
from simulator.slack.platform import APP_TOKEN
from simulator.truth import TruthEntry

Listen = Callable[[], Awaitable[Any]]


def of_kind(kind: str, **data: Any) -> Callable[[TruthEntry], bool]:
    return lambda e: e.kind == kind and all(e.data.get(name) == value for name, value in data.items())


async def new_url(simulator: Simulator) -> str:
    client = AsyncWebClient(base_url=simulator.slack_api_url)
    return str((await client.apps_connections_open(app_token=APP_TOKEN))["url"])


async def test_an_event_is_enveloped_as_slack_does_and_acknowledged(
    listen: Listen, slack: SlackControl, general: str
) -> None:
    listener = await listen()
    posted = await slack.person("ada").post("general", "hello")
    request = await listener.next("message")
    assert (request.type, request.retry_attempt, request.retry_reason) == ("events_api", 0, "")
    assert request.accepts_response_payload is False
    payload, event = request.payload, request.payload["event"]
    assert payload["type"] == "event_callback"
    assert payload["authorizations"][0]["is_bot"] is True
    assert (event["channel"], event["ts"], event["text"]) == (general, posted.ts, "hello")
    assert (event["channel_type"], event["event_ts"]) == ("channel", posted.ts)
    acked = await slack.wait_for(of_kind("envelope.acked", event_type="message"))
    assert acked.data["event_id"] == payload["event_id"]


async def test_the_first_frame_is_a_hello_and_a_ticket_is_good_once(simulator: Simulator) -> None:
    url = await new_url(simulator)
    async with aiohttp.ClientSession() as http:
        async with http.get(url.replace("ws://", "http://")) as failed_upgrade:
            assert failed_upgrade.status == 400
        async with http.ws_connect(url) as socket:
            hello = await socket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
            assert hello["connection_info"]["app_id"].startswith("A")
            assert hello["debug_info"]["approximate_connection_time"] > 0
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url)


async def test_pings_come_and_are_answered_with_their_payload(simulator: Simulator, slack: SlackControl) -> None:
    await slack.set(ping_interval_s=0.01)
    async with aiohttp.ClientSession() as http, http.ws_connect(await new_url(simulator), autoping=False) as socket:
        await socket.receive()
        await socket.ping(b"sdk-ping-pong:1.5")
        frames = [await socket.receive() for _ in range(3)]
    assert {aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG} == {frame.type for frame in frames}
    assert b"sdk-ping-pong:1.5" in [bytes(frame.data) for frame in frames]


async def test_an_eleventh_connection_is_turned_away(simulator: Simulator) -> None:
    async with aiohttp.ClientSession() as http:
        sockets = [await http.ws_connect(await new_url(simulator)) for _ in range(limits.CONNECTIONS)]
        assert (await sockets[-1].receive_json())["num_connections"] == limits.CONNECTIONS
        one_more = await http.ws_connect(await new_url(simulator))
        assert (await one_more.receive_json())["reason"] == "too_many_websockets"


async def test_an_event_without_acknowledgement_comes_again_in_new_envelopes_and_is_then_lost(
    listen: Listen, slack: SlackControl
) -> None:
    await slack.set(ack_timeout_s=0.15)
    listener = await listen()
    listener.acks = lambda _: False
    await slack.person("ada").post("general", "hello")
    tries = [await listener.next("message") for _ in range(4)]
    assert [request.retry_attempt for request in tries] == [0, 1, 2, 3]
    assert [request.retry_reason for request in tries] == ["", "timeout", "timeout", "timeout"]
    assert len({request.envelope_id for request in tries}) == 4
    assert len({request.payload["event_id"] for request in tries}) == 1
    await slack.wait_for(of_kind("event.lost", event_id=tries[0].payload["event_id"]))


async def test_an_event_sent_while_nobody_listens_arrives_when_somebody_does(
    listen: Listen, slack: SlackControl
) -> None:
    await slack.set(redelivery_s=[0.0, 0.5, 1.0, 2.0, 4.0])
    await slack.person("ada").post("general", "hello")
    await slack.wait_for(of_kind("envelope.unsent", attempt=1))
    request = await (await listen()).next("message")
    assert request.retry_attempt >= 2
    assert request.retry_reason == "connection_failed"


async def test_an_event_goes_to_one_of_several_connections(listen: Listen, slack: SlackControl) -> None:
    listeners = [await listen(), await listen()]
    for number in range(6):
        await slack.person("ada").post("general", str(number))
        await slack.wait_for(lambda e, n=number: sum(of_kind("envelope.acked")(x) for x in slack.entries()) > n)  # type: ignore[misc]
    assert [listener.requests.qsize() for listener in listeners] == [3, 3]


async def test_an_event_can_be_doubled_with_the_same_envelope(listen: Listen, slack: SlackControl) -> None:
    await slack.add_fault("duplicate_event", target="message", copies=2, same_envelope=True)
    listener = await listen()
    await slack.person("ada").post("general", "hello")
    tries = [await listener.next("message") for _ in range(3)]
    assert len({request.envelope_id for request in tries}) == 1
    assert [request.retry_attempt for request in tries] == [0, 0, 0]


async def test_an_event_can_be_doubled_as_a_redelivery_and_another_dropped(listen: Listen, slack: SlackControl) -> None:
    await slack.add_fault("drop_event", target="message", where={"text": "one"})
    await slack.add_fault("duplicate_event", target="message", copies=1)
    listener = await listen()
    for text in ("one", "two"):
        await slack.person("ada").post("general", text)
    tries = [await listener.next("message") for _ in range(2)]
    assert [(r.payload["event"]["text"], r.retry_attempt) for r in tries] == [("two", 0), ("two", 1)]
    assert len({request.envelope_id for request in tries}) == 2


async def test_a_command_without_acknowledgement_times_out_for_the_person_and_is_not_repeated(
    listen: Listen, slack: SlackControl
) -> None:
    await slack.set(ack_timeout_s=0.15)
    listener = await listen()
    listener.acks = lambda _: False
    ada = slack.person("ada")
    outcome = await ada.command("/agents", "x", channel="random")
    assert (outcome.acked, outcome.error) == (False, "operation_timeout")
    assert [e.text for e in await ada.ephemerals()] == ['/agents failed with the error "operation_timeout"']
    assert len(slack.entries("envelope.sent")) == 1
    late = await listener.next("slash_commands")
    await listener.client.send_socket_mode_response({"envelope_id": late.envelope_id})
    await slack.wait_for(of_kind("envelope.acked_late", envelope_id=late.envelope_id))


async def test_a_command_that_nobody_takes_fails_at_once(slack: SlackControl) -> None:
    ada = slack.person("ada")
    assert (await ada.command("/agents", "x", channel="general")).error == "dispatch_failed"
    assert "dispatch_failed" in (await ada.ephemerals())[0].text


async def test_a_command_has_what_slack_sends_and_its_answer_is_shown(listen: Listen, slack: SlackControl) -> None:
    listener = await listen()
    listener.answer = lambda _: {"text": "for all", "response_type": "in_channel"}
    await slack.person("ben").command("/history", "a <b> & @ada", channel="leads")
    payload = (await listener.next("slash_commands")).payload
    assert (payload["command"], payload["text"]) == ("/history", "a &lt;b&gt; &amp; <@U0000000002|ada>")
    assert (payload["channel_name"], payload["user_name"]) == ("privategroup", "ben")
    assert payload["is_enterprise_install"] == "false"
    assert payload["trigger_id"].count(".") == 2
    assert payload["response_url"].startswith("http://127.0.0.1:")
    await slack.wait_for_message(containing="for all", channel="leads")


async def test_a_refresh_makes_the_client_reconnect_and_nothing_is_lost(listen: Listen, slack: SlackControl) -> None:
    listener = await listen()
    assert await slack.disconnect_sockets(reason="refresh_requested") == 1
    await slack.wait_for(of_kind("socket.opened", connection=2))
    await slack.person("ada").post("general", "still there?")
    assert (await listener.next("message")).payload["event"]["text"] == "still there?"


async def test_a_cut_connection_is_opened_again(listen: Listen, slack: SlackControl) -> None:
    await listen()
    assert await slack.disconnect_sockets() == 1
    await slack.wait_for(of_kind("socket.closed", connection=1))
    await slack.wait_for(of_kind("socket.opened", connection=2))


async def test_a_black_hole_swallows_events_until_the_client_notices(listen: Listen, slack: SlackControl) -> None:
    listener = await listen()
    await slack.set(redelivery_s=[0.2] * 50, ack_timeout_s=0.15)
    assert await slack.black_hole_sockets() == 1
    await slack.person("ada").post("general", "hello?")
    await slack.wait_for(of_kind("envelope.unacked", reason="TimeoutError"))
    assert listener.requests.empty()
    request = await listener.next("message")
    assert request.retry_attempt > 0


async def test_frames_that_make_no_sense_are_noted(simulator: Simulator, slack: SlackControl) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(await new_url(simulator)) as socket:
        for text in ("not json", "[]", "{}"):
            await socket.send_str(text)
        await slack.wait_for(of_kind("socket.nonsense", text="{}"))
        await asyncio.wait_for(socket.receive_json(), 5)
    assert len(slack.entries("socket.nonsense")) == 3
