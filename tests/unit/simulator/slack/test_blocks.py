"""Block Kit's limits, each at its edge."""

from typing import Any

import pytest

from simulator.slack import limits
from simulator.slack.blocks import are_too_long, check_blocks


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}} | more


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def context(count: int) -> dict[str, Any]:
    return {"type": "context", "elements": [plain("x")] * count}


def numbered(count: int) -> dict[str, Any]:
    return actions(*(button(action_id=str(n)) for n in range(count)))


def image(alt_text: str) -> dict[str, Any]:
    return {"type": "image", "image_url": "https://example.com/a.png", "alt_text": alt_text}


@pytest.mark.parametrize(
    ("within", "beyond", "pointer"),
    [
        ([section("x" * 3_000)], [section("x" * 3_001)], "/blocks/0/text/text"),
        (
            [{"type": "header", "text": plain("x" * 150)}],
            [{"type": "header", "text": plain("x" * 151)}],
            "/blocks/0/text/text",
        ),
        ([context(10)], [context(11)], "/blocks/0/elements"),
        ([numbered(25)], [numbered(26)], "/blocks/0/elements"),
        (
            [actions(button(text=plain("x" * 75)))],
            [actions(button(text=plain("x" * 76)))],
            "/blocks/0/elements/0/text/text",
        ),
        (
            [actions(button(action_id="x" * 255))],
            [actions(button(action_id="x" * 256))],
            "/blocks/0/elements/0/action_id",
        ),
        ([actions(button(value="x" * 2_000))], [actions(button(value="x" * 2_001))], "/blocks/0/elements/0/value"),
        ([section("x") | {"block_id": "b" * 255}], [section("x") | {"block_id": "b" * 256}], "/blocks/0/block_id"),
        ([image("x" * 2_000)], [image("x" * 2_001)], "/blocks/0/alt_text"),
        ([section("x")] * 50, [section("x")] * 51, "/blocks"),
        (
            [{"type": "markdown", "text": "x" * 6_000}] * 2,
            [{"type": "markdown", "text": "x" * 6_000}, {"type": "markdown", "text": "x" * 6_001}],
            "/blocks",
        ),
    ],
)
def test_a_limit_holds_at_its_edge(within: list[Any], beyond: list[Any], pointer: str) -> None:
    assert check_blocks(within, most=limits.MESSAGE_BLOCKS) == []
    (problem,) = check_blocks(beyond, most=limits.MESSAGE_BLOCKS)
    assert problem.endswith(f"[json-pointer:{pointer}]")


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"type": "sektion"},
        {"type": "section"},
        {"type": "section", "text": {"type": "html", "text": "x"}},
        section(""),
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "context", "elements": []},
        {"type": "image", "image_url": "https://example.com/a.png"},
        {"type": "image", "alt_text": "a"},
        {"type": "image", "alt_text": "a", "slack_file": {"id": "F9"}},
        actions(button(style="loud")),
        actions(button(), button()),
        {"type": "markdown", "text": ""},
        section("x") | {"accessory": {"type": "static_select", "action_id": "a", "options": []}},
    ],
)
def test_a_malformed_block_is_refused(block: dict[str, Any]) -> None:
    assert check_blocks([block], most=limits.MESSAGE_BLOCKS)


def test_block_ids_must_differ() -> None:
    twice = [section("x") | {"block_id": "b"}] * 2
    assert check_blocks(twice, most=50) == ["`block_id` already exists [json-pointer:/blocks/1/block_id]"]


def test_all_texts_together_are_limited() -> None:
    assert not are_too_long([section("x" * 2_640)] * 5)
    assert are_too_long([section("x" * 2_640)] * 5 + [section("x")])
