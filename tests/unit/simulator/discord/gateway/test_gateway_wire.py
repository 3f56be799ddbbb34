"""The simulated gateway, frame by frame: what discord.py never does, and what closes a connection."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from simulator.discord.identify_budget import DAY_S, IdentifyBudget, Verdict
from simulator.discord.person import DiscordControl
from simulator.discord.platform import BOT_TOKEN
from simulator.server import Simulator

pytestmark = pytest.mark.slow

_INTENTS = 1 << 0 | 1 << 9 | 1 << 12
_FRAME_S = 5.0


class Socket:
    """A gateway connection whose frames a test sends itself."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.session_id = ""

    async def send(self, op: int, data: Any = None) -> None:
        await self._socket.send_json({"op": op, "d": data})

    async def send_text(self, text: str) -> None:
        await self._socket.send_str(text)

    async def next(self, op: int, event: str | None = None) -> dict[str, Any]:
        """The next frame of that operation; frames of others are passed over."""
        async with asyncio.timeout(_FRAME_S):
            while True:
                frame: dict[str, Any] = await self._socket.receive_json()
                if frame["op"] == op and event in (None, frame["t"]):
                    return frame

    async def closed(self) -> int | None:
        """The code that the gateway closes with."""
        async with asyncio.timeout(_FRAME_S):
            while (await self._socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
                pass
        return self._socket.close_code

    async def identify(self, **changes: Any) -> None:
        known: dict[str, Any] = {"token": BOT_TOKEN, "intents": _INTENTS, "properties": {}}
        await self.send(2, {**known, **changes})

    async def begin(self) -> dict[str, Any]:
        """IDENTIFY and wait for READY; returns its data."""
        await self.identify()
        ready = (await self.next(0, "READY"))["d"]
        self.session_id = ready["session_id"]
        return dict(ready)

    async def resume(self, session_id: str, seq: int, *, token: str = BOT_TOKEN) -> None:
        await self.send(6, {"token": token, "session_id": session_id, "seq": seq})

    async def close(self) -> None:
        await self._socket.close(code=4000)


Open = Callable[..., Any]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def connect(simulator: Simulator, http: aiohttp.ClientSession) -> Open:
    """Opens connections without compression."""

    async def opened(version: str = "10") -> Socket:
        return Socket(await http.ws_connect(f"{simulator.discord_gateway_url}?v={version}&encoding=json"))

    return opened


# -- hello, heartbeats, compression -----------------------------------------------------------------------------------


async def test_a_connection_begins_with_hello_and_beats_are_answered(connect: Open) -> None:
    socket = await connect()
    assert (await socket.next(10))["d"]["heartbeat_interval"] == 41_250
    await socket.send(1, None)
    await socket.next(11)


async def test_compressed_frames_are_one_stream(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    socket = await http.ws_connect(f"{simulator.discord_gateway_url}?v=10&encoding=json&compress=zlib-stream")
    inflate = zlib.decompressobj()
    for op in (10, 11):
        frame = await socket.receive_bytes(timeout=_FRAME_S)
        assert frame.endswith(b"\x00\x00\xff\xff")
        assert f'"op": {op}'.encode() in inflate.decompress(frame)
        await socket.send_json({"op": 1, "d": None})


async def test_a_client_that_stops_beating_is_closed_and_its_session_ends(
    connect: Open, control: DiscordControl
) -> None:
    await control.set(heartbeat_interval_ms=100)
    socket = await connect()
    ready = await socket.begin()
    assert await socket.closed() == 4009
    again = await connect()
    await again.resume(ready["session_id"], 1)
    assert (await again.next(9))["d"] is False


async def test_a_client_is_asked_for_a_heartbeat(connect: Open, control: DiscordControl) -> None:
    socket = await connect()
    await socket.begin()
    await control.post("sockets/heartbeat")
    assert (await socket.next(1))["d"] is None


# -- what closes a connection -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no json", 4002),
        ("[]", 4002),
        ('{"op": "one"}', 4002),
        ('{"op": 1, "d": "' + "x" * 4096 + '"}', 4002),
        ('{"op": 99}', 4001),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 2, "d": {}}', 4002),
        ('{"op": 2, "d": {"token": "wrong", "intents": 1}}', 4004),
        ('{"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}', 4004),
    ],
)
async def test_a_frame_that_must_not_be_closes_the_connection(connect: Open, text: str, code: int) -> None:
    socket = await connect()
    await socket.send_text(text)
    assert await socket.closed() == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"intents": 1 << 1}, 4014),
        ({"intents": 1 << 8}, 4014),
        ({"intents": 1 << 30}, 4013),
        ({"intents": -1}, 4013),
        ({"intents": "all"}, 4013),
        ({"shard": [2, 2]}, 4010),
    ],
)
async def test_an_identify_that_asks_for_too_much_closes_the_connection(
    connect: Open, changes: dict[str, Any], code: int
) -> None:
    socket = await connect()
    await socket.identify(**changes)
    assert await socket.closed() == code


