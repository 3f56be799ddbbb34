"""What Discord's refusals become, and what those of the network in front of it do not."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bots.discord.calls import translated
from bots.ports import Refusal
from core.errors import PermanentError, TransientError


async def refused(status: int, said: Any, content_type: str) -> None:
    response: Any = SimpleNamespace(status=status, reason="no", headers={"Content-Type": content_type})
    raise (discord.Forbidden if status == 403 else discord.NotFound)(response, said)


@pytest.mark.parametrize("status", [403, 404])
async def test_a_page_of_the_network_in_front_of_discord_closes_no_thread(status: int) -> None:
    with pytest.raises(TransientError):
        await translated(refused(status, "<html>Access denied</html>", "text/html; charset=UTF-8"))


@pytest.mark.parametrize("status", [403, 404])
async def test_what_discord_itself_forbids_or_does_not_know_closes_the_thread(status: int) -> None:
    with pytest.raises(PermanentError) as caught:
        await translated(refused(status, {"message": f"{status}: no", "code": 0}, "application/json"))
    assert caught.value.reason == Refusal.THREAD_GONE
