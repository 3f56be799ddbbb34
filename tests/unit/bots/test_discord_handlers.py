"""Messages that are heard more than once, and what is not done more than once for them."""

from typing import Any, cast

import pytest

from bots.discord.handlers import DiscordHandlers
from bots.discord.people import Where
from bots.discord.places import Kind, guild_place
from bots.facts import Known
from core.domain.refs import Person, UserId
from core.errors import TransientError

THREAD = guild_place("7", "71", kind=Kind.PUBLIC_THREAD, parent="70")
MESSAGE: dict[str, Any] = {
    "id": "1574101782685024256",
    "channel_id": "71",
    "type": 0,
    "content": "use this",
    "author": {"id": "1", "username": "ada"},
    "member": {"roles": []},
    "attachments": [{"id": "5", "filename": "a.txt", "size": 1, "url": "https://x"}],
}


class People:
    """A guild in which Ada writes in a thread of Muster's."""

    def ours(self, guild: str) -> frozenset[str]:
        return frozenset({"10"})

    def is_plain_channel(self, guild: str, channel: str) -> bool:
        return False

    def names_in(self, guild: str) -> dict[str, str]:
        return {}

    async def where(self, *_: Any) -> Where:
        return Where(place=THREAD, owned=True)

    async def wrote(self, *_: Any) -> Known:
        return Known(person=Person(id=UserId("1"), name="Ada"), restricted=False)


class Files:
    """Counts what is fetched."""

    fetched = 0

    async def with_files(self, wanted: Any, attachments: Any, *, within_s: float) -> tuple[Any, str]:
        self.fetched += len(attachments)
        return wanted, ""


class Attendant:
    """Takes what it is given, unless its database is gone."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.is_down = False

    async def take(self, wanted: Any, *, key: str, **_: Any) -> None:
        if self.is_down:
            raise TransientError("no database")
        self.taken.append(key)


async def test_a_message_that_is_heard_again_is_fetched_again_only_if_it_was_not_taken() -> None:
    files, attendant = Files(), Attendant()
    handlers = DiscordHandlers(
        attendant=cast(Any, attendant),
        people=cast(Any, People()),
        surface=cast(Any, None),
        files=cast(Any, files),
        clock=cast(Any, None),
        reads_content=lambda: True,
    )
    attendant.is_down = True
    with pytest.raises(TransientError):
        await handlers.on_message(MESSAGE, "7")
    attendant.is_down = False
    await handlers.hear_again(MESSAGE, "7")
    assert (files.fetched, len(attendant.taken)) == (2, 1)
    await handlers.hear_again(MESSAGE, "7")
    await handlers.hear_again(MESSAGE, "7")
    assert (files.fetched, len(attendant.taken)) == (2, 1)
