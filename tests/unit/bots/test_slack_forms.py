"""The form that starts a session, over the wire: `/agents` alone, and the shortcut on a message."""

import base64
from typing import Any

import pytest

from bots import replies
from bots.attachments import Attached
from bots.slack import forms
from bots.slack.flags import Wish
from bots.slack.parse import SHORTCUT_RUN
from core.domain.refs import ChannelId, Place, ThreadId, WorkspaceId
from core.service.decisions import Defaults
from simulator.slack.blocks import check_blocks
from simulator.slack.person import Person
from tests.unit.bots.slack_world import MAX_FILE_BYTES, SlackWorld

pytestmark = pytest.mark.slow


async def form_before(person: Person) -> dict[str, Any]:
    [view] = await person.modals()
    return view


def shown_in(view: dict[str, Any]) -> dict[str, Any]:
    """What the fields hold at first, by name."""
    elements = {block["block_id"]: block["element"] for block in view["blocks"]}
    chosen = elements["provider"]["initial_option"]["value"]
    return {"provider": chosen} | {name: elements[name].get("initial_value", "") for name in ("task", "model", "team")}


async def test_agents_alone_opens_the_form_and_leaves_no_record(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    outcome = await ada.command("/agents", " ", channel="general")
    assert outcome.acked
    view = await form_before(ada)
    assert shown_in(view) == {"task": "", "provider": "-", "model": "", "team": ""}  # "-": as the settings have it
    element = view["blocks"][1]["element"]
    assert [option["value"] for option in element["options"]] == ["-", "demo", "other"]
    world.uow.broken = True
    assert (await ada.command("/agents", channel="general")).acked


async def test_flags_without_a_task_fill_the_form_in(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.command("/agents", '--provider other --model small --team "a critic"', channel="general")
    expected = {"task": "", "provider": "other", "model": "small", "team": "a critic"}
    assert shown_in(await form_before(ada)) == expected


async def test_the_form_starts_what_is_filled_in_where_it_was_asked_for(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.command("/agents", channel="random")
    view = await form_before(ada)
    values = {"task": "compare 3 < 5 & 4", "provider": "other", "model": "small", "team": "a critic"}
    outcome = await ada.submit(view["id"], values)
    assert outcome.acked
    assert not outcome.payload
    assert await ada.modals() == []
    root = await world.slack.wait_for_message(channel="random", containing="compare 3 < 5 & 4")
    assert root.actions == ["muster_stop"]
    session = await world.session()
    assert (session.provider, session.model, session.starter.name) == ("other", "small", "ada")
    async with world.uow.read(world.workspace) as work:
        [given] = await work.sessions.events(session.id)
    assert given.event.team == "a critic"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"task": "   "}, "task", "Say what the team should do"),
        ({"task": "x", "model": "m" * 129}, "model", "128 characters"),
        ({"task": "x", "team": "t" * 501}, "team", "500 characters"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_the_form_stays(
    world: SlackWorld, values: dict[str, str], field: str, words: str
) -> None:
    ada = world.slack.person("ada")
    await ada.command("/agents", channel="general")
    view = await form_before(ada)
    outcome = await ada.submit(view["id"], values)
    assert outcome.payload is not None
    assert outcome.payload["response_action"] == "errors"
    assert list(outcome.payload["errors"]) == [field]
    assert words in outcome.payload["errors"][field]
    assert (await form_before(ada))["id"] == view["id"]
    await ada.submit(view["id"], {"task": "now it is right"})
    await world.slack.wait_for_message(channel="general", containing="now it is right")


async def test_a_form_that_is_submitted_twice_starts_once(world: SlackWorld) -> None:
    """Slack offers to try again when our acknowledgement was lost."""
    ada = world.slack.person("ada")
    await ada.command("/agents", channel="general")
    view = await form_before(ada)
    await world.slack.set(ack_timeout_s=0.0)
    outcome = await ada.submit(view["id"], {"task": "once only"})
    assert not outcome.acked
    await world.slack.wait_for_message(channel="general", containing="once only")
    await world.slack.set(ack_timeout_s=3.0)
    assert (await ada.submit(view["id"], {"task": "once only"})).acked
    await ada.command("/agents", "something else", channel="general")
    await world.slack.wait_for_message(channel="general", containing="#2")
    assert (await world.session(2)).task == "something else"
    assert await ada.ephemerals() == []  # the same request, not a second one with the same words


async def test_a_form_that_cannot_be_recorded_says_so_and_stays(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.command("/agents", channel="general")
    view = await form_before(ada)
    world.uow.broken = True
    outcome = await ada.submit(view["id"], {"task": "x"})
    assert outcome.payload is not None
    assert outcome.payload["errors"] == {"task": replies.NOT_STARTED}
    world.uow.broken = False
    assert not (await ada.submit(view["id"], {"task": "x"})).payload
    await world.slack.wait_for_message(channel="general", containing="#1")


async def test_a_guest_is_told_that_guests_cannot_start(world: SlackWorld) -> None:
    gus = world.slack.person("gus")
    await gus.command("/agents", channel="general")
    outcome = await gus.submit((await form_before(gus))["id"], {"task": "x"})
    assert outcome.payload is not None
    assert "Only full members" in outcome.payload["errors"]["task"]


async def test_a_refusal_after_the_form_is_told_in_private(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.create_channel("hidden", private=True)
    await ada.command("/agents", channel="hidden")
    assert (await ada.submit((await form_before(ada))["id"], {"task": "x"})).acked
    direct = await ada.open_im()
    await world.slack.wait_for_message(channel=direct, containing="Invite me")


async def test_a_form_that_slack_does_not_open_is_told(world: SlackWorld) -> None:
    await world.slack.add_fault("deny", target="views.open", error="expired_trigger_id")
    ada = world.slack.person("ada")
    outcome = await ada.command("/agents", channel="general")
    assert outcome.payload is not None
    assert outcome.payload["text"] == replies.NOT_STARTED


async def test_the_shortcut_takes_a_message_as_the_task_and_starts_beside_it(world: SlackWorld) -> None:
    ada, ben = world.slack.person("ada"), world.slack.person("ben")
    said = await ben.post("general", "the build is <red> & @chloe is away")
    assert (await ada.shortcut(SHORTCUT_RUN, on=said)).acked
    view = await form_before(ada)
    assert shown_in(view)["task"] == "the build is <red> & @chloe is away"
    await ada.submit(view["id"], {"task": "mend the build"})
    root = await world.slack.wait_for_message(channel="general", containing="mend the build")
    assert not root.is_reply


async def test_the_shortcut_on_a_reply_works_in_its_thread(world: SlackWorld) -> None:
    ada, ben = world.slack.person("ada"), world.slack.person("ben")
    begun = await ben.post("general", "the build is red")
    said = await ben.reply(begun, "x" * 3_500)
    await ada.shortcut(SHORTCUT_RUN, on=said)
    view = await form_before(ada)
    assert len(shown_in(view)["task"]) == 3_000
    await ada.submit(view["id"], {"task": "mend the build"})
    card = await world.slack.wait_for_message(channel="general", containing="mend the build")
    assert card.root_ts == begun.ts
    async with world.uow.read(world.workspace) as work:
        thread = await work.threads.get((await world.session()).thread or ThreadId(""))
    assert thread is not None
    assert not thread.owned


def in_form(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content_base64": base64.b64encode(content).decode()}


async def test_files_that_are_put_into_the_form_come_with_the_task(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.command("/agents", channel="general")
    files = [in_form("a.csv", b"1"), in_form("large.csv", b"x" * (MAX_FILE_BYTES + 1))]
    assert not (await ada.submit((await form_before(ada))["id"], {"task": "sum it up", "files": files})).payload
    await world.slack.wait_for_message(channel="general", containing="sum it up")
    assert "`large.csv`" in (await ada.wait_for_ephemeral("larger than")).text
    async with world.uow.read(world.workspace) as work:
        [given] = await work.sessions.events((await world.session()).id)
        [file] = given.event.files  # type: ignore[union-attr]
        assert await work.files.content(file.blob) == b"1"


async def test_the_files_of_a_message_come_with_the_task_that_it_is_made(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    said = await world.slack.person("ben").post("general", "these numbers", files={"a.csv": b"1", "b.csv": b"2"})
    await ada.shortcut(SHORTCUT_RUN, on=said)
    view = await form_before(ada)
    assert "a.csv, b.csv" in view["blocks"][-1]["hint"]["text"]
    await ada.submit(view["id"], {"files": [in_form("a.csv", b"3")]})
    await world.slack.wait_for_message(channel="general", containing="#1")
    async with world.uow.read(world.workspace) as work:
        [given] = await work.sessions.events((await world.session()).id)
    assert [file.name for file in given.event.files] == ["a.csv", "b.csv", "a-2.csv"]  # type: ignore[union-attr]


async def test_files_that_come_too_late_for_the_form_are_left_out_and_the_task_starts(
    world: SlackWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.slack.limits.FETCH_FOR_FORM_S", 0.05)
    await world.slack.add_fault("delay", target="files.download", delay_s=0.5)
    ada = world.slack.person("ada")
    await ada.command("/agents", channel="general")
    outcome = await ada.submit((await form_before(ada))["id"], {"task": "sum", "files": [in_form("a.csv", b"1")]})
    assert outcome.acked
    await ada.wait_for_ephemeral("`a.csv` could not be fetched")
    assert (await world.session()).task == "sum"


@pytest.mark.parametrize("count", [0, 1, 10, 60])
def test_the_form_carries_as_many_files_of_a_message_as_slack_lets_it(count: int) -> None:
    place = Place(workspace=WorkspaceId("slack:T1"), channel=ChannelId("C1"))
    files = [
        Attached(
            name=f"{n}.csv", mime="text/csv", size_bytes=n, source=f"https://files.slack.com/files-pri/T1-F{n}/{n}.csv"
        )
        for n in range(count)
    ]
    defaults = Defaults(provider="demo", model="demo", max_rounds=1, models={"demo": ("demo",)})
    view = forms.start_form(place, Wish(task="x"), defaults, files)
    assert check_blocks(view["blocks"], most=100) == []
    assert len(view["private_metadata"]) <= 3_000
    state = {
        "task": {"task": {"value": "x"}},
        "provider": {"provider": {"selected_option": None}},
        "model": {"model": {"value": None}},
        "team": {"team": {"value": None}},
    }
    found, wish, carried = forms.filled_in(view | {"state": {"values": state}})
    assert (found, wish) == (place, Wish(task="x"))
    assert list(carried) == files[: len(carried)]
    assert len(carried) >= min(count, 10)
