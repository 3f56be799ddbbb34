import aiohttp
import pytest

from simulator.discord.guild import Channel
from simulator.faults import Fault, FaultKind
from tests.unit.simulator.discord.conftest import World

CREATE = "POST /channels/{channel.id}/messages"


async def test_a_fault_strikes_its_route_and_no_other(discord: World, general: Channel) -> None:
    discord.platform.faults.add(Fault(kind=FaultKind.RATE_LIMIT, target=CREATE, retry_after_s=7))
    assert (await discord.call("GET", f"/channels/{general.id}/messages")).status == 200
    refused = await discord.post(general, content="a")
    assert (refused.status, refused.body["retry_after"]) == (429, 7)
    assert (await discord.post(general, content="a")).status == 200


async def test_a_denial_has_the_code_that_was_ordered(discord: World, general: Channel) -> None:
    for code, status in (("50001", 403), ("10003", 404), ("0", 401), ("internal_error", 403)):
        discord.platform.faults.add(Fault(kind=FaultKind.DENY, target=CREATE, error=code))
        refused = await discord.post(general, content="a")
        assert refused.status == status
        assert str(refused.code) in (code, "50013")


async def test_a_server_error_carries_nothing_out(discord: World, general: Channel) -> None:
    discord.platform.faults.add(Fault(kind=FaultKind.SERVER_ERROR, target=CREATE, status=502))
    assert (await discord.post(general, content="a")).status == 502
    assert not general.messages


async def test_a_lost_request_is_not_carried_out_and_a_lost_reply_is(discord: World, general: Channel) -> None:
    for kind, count in ((FaultKind.LOSE_REQUEST, 0), (FaultKind.LOSE_REPLY, 1)):
        discord.platform.faults.add(Fault(kind=kind, target=CREATE))
        with pytest.raises(aiohttp.ClientError):
            await discord.post(general, content="a", nonce="n", enforce_nonce=True)
        assert len(general.messages) == count
    again = await discord.post(general, content="a", nonce="n", enforce_nonce=True)
    assert [again.body["id"]] == list(general.messages)


async def test_faults_can_be_for_one_channel_or_one_text(discord: World, general: Channel) -> None:
    discord.platform.faults.add(
        Fault(kind=FaultKind.DENY, target=CREATE, where={"channel_id": general.id, "content": "bad"})
    )
    assert (await discord.post(general, content="good")).status == 200
    assert (await discord.post(discord.channel("random"), content="bad")).status == 200
    assert (await discord.post(general, content="bad")).status == 403
