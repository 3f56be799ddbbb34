from typing import Any

import pytest

from simulator.discord.guild import Channel
from tests.unit.simulator.discord.conftest import World


def notified(body: dict[str, Any]) -> set[str]:
    everyone = {"everyone"} if body["mention_everyone"] else set()
    return {user["username"] for user in body["mentions"]} | set(body["mention_roles"]) | everyone


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (None, {"ben", "chloe", "role", "everyone"}),
        ({"parse": []}, set()),
        ({"parse": ["users"]}, {"ben", "chloe"}),
        ({"parse": ["everyone"]}, {"everyone"}),
        ({"parse": ["roles"], "users": ["ben"]}, {"role", "ben"}),
    ],
)
async def test_allowed_mentions_say_who_is_notified(
    discord: World, general: Channel, allowed: dict[str, Any] | None, expected: set[str]
) -> None:
    role = next(role.id for role in discord.platform.first.roles.values() if role.name == "Crew")
    text = f"<@{discord.user('ben')}> <@!{discord.user('chloe')}> <@&{role}> @everyone"
    fields: dict[str, Any] = {"content": text}
    if allowed is not None:
        fields["allowed_mentions"] = allowed | {"users": [discord.user(name) for name in allowed.get("users", [])]}
    wanted = {role if name == "role" else name for name in expected}
    assert notified((await discord.post(general, **fields)).body) == wanted


async def test_an_edit_finds_mentions_anew(discord: World, general: Channel) -> None:
    text = f"<@{discord.user('ben')}>"
    posted = await discord.post(general, content=text, allowed_mentions={"parse": []})
    path = f"/channels/{general.id}/messages/{posted.body['id']}"
    quiet = await discord.call("PATCH", path, {"content": text, "allowed_mentions": {"parse": []}})
    assert notified(quiet.body) == set()
    loud = await discord.call("PATCH", path, {"content": text})
    assert notified(loud.body) == {"ben"}


async def test_everyone_is_not_notified_by_who_may_not(discord: World, general: Channel) -> None:
    guild = discord.platform.first
    for role in guild.roles.values():
        role.permissions &= ~(1 << 17)
    assert notified((await discord.post(general, content="@everyone @here")).body) == set()


async def test_a_reply_can_leave_its_author_in_peace(discord: World, general: Channel) -> None:
    bens = discord.say(general, "ben", "question")
    reference = {"message_id": bens.id}
    allowed = {"parse": [], "replied_user": False}
    quiet = await discord.post(general, content="a", message_reference=reference, allowed_mentions=allowed)
    assert notified(quiet.body) == set()
