"""What people read before they approve is what would be carried out; what a question becomes as a row."""

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import Person, SessionId, UserId, WorkspaceId
from core.domain.session import Session
from core.service.outbound import to_approve
from worker.asking import APPROVE, DENY, fingerprint, leave_asked, question_asked, question_of, request_text, visible
from worker.team.messages import Call
from worker.tools.ask_human import QuestionArguments
from worker.tools.catalog import CATALOG
from worker.tools.tool import Approval, Tool, ToolContext, ToolOutcome

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
SESSION = Session(
    id=SessionId("s"), workspace=WorkspaceId("slack:T1"), number=1, thread=None, state=State.RUNNING, task="count",
    starter=Person(id=UserId("U1"), name="Ana"), provider="demo", model="demo", max_rounds=3, created_at=NOW,
    changed_at=NOW,
)  # fmt: skip
HIDDEN = (
    "\u202e\u202a\u2066\u2069\u200e\u200f\u061c"  # turn the reading direction
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u115f\u1160\u17b4\u3164\uffa0\u2800"  # show as nothing
    "\ufe00\ufe0f\U000e0100\U000e01ef\U000e0041\U000e007f"  # can spell a message of their own
    "\u00a0\u2003\u202f\u3000\u2028\u2029\u0085\u007f\u0000\u001b\ue000\U0010ffff"
)


class Anything(BaseModel):
    text: str


async def run(_: ToolContext, __: Any) -> ToolOutcome:
    return ToolOutcome(text="done")


def tool(name: str, approval: Approval = Approval.LOW) -> Tool:
    return Tool(name=name, description="", arguments=Anything, run=run, cost="$0.02 each", approval=approval)


TOOLS = {name: tool(name, approval) for name, approval in (("low", Approval.LOW), ("high", Approval.HIGH))}


def call(tool: str = "low", arguments: str = '{"text": "x"}', named: str = "c1") -> Call:
    return Call(id=named, name=tool, arguments=arguments)


def json_like(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=8,
    )


# --- what is shown


@given(json_like(st.text(st.characters(exclude_categories=["Cs"])) | st.text(HIDDEN + '"\\`\n\t ab')), st.booleans())
def test_shown_arguments_are_the_same_json_and_hide_nothing(value: Any, spread: bool) -> None:
    arguments = json.dumps(value, ensure_ascii=False, indent=2 if spread else None)
    shown = visible(arguments)
    assert json.loads(shown) == json.loads(arguments)
    assert not set(shown) & set(HIDDEN)
    for char in set(shown) - set(" \n\t"):
        assert unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"), ascii(char)
    assert "```" not in shown


def test_each_hidden_character_is_shown_as_its_escape() -> None:
    for char in HIDDEN:
        arguments = json.dumps({"text": f"a{char}b"}, ensure_ascii=False)
        if json_takes(arguments):
            assert "a\\u" in visible(arguments), ascii(char)
            assert json.loads(visible(arguments)) == json.loads(arguments)


def json_takes(arguments: str) -> bool:
    try:
        json.loads(arguments)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\t"])
def test_space_between_values_stays_space(end: str) -> None:
    shown = visible(f'{{{end}"text":{end}"x"}}')
    assert json.loads(shown) == {"text": "x"}
    assert "\\" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "Überweise 5 € an Zoë, 東京へ; ещё 👍",
        "see https://example.com/a?b=c and <@U1> <!channel> @everyone **bold** [x](http://y.example)",
        "```\nends the block?\n```\nApproved already: press Approve",
        "`code` and ````more````",
    ],
)
def test_what_may_be_shown_is_shown_letter_for_letter_in_a_block_of_code(text: str) -> None:
    arguments = json.dumps({"text": text}, ensure_ascii=False)
    request = request_text([call(arguments=arguments), call("high", arguments, "c2")], TOOLS)
    assert to_approve(request) == request
    shown = request.split("```")[1::2]
    assert len(shown) == 2
    assert all(json.loads(block) == {"text": text} for block in shown)


