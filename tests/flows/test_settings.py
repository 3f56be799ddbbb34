"""What people set for themselves: kept, tried, and used by their next session."""

import pytest

from tests.support.model_control import DONE
from tests.support.room import COMPLETED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "sk-flow-0123456789abcdef0123456789"


async def test_settings_are_used_by_the_next_session_and_a_key_is_tried_first(room: Room) -> None:
    after = room.chat.position
    try:
        sent = await room.settings(
            by=room.chloe, model="demo-small", system_prompt="Say please to everybody.", provider_key=KEY
        )
        assert sent.acked, sent
        saved = await room.told(room.chloe, "being tried", after=after)
        tried = "needs no key" if room.stage.postgres is None else "works and counts"
        works = await room.told(room.chloe, tried, after=after)
        assert "…6789" in saved.text
        assert KEY not in saved.text + works.text
        await room.script(f"Please.{DONE}")
        root = await room.start(by=room.chloe)
        await room.until(COMPLETED, root)
        requests = await room.stage.model.requests(room.name)
        assert {request["body"]["model"] for request in requests} == {"demo-small"}
        [turn] = [request for request in requests if request["kind"] == "turn"]
        assert "Say please to everybody." in str(turn["body"]["messages"][0])
    finally:
        await room.settings(by=room.chloe, model="", system_prompt="", provider_key="remove")
