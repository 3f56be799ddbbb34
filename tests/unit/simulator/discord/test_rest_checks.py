from typing import Any

import pytest

from simulator.discord.guild import Channel
from tests.unit.simulator.discord.conftest import World


def button(n: int, **changes: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Stop", "custom_id": f"b{n}"} | changes


def row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def select(**changes: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}]} | changes


FULL = {"title": "t" * 256, "description": "d" * 4096, "author": {"name": "a" * 256}, "footer": {"text": "f"}}


@pytest.mark.parametrize(
    ("embed", "place"),
    [
        ({"title": "t" * 257}, ("title",)),
        ({"description": "d" * 4097}, ("description",)),
        ({"author": {"name": "a" * 257}}, ("author", "name")),
        ({"footer": {"text": "f" * 2049}}, ("footer", "text")),
        ({"fields": [{"name": "n", "value": "v"}] * 26}, ("fields",)),
        ({"fields": [{"name": "n", "value": "v" * 1025}]}, ("fields", "0", "value")),
        ({"fields": [{"name": "", "value": "v"}]}, ("fields", "0", "name")),
        ({"title": "t", "url": "javascript:alert(1)"}, ("url",)),
        ({"title": "t", "url": "ftp://host/x"}, ("url",)),
        ({"title": "t", "color": 0x1000000}, ("color",)),
        ({}, ("description",)),
    ],
)
async def test_an_embed_over_its_limits_is_refused(
    discord: World, general: Channel, embed: dict[str, Any], place: tuple[str, ...]
) -> None:
    answer = await discord.post(general, embeds=[embed])
    assert (answer.status, answer.code) == (400, 50035)
    problems = answer.body["errors"]["embeds"]["0"]
    for step in place:
        problems = problems[step]
    assert problems["_errors"]


async def test_embeds_may_have_6000_characters_together(discord: World, general: Channel) -> None:
    assert (await discord.post(general, embeds=[FULL, {"description": "x" * (6000 - 4609)}])).status == 200
    answer = await discord.post(general, embeds=[FULL, {"description": "x" * (6001 - 4609)}])
    assert answer.body["errors"]["embeds"]["_errors"][0]["code"] == "MAX_EMBED_SIZE_EXCEEDED"
    assert (await discord.post(general, embeds=[{"title": "t"}] * 11)).code == 50035


@pytest.mark.parametrize(
    "components",
    [
        [row(button(n)) for n in range(6)],
        [row(*(button(n) for n in range(6)))],
        [row(button(1, label="l" * 81))],
        [row(button(1, custom_id="c" * 101))],
        [row(button(1, custom_id=None))],
        [row(button(1, label=None))],
        [row(button(1), button(1))],
        [row(button(1, style=5))],
        [row(button(1, style=5, url="https://example.org"))],
        [row(button(1, style=9))],
        [row(select(), button(1))],
        [row(select(options=[{"label": "a", "value": str(n)} for n in range(26)]))],
        [row(select(options=[{"label": "a", "value": "same"}] * 2))],
        [row(select(options=[]))],
        [row(select(placeholder="p" * 151))],
        [row(select(min_values=2, max_values=1))],
        [row()],
        [button(1)],
        [{"type": 10, "content": "v2 without its flag"}],
    ],
)
async def test_components_over_their_limits_are_refused(
    discord: World, general: Channel, components: list[dict[str, Any]]
) -> None:
    answer = await discord.post(general, content="x", components=components)
    assert (answer.status, answer.code) == (400, 50035)
    assert "components" in answer.body["errors"]


async def test_components_at_their_limits_are_taken_and_numbered(discord: World, general: Channel) -> None:
    rows = [row(*(button(5 * r + n, label="l" * 80) for n in range(5))) for r in range(4)]
    link = {"type": 2, "style": 5, "label": "Open", "url": "https://example.org"}
    answer = await discord.post(general, content="x", components=[*rows, row(link)])
    assert answer.status == 200
    ids = [part["id"] for held in answer.body["components"] for part in (held, *held["components"])]
    assert ids == list(range(1, len(ids) + 1))


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


async def test_v2_components_take_their_flag_and_stand_alone(discord: World, general: Channel) -> None:
    section = {"type": 9, "components": [text("a")], "accessory": button(1)}
    container = {"type": 17, "components": [section, text("b"), row(button(2))]}
    posted = await discord.post(general, components=[container], flags=1 << 15)
    assert posted.status == 200
    assert (await discord.post(general, components=[container], flags=1 << 15, content="x")).code == 50035
    path = f"/channels/{general.id}/messages/{posted.body['id']}"
    edited = await discord.call("PATCH", path, {"components": [text("c")], "flags": 0})
    assert edited.body["flags"] & 1 << 15
    assert (await discord.call("PATCH", path, {"content": "x"})).code == 50035


@pytest.mark.parametrize(
    "components",
    [
        [text("x")] * 41,
        [{"type": 17, "components": [text("x")] * 21}, {"type": 17, "components": [text("x")] * 20}],
        [text("x" * 2001), text("x" * 2000)],
        [{"type": 17, "components": [{"type": 17, "components": [text("x")]}]}],
        [{"type": 9, "components": [text("a")]}],
    ],
)
async def test_v2_components_over_their_limits_are_refused(
    discord: World, general: Channel, components: list[dict[str, Any]]
) -> None:
    assert (await discord.post(general, components=components, flags=1 << 15)).code == 50035
