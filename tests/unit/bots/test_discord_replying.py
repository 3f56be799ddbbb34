"""The answer to one interaction, where it is not this process that acknowledged it."""

from typing import Any, cast

import pytest

from bots.discord import limits
from bots.discord.places import guild_place
from bots.discord.replying import Reply
from bots.discord.surface import DiscordSurface


class Response:
    """Takes an acknowledgement, unless another process gave it first."""

    def __init__(self, *, taken: bool) -> None:
        self._taken = taken

    async def defer(self, **_: Any) -> None:
        if self._taken:
            raise OSError("acknowledged by another")


class Interaction:
    """What a person did, and what they were shown."""

    def __init__(self, *, taken: bool) -> None:
        self.response = Response(taken=taken)
        self.shown: list[Any] = []

    async def edit_original_response(self, **fields: Any) -> None:
        self.shown.append(fields)


@pytest.mark.parametrize("taken", [False, True])
async def test_only_who_acknowledged_an_interaction_says_that_its_answer_is_long_in_coming(
    monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    monkeypatch.setattr(limits, "UNANSWERED_S", 0.0)
    interaction = Interaction(taken=taken)
    reply = Reply(cast(Any, interaction), cast(DiscordSurface, None), guild_place("1", "2", kind=0, parent=None))
    if taken:
        with pytest.raises(Exception, match="did not answer"):
            await reply.acknowledge()
    else:
        await reply.acknowledge()
    await reply.reassure()
    assert bool(interaction.shown) is not taken