def test_what_tools_cost_never_breaks_the_blocks_of_a_request() -> None:
    needing = [tool for tool in CATALOG.values() if tool.approval is not Approval.NONE]
    assert needing
    request = request_text([call(each.name, '{"a": "https://example.com/x"}', each.name) for each in needing], CATALOG)
    assert to_approve(request) == request


def test_a_request_names_every_call_its_tool_and_its_cost() -> None:
    one = request_text([call()], TOOLS)
    assert one == 'May I do this?\n\n`low` ($0.02 each):\n```\n{"text": "x"}\n```'
    both = request_text([call(), call("high", '{"text": "y"}', "c2")], TOOLS)
    assert both.startswith("May I make these 2 calls?\n\n`low`")
    assert '"x"' in both
    assert '"y"' in both


# --- what an approval is bound to


def test_a_fingerprint_is_of_exactly_these_calls_in_this_order() -> None:
    calls = [call(tool, text, named) for named, tool, text in product("ab", ("low", "high"), ("{}", "{ }"))]
    different = [[each] for each in calls] + [[calls[0], calls[1]], [calls[1], calls[0]], [], [calls[0], calls[0]]]
    different += [[call(named="a", tool="lowhigh")], [call(named="alow", tool="high")]]
    assert len({fingerprint(each) for each in different}) == len(different)
    assert fingerprint([call()]) == fingerprint([call()])
    assert len(fingerprint([])) == 64


def test_what_one_costly_call_needs_is_needed_for_all_that_are_asked_for_with_it() -> None:
    for calls, who in (
        ([call()], ev.Answerer.STARTER),
        ([call("high")], ev.Answerer.OPERATOR),
        ([call(), call("high", named="c2")], ev.Answerer.OPERATOR),
    ):
        asked, row = leave_asked(SESSION, "Solo", calls, TOOLS, NOW)
        assert (asked.who, row.who) == (who, who)
        assert asked.choices == row.choices == (APPROVE, DENY)
        assert asked.approves == row.approves == fingerprint(calls)
        assert (row.deadline_at, row.remind_at, row.default) == (None, None, "")


# --- questions


def test_a_question_has_a_default_only_with_a_deadline() -> None:
    asked = question_asked("Solo", QuestionArguments(question=" Which? ", default="Oslo"), NOW)
    assert (asked.text, asked.deadline_at, asked.default) == ("Which?", None, "")
    arguments = QuestionArguments(
        question="Which?", choices=["Oslo", "Rome"], who_may_answer="starter", deadline_minutes=10, default=" Oslo "
    )
    asked = question_asked("Solo", arguments, NOW)
    assert (asked.deadline_at, asked.default) == (NOW + timedelta(minutes=10), "Oslo")
    assert (asked.choices, asked.who, asked.approves) == (("Oslo", "Rome"), ev.Answerer.STARTER, "")


@pytest.mark.parametrize(
    ("after_s", "deadline_minutes", "reminded_after_s"),
    [(0, None, None), (0, 10, None), (3_600, None, 3_600), (60, 10, 60), (3_600, 10, 300)],
)
def test_a_reminder_comes_before_half_of_the_time_is_over(
    after_s: float, deadline_minutes: int | None, reminded_after_s: float | None
) -> None:
    asked = question_asked("Solo", QuestionArguments(question="?", deadline_minutes=deadline_minutes), NOW)
    row = question_of(SESSION, asked, NOW, remind_after_s=after_s)
    assert row.remind_at == (NOW + timedelta(seconds=reminded_after_s) if reminded_after_s else None)


def test_no_model_can_ask_for_an_operators_answer_or_wait_for_more_than_a_month() -> None:
    for wrong in ({"who_may_answer": "operator"}, {"deadline_minutes": 30 * 24 * 60 + 1}, {"deadline_minutes": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            QuestionArguments.model_validate({"question": "?", **wrong})
