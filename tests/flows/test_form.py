"""The form of `/agents` alone: from what a person fills in to the end of the session."""

import pytest

from tests.support.model_control import DONE
from tests.support.room import COMPLETED, Room

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("slack")]


async def test_what_is_filled_in_is_what_the_team_works_with(room: Room) -> None:
    await room.script(f"Twelve.{DONE}")
    outcome = await room.command("")
    assert outcome.acked, outcome
    assert outcome.latency_ms is not None
    assert outcome.latency_ms < 3_000
    [view] = await room.ada.modals()
    values = {"task": room.task("Count the sheep"), "model": "demo-small", "team": "a shepherd, a critic"}
    assert (await room.ada.submit(view["id"], values)).acked
    root = await room.root()
    await room.until(COMPLETED, root)
    await room.until_card("demo-small", root)
    requests = await room.stage.model.requests(room.name)
    assert {request["body"]["model"] for request in requests} == {"demo-small"}
    [build] = [request for request in requests if request["kind"] == "team"]
    assert "a shepherd, a critic" in str(build["body"]["messages"])


async def test_flags_do_the_same_on_one_line(room: Room) -> None:
    await room.script(f"Twelve.{DONE}")
    root = await room.start(f'{room.task("Count the sheep")} --model demo-small --team "a shepherd"')
    await room.until(COMPLETED, root)
    card = await room.until_card("demo-small", root)
    assert "--" not in card.text
    requests = await room.stage.model.requests(room.name)
    assert {request["body"]["model"] for request in requests} == {"demo-small"}


async def test_a_provider_that_is_not_there_is_named_with_those_that_are(room: Room) -> None:
    after = room.chat.position
    await room.command(f"{room.task('Count the sheep')} --provider nowhere")
    told = await room.ada.wait_for_ephemeral("You can choose", after=after, timeout_s=30)
    assert "`" in told.text
    assert await room.roots() == []
