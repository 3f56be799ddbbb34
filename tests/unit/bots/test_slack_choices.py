"""Questions that are answered with buttons, and approvals: how they look, and what a press does. Over the wire too."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.slack import limits
from bots.slack.messages import SlackRenderer
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import QuestionId
from core.service.narration import Tone, Words
from simulator.slack.blocks import check_blocks
from simulator.slack.person import Shown
from tests.support.waiting import until
from tests.unit.bots.slack_world import SlackWorld
from tests.unit.bots.test_slack_messages import CODER, SESSION, THREAD

QUESTION = QuestionId("0123456789abcdef")


def asked(text: str, *choices: str, approval: bool = False) -> list[dict[str, Any]]:
    words = Words(
        seq=3, tone=Tone.QUESTION, text=text, speaker=CODER, question=QUESTION, choices=choices, approval=approval
    )
    rendered = SlackRenderer().render(SESSION, THREAD, [words])
    assert [each.draft.question for each in rendered if each.draft.question] == [QUESTION]
    return [each.draft.payload for each in rendered]


def buttons(payload: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = payload["blocks"][-1]["elements"]
    return found


def test_each_choice_is_a_button_and_the_text_lists_them_too() -> None:
    [payload] = asked("Which one?\n- Red\n- Blue", "Red", "Blue")
    assert [(b["action_id"], b["text"]["text"], b["value"]) for b in buttons(payload)] == [
        ("muster_choice_0", "Red", f"{QUESTION}:0"),
        ("muster_choice_1", "Blue", f"{QUESTION}:1"),
    ]
    assert "• Red" in payload["text"]
    assert payload["blocks"][0]["text"]["text"] == payload["text"]
    assert "or press a button" in payload["text"]
    assert not [b for b in buttons(payload) if "style" in b]


def test_an_approval_says_that_its_buttons_alone_decide() -> None:
    [payload] = asked("```\nrm -rf <x>\n```", "Approve", "Deny", approval=True)
    assert [b["style"] for b in buttons(payload)] == ["primary", "danger"]
    assert "approves nothing" in payload["text"]
    assert "&lt;x&gt;" in payload["text"]


@settings(max_examples=25)
@given(st.text(max_size=4_000), st.lists(st.text(max_size=200), min_size=1, max_size=30, unique=True))
def test_every_question_is_one_that_slack_takes(text: str, choices: list[str]) -> None:
    payloads = asked(text, *choices)
    for payload in payloads:
        assert check_blocks(payload.get("blocks", []), most=limits.MESSAGE_BLOCKS) == []
    assert payloads[-1].get("blocks") or "file" in payloads[-1]


async def waiting(world: SlackWorld, *choices: str, approves: str = "") -> Shown:
    await world.slack.person("ada").command("/agents", "paint it", channel="general")
    await world.slack.wait_for_message(channel="general", containing="paint it")
    await world.claim()
    await world.ask("Which colour?", choices=choices, approves=approves)
    return await world.slack.wait_for_message(channel="general", containing="Which colour?")


@pytest.mark.slow
async def test_the_first_press_answers_and_the_next_is_told_who_was_first(world: SlackWorld) -> None:
    shown = await waiting(world, "Red", "Blue")
    assert shown.actions == ["muster_choice_0", "muster_choice_1"]
    ada, ben = world.slack.person("ada"), world.slack.person("ben")
    assert (await ben.press(shown, "muster_choice_1")).acked

    async def answered() -> bool:
        return (await world.session()).state is State.RESUMING

    await until(answered)
    async with world.uow.read(world.workspace) as work:
        [event] = [
            record.event
            for record in await work.sessions.events((await world.session()).id)
            if isinstance(record.event, ev.QuestionAnswered)
        ]
    assert (event.text, event.by.name) == ("Blue", "ben")
    assert (await ada.press(shown, "muster_choice_0")).acked
    assert "ben" in (await ada.wait_for_ephemeral("already decided")).text


@pytest.mark.slow
async def test_a_guest_may_not_press(world: SlackWorld) -> None:
    shown = await waiting(world, "Red")
    gus = world.slack.person("gus")
    assert (await gus.press(shown, "muster_choice_0")).acked
    await gus.wait_for_ephemeral("Only full members")
    assert (await world.session()).state is State.WAITING


@pytest.mark.slow
async def test_what_needs_an_operator_is_not_approved_by_words_or_by_others(world: SlackWorld) -> None:
    shown = await waiting(world, "Approve", "Deny", approves="f" * 16)
    ada = world.slack.person("ada")
    await ada.reply(shown, "Approve")
    await ada.wait_for_ephemeral("use its buttons")
    assert (await world.session()).state is State.WAITING
    assert (await ada.press(shown, "muster_choice_0")).acked

    async def answered() -> bool:
        return (await world.session()).state is State.RESUMING

    await until(answered)


@pytest.mark.slow
@pytest.mark.parametrize("value", ["0123456789abcdef:0", "0123456789abcdef:99", "../x:1", "", "x" * 2_000])
async def test_a_button_that_muster_did_not_make_does_nothing(world: SlackWorld, value: str) -> None:
    shown = await waiting(world, "Red")
    ada = world.slack.person("ada")
    outcome = await ada.press(shown, "muster_choice_7", value=value, stale=True)
    assert outcome.acked
    await world.bot._desk.drain()
    assert (await world.session()).state is State.WAITING
    if value.startswith("0123456789abcdef"):
        await ada.wait_for_ephemeral("not there any more")


@pytest.mark.slow
async def test_help_has_a_button_to_the_settings(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.command("/agents", "help", channel="general")
    shown = await ada.wait_for_ephemeral("/agents settings")
    assert (await ada.press(shown, "muster_settings")).acked
    [view] = await ada.modals()
    assert view["title"]["text"] == "Settings"
