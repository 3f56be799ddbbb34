"""The form of `/agents settings`: what it shows, and what becomes of what is typed. Over the wire."""

import json
from typing import Any

import pytest
from nacl.public import SealedBox
from structlog.testing import capture_logs

from bots import replies
from bots.slack import settings
from core.domain.preferences import WORKSPACE, Preferences
from core.domain.refs import UserId
from simulator.slack.person import Person
from tests.unit.bots.slack_world import SlackWorld

pytestmark = pytest.mark.slow

KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"
TAVILY_KEY = "tvly-dev-0123456789abcdef"


async def form_of(person: Person) -> dict[str, Any]:
    await person.command("/agents", "settings", channel="general")
    [view] = await person.modals()
    return view


def elements(view: dict[str, Any]) -> dict[str, Any]:
    return {block["block_id"]: block["element"] for block in view["blocks"]}


async def kept(world: SlackWorld, owner: str) -> Preferences:
    async with world.uow.read(world.workspace) as work:
        return await work.preferences.of(UserId(owner))


async def test_a_member_sees_their_own_and_an_admin_may_see_everybodys(world: SlackWorld) -> None:
    ada, ben = world.slack.person("ada"), world.slack.person("ben")
    fields = elements(await form_of(ben))
    assert list(fields) == [
        f"mine:{name}" for name in ("provider", "model", "system_prompt", "provider_key", "tavily_key")
    ]
    assert [option["value"] for option in fields["mine:provider"]["options"]] == ["-", "demo", "other"]
    view = await form_of(ada)
    assert next(iter(elements(view))) == settings.SCOPE
    assert (await ada.press_in_view(view["id"], settings.SCOPE, value="workspace")).acked
    [view] = await ada.modals()
    assert [block.partition(":")[0] for block in elements(view)][1:] == ["workspace"] * 5
    assert (await ada.submit(view["id"], {settings.SCOPE: "workspace", "workspace:model": "large"})).acked
    assert await kept(world, WORKSPACE) == Preferences(model="large")
    assert await kept(world, await ada.id()) == Preferences()


async def test_what_is_chosen_is_kept_shown_again_and_used_by_the_next_session(world: SlackWorld) -> None:
    ben = world.slack.person("ben")
    view = await form_of(ben)
    values = {"mine:provider": "other", "mine:model": "small", "mine:system_prompt": "Be brief."}
    assert not (await ben.submit(view["id"], values)).payload
    assert "`small`" in (await ben.wait_for_ephemeral("Your settings are saved")).text
    assert await ben.modals() == []
    fields = elements(await form_of(ben))
    assert fields["mine:provider"]["initial_option"]["value"] == "other"
    assert (fields["mine:model"]["initial_value"], fields["mine:system_prompt"]["initial_value"]) == (
        "small",
        "Be brief.",
    )
    await ben.command("/agents", "count the primes", channel="general")
    await world.slack.wait_for_message(channel="general", containing="#1")
    session = await world.session()
    assert (session.provider, session.model) == ("other", "small")
    await ben.command("/agents", channel="general")  # the form that starts one does not choose in their place
    [start] = await ben.modals()
    await ben.submit(start["id"], {"task": "count the sheep"})
    await world.slack.wait_for_message(channel="general", containing="#2")
    assert (await world.session(2)).model == "small"


async def test_keys_are_sealed_at_once_and_never_seen_again(world: SlackWorld) -> None:
    """Not in the inbox, not in logs, not in what is answered, not in the form; only in sealed form in the database."""
    ben = world.slack.person("ben")
    view = await form_of(ben)
    position = world.slack.position
    with capture_logs() as logged:
        await ben.submit(
            view["id"], {"mine:provider": "other", "mine:provider_key": KEY, "mine:tavily_key": TAVILY_KEY}
        )
        told = await ben.wait_for_ephemeral("being tried")
        again = await form_of(ben)
    assert "…cdef" in told.text
    said = [
        entry.data for entry in world.slack.entries("ephemeral.posted", "message.posted", "view.opened", after=position)
    ]
    for place in (json.dumps(said), json.dumps(again), str(logged), told.text):
        assert KEY not in place
        assert TAVILY_KEY not in place
    assert "other …cdef" in elements(again)["mine:provider_key"]["placeholder"]["text"]
    async with world.uow.read(world.workspace) as work:
        secrets = await work.secrets.candidates(UserId(await ben.id()))
        assert await work.inbox.listening() == []
    assert set(secrets) == {"other", "tavily"}
    opened = json.loads(SealedBox(world.keys).decrypt(secrets["other"].sealed))
    assert (opened["value"], opened["owner"], opened["name"]) == (KEY, await ben.id(), "other")


