import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord import markup
from worker.team.builder import ICONS

LIVE = re.compile(r"<(?:[@#/]|a?:|t:|id:)|@(?:everyone|here)", re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    [
        "@everyone", "@here", "@Everyone", "<@1>", "<@!1>", "<@&1>", "<#1>", "</agents run:1>", "<:x:1>", "<a:x:1>",
        "<t:1:f>", "<id:home>", "`@everyone`", "<<@1>", "@@everyone",
    ],
)  # fmt: skip
def test_nothing_that_discord_would_turn_into_something_is_left(text: str) -> None:
    assert not LIVE.search(markup.shown(text))
    assert not LIVE.search(markup.literal(text))


@given(st.text(alphabet="<@!&#:/ateveryonehere1>` \n"))
def test_no_text_mentions_anybody(text: str) -> None:
    assert not LIVE.search(markup.shown(text))


@given(st.text())
def test_the_cost_is_what_the_text_takes(text: str) -> None:
    assert markup.shown_chars(text) >= len(markup.shown(text))


def test_names_and_tasks_are_shown_as_they_are() -> None:
    assert markup.literal("a *b* _c_ [d](e) #1 `x`") == r"a \*b\* \_c\_ \[d\]\(e\) \#1 \`x\`"


def test_tables_stand_in_code() -> None:
    text = "before\n| a | b |\n|---|:-:|\n| `1` | 2 |\nafter"
    assert markup.tables_as_code(text) == "before\n```\n| a | b |\n|---|:-:|\n| \u02cb1\u02cb | 2 |\n```\nafter"


@pytest.mark.parametrize("text", ["a | b", "| a |\nno table", "```\n| a |\n|---|\n```", "~~~\n| a |\n|---|\n~~~", ""])
def test_what_is_no_table_stays(text: str) -> None:
    assert markup.tables_as_code(text) == text


def test_every_icon_that_a_builder_may_choose_is_known() -> None:
    shown = {name: markup.icon(name) for name in ICONS}
    assert len(set(shown.values())) == len(ICONS)
    assert markup.icon("nothing") == "🤖"


def test_an_agent_has_one_colour() -> None:
    assert markup.color("coder") == markup.color("coder")
    assert 0 <= markup.color("writer") <= 0xFFFFFF


def test_what_people_type_becomes_plain() -> None:
    text = "<@1> and <@!2> as <@&3> in <#4> <a:wave:5> </agents run:6>"
    names = {"1": "Ada", "3": "devs", "4": "general"}
    assert markup.from_discord(text, names) == "@Ada and @2 as @devs in #general :wave: /agents run"


def test_addresses_are_taken_off() -> None:
    ours = frozenset({"10", "20"})
    assert markup.without_mention("<@10>: do <@!10> it <@&20>", ours) == "do   it"
    assert markup.without_mention("<@11> do it", ours) == "<@11> do it"
    assert markup.mentioned("<@1> <@!2> <@1> <@&3>") == ["1", "2"]
    assert markup.mentioned_roles("<@1> <@&3>") == ["3"]
