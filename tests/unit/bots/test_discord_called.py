"""What commands and forms carry, as Discord sends it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord import called, cards
from bots.discord.places import Kind, guild_place
from bots.facts import Known
from bots.requests import Asked, Topic
from core.domain.commands import ChangeAccess, StartSession
from core.domain.refs import Person, UserId
from core.errors import UserError
from core.service.decisions import Defaults

ADA = Known(person=Person(id=UserId("1"), name="Ada"), restricted=False, admin=True, groups=frozenset({"7", "90"}))
CHANNEL = guild_place("7", "70", kind=Kind.TEXT, parent=None)
DEFAULTS = Defaults(
    provider="openai",
    model="gpt-5",
    max_rounds=12,
    models={"openai": ("gpt-5", "gpt-5-mini"), "groq": ("llama-4", "qwen-3")},
)


def run_data(**options: Any) -> dict[str, Any]:
    given = [{"name": name, "type": 3, "value": value} for name, value in options.items()]
    return {"id": "1", "name": "agents", "type": 1, "options": [{"name": "run", "type": 1, "options": given}]}


def test_a_command_is_read_with_all_its_options() -> None:
    data = run_data(task=" ask <@5> ", provider="groq", model="qwen-3", team="a critic")
    wanted = called.asked_by(called.called(data), CHANNEL, ADA, names={"5": "Ben"})
    assert wanted == StartSession(
        place=CHANNEL,
        by=ADA.person,
        task="ask @Ben",
        admin=True,
        groups=("7", "90"),
        provider="groq",
        model="qwen-3",
        team="a critic",
    )


@pytest.mark.parametrize("sub", ["status", "stop", "help"])
def test_the_other_commands_are_read(sub: str) -> None:
    options = [{"name": "number", "type": 4, "value": 12}] if sub != "help" else []
    data = {"name": "agents", "options": [{"name": sub, "type": 1, "options": options}]}
    wanted = called.asked_by(called.called(data), CHANNEL, ADA, names={})
    number = wanted.query.number if isinstance(wanted, Asked) else getattr(wanted, "number", None)
    assert number == (12 if sub != "help" else None)


@pytest.mark.parametrize(
    ("options", "number", "words"),
    [
        ([], None, ""),
        ([("id", 12)], 12, ""),
        ([("query", "the  moon")], None, "the  moon"),
        ([("query", "12")], 12, ""),
    ],
)
def test_history_is_read(options: list[tuple[str, Any]], number: int | None, words: str) -> None:
    data = {"name": "history", "options": [{"name": name, "type": 3, "value": value} for name, value in options]}
    wanted = called.asked_by(called.called(data), CHANNEL, ADA, names={})
    assert isinstance(wanted, Asked)
    assert (wanted.query.number, wanted.query.words) == (number, words)


def typing(focused: str, **options: Any) -> list[str]:
    given = [
        {"name": n, "type": 3, "value": v, **({"focused": True} if n == focused else {})} for n, v in options.items()
    ]
    data = {"name": "agents", "options": [{"name": "run", "type": 1, "options": given}]}
    return called.choices(called.called(data), DEFAULTS)


def test_completions_offer_what_there_is() -> None:
    assert typing("provider", provider="") == ["openai", "groq"]
    assert typing("provider", provider="GR") == ["groq"]
    assert typing("model", model="") == ["gpt-5", "gpt-5-mini"]
    assert typing("model", model="", provider="groq") == ["llama-4", "qwen-3"]
    assert typing("model", model="my-own", provider="groq") == ["my-own"]
    assert typing("team", team="x") == []


@given(st.text(max_size=300), st.sampled_from(["provider", "model"]))
def test_completions_are_never_more_or_longer_than_discord_takes(typed: str, focused: str) -> None:
    offered = typing(focused, **{focused: typed})
    assert len(offered) <= 25
    assert all(1 <= len(name) <= 100 for name in offered)


@pytest.mark.parametrize("nested", ["components", "component"])
def test_the_answer_is_found_in_either_form_of_the_form(nested: str) -> None:
    field = {"type": 4, "custom_id": cards.ANSWER_INPUT, "value": "a hundred"}
    row = {"type": 1, "components": [field]} if nested == "components" else {"type": 18, "component": field}
    assert called.written_answer({"components": [row]}) == "a hundred"
    assert called.written_answer({"components": []}) == ""


def test_a_message_and_its_files_are_found() -> None:
    data = {"name": "x", "target_id": "5", "resolved": {"messages": {"5": {"content": "hi"}}}}
    assert called.target_message(data)["content"] == "hi"
    with_file = run_data(task="t", file="9") | {"resolved": {"attachments": {"9": {"filename": "a"}}}}
    assert called.attachments(called.called(with_file)) == [{"filename": "a"}]


def sub(name: str, resolved: dict[str, Any] | None = None, **options: Any) -> Any:
    given = [{"name": each, "type": 9, "value": value} for each, value in options.items()]
    data = {"name": "agents", "options": [{"name": name, "type": 1, "options": given}], "resolved": resolved or {}}
    return called.asked_by(called.called(data), CHANNEL, ADA, names={})


@pytest.mark.parametrize(
    ("name", "topic"), [("usage", Topic.USAGE), ("access", Topic.ACCESS), ("audit", Topic.AUDIT), ("help", Topic.HELP)]
)
def test_reports_are_questions_by_somebody_with_roles(name: str, topic: Topic) -> None:
    wanted = sub(name)
    assert isinstance(wanted, Asked)
    assert wanted.topic is topic
    if topic is not Topic.HELP:
        assert (wanted.query.admin, wanted.query.groups) == (True, ("7", "90"))


def test_the_usage_of_one_session_is_asked_for_by_its_number() -> None:
    assert sub("usage", number=12).query.number == 12


def test_whom_a_right_is_for_is_picked_people_and_roles_alike() -> None:
    resolved: dict[str, Any] = {"users": {"1": {}, "2": {}}, "roles": {"90": {}}}
    wanted = sub("access", resolved, right="start", who="2", who2="90", who3="1", channel="70", channel3="71")
    assert isinstance(wanted, ChangeAccess)
    assert (wanted.right, wanted.users, wanted.grantees, wanted.channels) == (
        "start",
        ("2", "1"),
        ("90",),
        ("70", "71"),
    )
    assert (wanted.reset, wanted.admin, wanted.groups) == (False, True, ("7", "90"))


def test_a_right_alone_is_a_question_and_with_reset_a_change() -> None:
    assert isinstance(sub("access", right="start"), Asked)
    wanted = sub("access", right="start", reset=True)
    assert isinstance(wanted, ChangeAccess)
    assert wanted.reset


@pytest.mark.parametrize("option", [{"who": "2"}, {"channel": "70"}, {"reset": True}])
def test_whom_without_what_is_refused_with_what_to_do(option: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="Choose the right"):
        sub("access", **option)