async def test_a_key_without_a_provider_is_for_the_one_in_use(world: SlackWorld) -> None:
    ben = world.slack.person("ben")
    await ben.submit((await form_of(ben))["id"], {"mine:provider_key": KEY})
    await ben.wait_for_ephemeral("for `demo`")
    await ben.submit((await form_of(ben))["id"], {"mine:provider": "other"})
    outcome = await ben.submit((await form_of(ben))["id"], {"mine:provider": "-", "mine:provider_key": KEY})
    assert outcome.payload is not None
    assert outcome.payload["errors"] == {"mine:provider": "Choose the provider that the key is for."}


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"mine:model": "m" * 129}, "mine:model", "128 characters"),
        ({"mine:system_prompt": "x" * 3_001}, "mine:system_prompt", "3,000 characters"),
        ({"mine:provider_key": "two words"}, "mine:provider_key", "spaces"),
        ({"mine:tavily_key": "schlüssel-0123456789"}, "mine:tavily_key", "characters that no key has"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(
    world: SlackWorld, values: dict[str, str], field: str, words: str
) -> None:
    ben = world.slack.person("ben")
    view = await form_of(ben)
    outcome = await ben.submit(view["id"], {"mine:provider": "other", **values})
    assert outcome.payload is not None
    assert outcome.payload["response_action"] == "errors"
    assert words in outcome.payload["errors"][field]
    assert [each["id"] for each in await ben.modals()] == [view["id"]]
    assert await kept(world, await ben.id()) == Preferences()


async def test_settings_that_cannot_be_kept_are_not_lost_and_the_key_is_not_logged(
    world: SlackWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = world.slack.person("ben")
    view = await form_of(ben)
    world.uow.broken = True
    outcome = await ben.submit(view["id"], {"mine:provider_key": KEY})
    assert outcome.payload is not None
    assert outcome.payload["errors"] == {"mine:provider": replies.NOT_STARTED}
    world.uow.broken = False

    async def fail(*_: Any, **given: Any) -> None:
        raise RuntimeError(f"broke over {given} {KEY}")

    monkeypatch.setattr(world.bot._desk.settings, "save", fail)
    with capture_logs() as logged:
        assert (await ben.submit(view["id"], {"mine:provider_key": KEY})).payload
    assert logged
    assert KEY not in str(logged)
    assert not any(each.get("exc_info") for each in logged)


async def test_the_workspaces_settings_are_for_admins_when_they_are_saved(world: SlackWorld) -> None:
    """The form was opened by somebody who was an admin then."""
    ada = world.slack.person("ada")
    view = await form_of(ada)
    await ada.press_in_view(view["id"], settings.SCOPE, value="workspace")
    world.simulator.slack.first.users[await ada.id()].is_admin = False
    world.simulator.slack.first.users[await ada.id()].is_owner = False
    world.bot._handlers._people._facts._kept.clear()
    outcome = await ada.submit(view["id"], {settings.SCOPE: "workspace", "workspace:model": "large"})
    assert outcome.payload is not None
    assert "admin" in next(iter(outcome.payload["errors"].values()))
    assert await kept(world, WORKSPACE) == Preferences()


async def test_what_was_typed_for_oneself_is_not_saved_for_everybody(world: SlackWorld) -> None:
    """The other settings were chosen, and the form was sent before it showed them."""
    ada = world.slack.person("ada")
    view = await form_of(ada)
    outcome = await ada.submit(view["id"], {settings.SCOPE: "workspace", "mine:model": "large"})
    assert outcome.payload is not None
    assert list(outcome.payload["errors"]) == [settings.SCOPE]
    assert await kept(world, WORKSPACE) == Preferences()


async def test_a_guest_is_told_that_there_is_nothing_to_set(world: SlackWorld) -> None:
    gus = world.slack.person("gus")
    outcome = await gus.command("/agents", "settings", channel="general")
    assert outcome.payload is not None
    assert "Only full members" in outcome.payload["text"]
    assert await gus.modals() == []


async def test_in_words_settings_are_a_command(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.post("@muster", "settings")
    await ada.wait_for_ephemeral("type `/agents settings`")


async def test_an_admin_says_who_may_start_and_others_are_refused(world: SlackWorld) -> None:
    ada, ben, chloe = (world.slack.person(name) for name in ("ada", "ben", "chloe"))
    await world.slack.set_group("analysts", "ben")
    refused = await ben.command("/agents", "access start @ben", channel="general")
    assert refused.acked
    await ben.wait_for_ephemeral("admin")
    assert "For example" in str((await ada.command("/agents", "access start everybody", channel="general")).payload)
    await ada.command("/agents", "access start @analysts", channel="general")
    await ada.wait_for_ephemeral("From now on")
    await chloe.command("/agents", "count the primes", channel="general")
    await chloe.wait_for_ephemeral("You cannot start sessions here")
    await ben.command("/agents", "count the sheep", channel="general")
    root = await world.slack.wait_for_message(channel="general", containing="#1")
    assert "count the sheep" in root.text
    await chloe.command("/agents", "access", channel="general")
    assert "@analysts" in (await chloe.wait_for_ephemeral("Who may do what")).text