async def test_to_identify_twice_closes_the_connection(connect: Open) -> None:
    socket = await connect()
    await socket.begin()
    await socket.identify()
    assert await socket.closed() == 4005


async def test_the_121st_frame_in_a_minute_closes_the_connection(connect: Open) -> None:
    socket = await connect()
    for _ in range(121):
        await socket.send(1, None)
    assert await socket.closed() == 4008


async def test_another_version_is_closed(connect: Open) -> None:
    assert await (await connect(version="6")).closed() == 4012


# -- IDENTIFY budget --------------------------------------------------------------------------------------------------


async def test_a_second_identify_within_five_seconds_is_an_invalid_session(
    connect: Open, control: DiscordControl
) -> None:
    await control.set(identify_max_concurrency=1)
    await (await connect()).begin()
    second = await connect()
    await second.identify()
    assert (await second.next(9))["d"] is False


async def test_an_identify_above_the_budget_resets_the_token(
    simulator: Simulator, connect: Open, control: DiscordControl, http: aiohttp.ClientSession
) -> None:
    await control.set(identify_total=1)
    first, second = await connect(), await connect()
    await first.begin()
    await second.identify()
    assert (await second.closed(), await first.closed()) == (4004, 4004)
    headers = {"Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (test, 1)"}
    async with http.get(f"{simulator.discord_api_url}/users/@me", headers=headers) as answer:
        assert answer.status == 401


async def test_rest_tells_what_is_left_of_the_budget(
    simulator: Simulator, connect: Open, http: aiohttp.ClientSession
) -> None:
    await (await connect()).begin()
    headers = {"Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (test, 1)"}
    async with http.get(f"{simulator.discord_api_url}/gateway/bot", headers=headers) as answer:
        limit = (await answer.json())["session_start_limit"]
    assert (limit["total"], limit["remaining"]) == (1000, 999)


def test_the_budget_is_whole_again_after_a_day() -> None:
    now = 0.0
    budget = IdentifyBudget(clock=lambda: now)
    taken = [budget.take(total=2, max_concurrency=1)]
    now = 1.0
    taken.append(budget.take(total=2, max_concurrency=1))
    now = 10.0
    taken.append(budget.take(total=2, max_concurrency=1))
    now = DAY_S
    taken.append(budget.take(total=2, max_concurrency=1))
    assert taken == [Verdict.GRANTED, Verdict.TOO_SOON, Verdict.EXHAUSTED, Verdict.GRANTED]


# -- RESUME -----------------------------------------------------------------------------------------------------------


async def test_a_resume_replays_what_came_after_the_number(connect: Open, control: DiscordControl) -> None:
    socket = await connect()
    await socket.begin()
    await control.person("ada").post("general", "one")
    seen = (await socket.next(0, "MESSAGE_CREATE"))["s"]
    await control.person("ada").post("general", "two")
    await socket.close()
    again = await connect()
    await again.resume(socket.session_id, seen)
    replayed = await again.next(0)
    assert (replayed["t"], replayed["s"], replayed["d"]["channel_id"]) == (
        "MESSAGE_CREATE",
        seen + 1,
        (await control.messages("general"))[1].channel,
    )
    await again.next(0, "RESUMED")


async def test_an_interaction_is_not_replayed(connect: Open, control: DiscordControl) -> None:
    socket = await connect()
    await socket.begin()
    await control.inject("INTERACTION_CREATE", {"id": "1"})
    seen = (await socket.next(0, "INTERACTION_CREATE"))["s"]
    await socket.close()
    again = await connect()
    await again.resume(socket.session_id, seen - 1)
    assert (await again.next(0))["t"] == "RESUMED"


@pytest.mark.parametrize("session_id", ["unknown", ""])
async def test_a_session_that_is_not_there_is_not_resumed(connect: Open, session_id: str) -> None:
    socket = await connect()
    await socket.resume(session_id, 1)
    assert (await socket.next(9))["d"] is False


async def test_a_resume_from_a_number_to_come_closes_the_connection(connect: Open) -> None:
    socket = await connect()
    await socket.begin()
    await socket.close()
    again = await connect()
    await again.resume(socket.session_id, 1000)
    assert await again.closed() == 4007


async def test_a_client_that_says_goodbye_cannot_resume(connect: Open) -> None:
    socket = await connect()
    await socket.begin()
    await socket._socket.close(code=1000)
    again = await connect()
    await again.resume(socket.session_id, 1)
    assert (await again.next(9))["d"] is False


async def test_two_clients_hear_the_same_message(connect: Open, control: DiscordControl) -> None:
    first, second = await connect(), await connect()
    await first.begin()
    await second.begin()
    await control.person("ada").post("general", "to both")
    heard = [(await socket.next(0, "MESSAGE_CREATE"))["d"]["id"] for socket in (first, second)]
    assert heard[0] == heard[1]


async def test_a_frame_that_is_no_json_is_sent_as_it_is(connect: Open, control: DiscordControl) -> None:
    socket = await connect()
    await socket.begin()
    assert await control.send_raw("{") == 1
    with pytest.raises(ValueError, match="Expecting"):
        await socket.next(0, "NEVER")
