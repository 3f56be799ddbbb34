"""What people type, as it travels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.server import Simulator
from simulator.slack.markup import escape, rich_text, typed, unescape


@given(st.text())
def test_escaping_is_undone(text: str) -> None:
    escaped = escape(text)
    assert unescape(escaped) == text
    assert "<" not in escaped


@pytest.mark.parametrize(
    ("text", "travels"),
    [
        ("a & b < c", "a &amp; b &lt; c"),
        ("@muster do it", "<@U0000000001> do it"),
        ("hey @ada, look", "hey <@U0000000002>, look"),
        ("@nobody", "@nobody"),
        ("mail ada@muster.example", "mail ada@muster.example"),
        ("see https://example.com/?a=1&b=2.", "see <https://example.com/?a=1&amp;b=2>."),
        ("in #general", "in <#C0000000001|general>"),
        ("@here", "<!here>"),
        ("<@U0000000001>", "&lt;@U0000000001&gt;"),
        ("", ""),
    ],
)
def test_typing_makes_links_and_mentions(text: str, travels: str) -> None:
    assert typed(Simulator().slack.first, text) == travels


def test_what_was_typed_becomes_a_block_of_its_parts() -> None:
    travels = typed(Simulator().slack.first, "@ada & @here: see #general at https://example.com/?a=1&b=2")
    (block,) = rich_text(travels)
    assert block["elements"][0]["elements"] == [
        {"type": "user", "user_id": "U0000000002"},
        {"type": "text", "text": " & "},
        {"type": "broadcast", "range": "here"},
        {"type": "text", "text": ": see "},
        {"type": "channel", "channel_id": "C0000000001"},
        {"type": "text", "text": " at "},
        {"type": "link", "url": "https://example.com/?a=1&b=2"},
    ]
