"""Who speaks next, and when the work is done."""

import pytest

from core.domain.events import Member
from core.domain.session import Line
from tests.unit.worker.conftest import Endpoint
from worker.team.group_chat import GroupChat, without_ending
from worker.team.model import ModelPool
from worker.team.transcript import Conversation


def member(name: str) -> Member:
    return Member(name=name, role=f"the {name} part", instructions=f"Do {name}.", tools=(), icon="mag")


TEAM = [member("Planner"), member("Analyst"), member("Writer")]
ADA = Line(seq=1, speaker="Ada", text="count words", human=True)


def said(*names: str) -> Conversation:
    spoken = [Line(seq=n, speaker=name, text="my part", human=False) for n, name in enumerate(names, 2)]
    return Conversation(lines=[ADA, *spoken])


async def test_the_model_chooses_the_next_speaker(endpoint: Endpoint, pool: ModelPool) -> None:
    endpoint.says('{"speaker": "Writer"}')
    assert await GroupChat(pool.model("demo", ""), TEAM).next_speaker(said("Planner")) == "Writer"


async def test_nobody_is_asked_when_only_one_can_speak(endpoint: Endpoint, pool: ModelPool) -> None:
    assert await GroupChat(pool.model("demo", ""), TEAM[:1]).next_speaker(said()) == "Planner"
    assert endpoint.bodies() == []


@pytest.mark.parametrize(
    "answer",
    ['{"speaker": "analyst"}', '"Analyst"', "Analyst", "**Analyst**.", "I choose [Analyst].", '{"next": "[Analyst]:"}'],
)
async def test_loose_answers_are_understood(endpoint: Endpoint, pool: ModelPool, answer: str) -> None:
    endpoint.says(answer)
    assert await GroupChat(pool.model("demo", ""), TEAM).next_speaker(said()) == "Analyst"
    assert len(endpoint.bodies()) == 1


@pytest.mark.parametrize("answer", ["Nobody", "Planner or Writer", '{"speaker": "Ghost"}', "{}", "[]", "Plannerx"])
async def test_nonsense_is_mended_once_then_it_goes_round(endpoint: Endpoint, pool: ModelPool, answer: str) -> None:
    chat = GroupChat(pool.model("demo", ""), TEAM)
    endpoint.says(answer, times=2)
    assert await chat.next_speaker(said("Planner")) == "Analyst"
    endpoint.says(answer, times=2)
    assert await chat.next_speaker(said("Planner", "Writer")) == "Planner"
    endpoint.says(answer, times=2)
    assert await chat.next_speaker(said()) == "Planner"
    assert len(endpoint.bodies()) == 6


def test_the_last_round_is_announced_to_its_speaker(pool: ModelPool) -> None:
    chat = GroupChat(pool.model("demo", ""), TEAM)
    assert "the last one" not in chat.system("Writer", round_=2, max_rounds=3)
    assert "the last one" in chat.system("Writer", round_=3, max_rounds=3)
    assert chat.system("Writer", round_=1, max_rounds=3).startswith("You are Writer.")


@pytest.mark.parametrize(
    ("text", "rest", "ended"),
    [
        ("The result.\n\nTERMINATE", "The result.", True),
        ("The result.\n**TERMINATE**\n ", "The result.", True),
        ("The result. TERMINATE", "The result.", True),
        ("TERMINATE", "", True),
        ("`TERMINATE`.", "", True),
        ("[Writer]: The result.\nTERMINATE", "The result.", True),
        ("[Writer]: not yet", "not yet", False),
        ("Say TERMINATE when done.", "Say TERMINATE when done.", False),
        ("The word is TERMINATE", "The word is TERMINATE", False),
        ("TERMINATE\nnot yet", "TERMINATE\nnot yet", False),
        ("DETERMINATE", "DETERMINATE", False),
    ],
)
def test_the_end_is_a_closing_line_and_is_not_kept(text: str, rest: str, ended: bool) -> None:
    assert without_ending("Writer", text) == (rest, ended)
