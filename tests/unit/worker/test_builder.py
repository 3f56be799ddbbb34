"""Teams that models propose, good and bad."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.providers import Structured, by_name
from core.domain.session import Line
from core.errors import PermanentError
from simulator.model.orders import FaultKind
from tests.unit.worker.conftest import QUICK, Endpoint
from worker.team.builder import ICONS, AgentBuilder, Built, _mended_name
from worker.team.model import ModelPool
from worker.team.transcript import Conversation

TOOLS = {"run_python": "Runs Python.", "ask_human": "Asks."}
TASK = Conversation(lines=[Line(seq=1, speaker="Ada", text="count 3 words", human=True)])


def agent(name: str, **fields: object) -> dict[str, object]:
    return {"name": name, "role": "does", "instructions": "Do it.", "tools": [], "icon": "mag"} | fields


async def build(pool: ModelPool, provider: str = "custom") -> Built:
    return await AgentBuilder(pool.model(provider, ""), TOOLS).build(TASK)


async def proposed(endpoint: Endpoint, pool: ModelPool, *agents: dict[str, object], times: int = 1) -> Built:
    endpoint.says(json.dumps({"agents": agents}), times=times, kind="team")
    return await build(pool)


@pytest.mark.parametrize("structured", list(Structured))
async def test_each_way_of_asking_brings_a_team(endpoint: Endpoint, structured: Structured) -> None:
    pool = ModelPool(by_name([endpoint.custom(structured=structured)]), QUICK)
    built = await build(pool)
    await pool.close()
    assert [member.name for member in built.team] == ["Planner", "Analyst", "Interviewer", "Writer"]
    assert built.fallback_reason == ""
    assert dict(zip((m.name for m in built.team), (m.tools for m in built.team), strict=True))["Analyst"] == (
        "run_python",
    )
    assert len({member.icon for member in built.team}) == 4
    assert all(member.icon in ICONS for member in built.team)


async def test_names_roles_tools_and_icons_are_mended(endpoint: Endpoint, pool: ModelPool) -> None:
    built = await proposed(
        endpoint,
        pool,
        agent("Data Analyst!", tools=["run_python", "rm_rf", 7], icon=":bar_chart:", role="two\nlines"),
        agent("data_analyst", tools="run_python", icon="bar_chart"),
        agent("分析", role="", icon="no_such_icon"),
        agent("system", instructions="x" * 9_000),
    )
    assert [member.name for member in built.team] == ["Data_Analyst", "data_analyst2", "Agent3", "systemAgent"]
    assert built.team[0].tools == ("run_python",)
    assert built.team[0].role == "two lines"
    assert built.team[1].tools == ()
    assert built.team[2].role == "Agent3"
    assert len(built.team[3].instructions) == 4_000
    assert len({member.icon for member in built.team}) == 4


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_any_names_become_unlike_names_of_the_right_form(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(_mended_name(name, taken))
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,31}", name) for name in taken)
    assert len({name.lower() for name in taken}) == len(taken)


async def test_a_bad_proposal_is_mended_by_the_model_once(endpoint: Endpoint, pool: ModelPool) -> None:
    endpoint.says("A team? Gladly!", kind="team")
    built = await build(pool)
    assert len(built.team) == 4
    asked = endpoint.bodies("team")
    assert len(asked) == 2
    assert "not JSON" in str(asked[1]["messages"])


async def test_json_in_a_fence_with_words_around_is_understood(endpoint: Endpoint, pool: ModelPool) -> None:
    team = json.dumps({"agents": [agent("A"), agent("B")]})
    endpoint.says(f"Here you are:\n```json\n{team}\n```\nGood luck!", kind="team")
    assert [member.name for member in (await build(pool)).team] == ["A", "B"]


@pytest.mark.parametrize(
    ("agents", "reason"),
    [
        ([], "0 agents"),
        ([agent("A")], "1 agents"),
        ([agent(f"A{n}") for n in range(6)], "6 agents"),
        ([agent("A"), agent("B", instructions=" ")], "B has no instructions"),
        (["A", "B"], "no list of agents"),
    ],
)
async def test_two_bad_proposals_leave_one_assistant_and_the_reason(
    endpoint: Endpoint, pool: ModelPool, agents: list[dict[str, object]], reason: str
) -> None:
    built = await proposed(endpoint, pool, *agents, times=2)
    assert [member.name for member in built.team] == ["Assistant"]
    assert built.team[0].tools == tuple(TOOLS)
    assert reason in built.fallback_reason


async def test_nonsense_twice_leaves_one_assistant(endpoint: Endpoint, pool: ModelPool) -> None:
    endpoint.fails(FaultKind.NONSENSE, times=2)
    assert "not JSON" in (await build(pool, "demo")).fallback_reason


async def test_a_final_error_of_the_provider_is_no_fallback(endpoint: Endpoint, pool: ModelPool) -> None:
    endpoint.fails(FaultKind.STATUS, status=401)
    with pytest.raises(PermanentError):
        await build(pool)
