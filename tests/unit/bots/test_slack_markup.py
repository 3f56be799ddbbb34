import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack.markup import escaped_chars, from_slack, mentioned, to_mrkdwn, without_mention

CONTROL = re.compile(r"[<>]")

MENTIONS = [
    "@everyone", "@here", "@channel", "<!channel>", "<!here>", "<!everyone>", "<!here|here>", "<!subteam^S123>",
    "<@U123>", "<@&456>", "<@W9|bob>", "<#C1|general>", "<!\u200bchannel>", "&lt;!channel&gt;", "`<!here>`",
    "```\n<!channel>\n```", "[<!here>](https://x.example)", "**<@U1>**", "<!date^1^{date}^https://x.example|y>",
    "> <!here>", "- <@U1>", "# <!channel>", "| <!here> |\n|---|\n| <@U1> |", "&#60;!channel&#62;", "\\<!channel\\>",
    "<https://x.example|y>", "![<!here>](<@U1>)", "[a]: <!here>\n\n[a]", "~~~\n<@U1>\n~~~", "    <!here>",
]  # fmt: skip


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("**bold** and *it* and ~~gone~~", "*bold* and _it_ and ~gone~"),
        ("# Title\n\ntext", "*Title*\n\ntext"),
        ("- a\n- b\n  - c", "• a\n• b\n    • c"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("`a < b`", "`a &lt; b`"),
        ("```python\nif a < b & c:\n    pass\n```", "```\nif a &lt; b &amp; c:\n    pass\n```"),
        ("````\n```\n````", "```\n`\u200b`\u200b`\n```"),
        ("[label](https://a.example)", "label (https://a.example)"),
        ("<https://a.example>", "https://a.example"),
        ("see [1]\n\n[1]: https://a.example", "see [1]\n\n[1]: https://a.example"),
        ("![plot](https://a.example/p.png)", "plot (https://a.example/p.png)"),
        ("> quoted\n> more", "&gt; quoted\n&gt; more"),
        ("| a | bb |\n|---|---|\n| 1 | 2 |", "```\na  bb\n─  ──\n1  2\n```"),
        ("one\ntwo", "one\ntwo"),
        ("a snake_case_name", "a snake_case_name"),
        ("<b>html</b>", "&lt;b&gt;html&lt;/b&gt;"),
        ("日本語 😀 **太字**", "日本語 😀 *太字*"),
        ("", ""),
    ],
)
def test_markdown_becomes_what_slack_shows_the_same_way(markdown: str, mrkdwn: str) -> None:
    assert to_mrkdwn(markdown) == mrkdwn


@pytest.mark.parametrize("text", MENTIONS)
def test_no_mention_or_hidden_link_arises_from_a_text(text: str) -> None:
    assert not CONTROL.search(to_mrkdwn(text))


@given(st.lists(st.sampled_from([*MENTIONS, "<", ">", "&", "!", "@", "|", "\n", "`", "**", " ", "channel", "1. "])))
def test_no_mention_arises_from_pieces_put_together(pieces: list[str]) -> None:
    assert not CONTROL.search(to_mrkdwn("".join(pieces)))


@given(st.text())
def test_any_text_can_be_shown(text: str) -> None:
    assert not CONTROL.search(to_mrkdwn(text))


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("a &amp; b &lt;tag&gt;", "a & b <tag>"),
        ("ask <@U1> and <@U2|bob> and <@U3>", "ask @Alice and @bob and @U3"),
        ("in <#C1|general> for <!here> and <!subteam^S1|@devs>", "in #general for @here and @devs"),
        ("see <https://a.example/x?y=1&amp;z=2|docs>", "see docs (https://a.example/x?y=1&z=2)"),
        ("<https://b.example>", "https://b.example"),
        ("<http://a.example|a.example>", "http://a.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("&amp;lt;", "&lt;"),
        ("5 < 6", "5 < 6"),
    ],
)  # fmt: skip
def test_what_a_person_typed_is_read_as_plain_text(sent: str, meant: str) -> None:
    assert from_slack(sent, {"U1": "Alice"}) == meant


def test_the_mention_of_the_bot_is_no_part_of_the_task() -> None:
    assert without_mention("<@UBOT> find <@U1>", "UBOT") == "find <@U1>"
    assert without_mention("<@UBOT|muster>: go", "UBOT") == "go"
    assert mentioned("<@U1> <@U2|x> <@U1>") == ["U1", "U2"]


@given(st.text(alphabet="ab&<>"))
def test_the_cost_of_a_text_is_its_length_once_escaped(text: str) -> None:
    assert escaped_chars(text) == len(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
