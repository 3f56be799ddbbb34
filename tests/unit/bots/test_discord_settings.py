"""The form of the settings: what stands in it, and what becomes of what is sent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey

from bots.discord import settings
from bots.discord.settings import form, scope_of
from core.domain.preferences import WORKSPACE, Preferences
from core.domain.refs import UserId
from core.service.sealing import Sealer, public_text
from core.service.settings_desk import Scope, SettingsView
from simulator.discord.components import ComponentCheck
from simulator.discord.errors import Problems
from simulator.discord.person import Person
from tests.unit.bots.discord_world import DiscordWorld, discord_world

KEY = "sk-or-v1-0123456789abcdef"
VIEW = SettingsView(
    scope=Scope.MINE,
    chosen=Preferences(provider="groq", model="llama-4", system_prompt="Be brief."),
    effective=Preferences(provider="groq", model="llama-4"),
    keys={"groq": "…abcd", "tavily": "…wxyz (being tried)"},
    providers=("openrouter", "groq"),
    models={"openrouter": ("a/b",), "groq": ("llama-4", "qwen-3")},
    may_set_workspace=False,
)


def inputs(view: SettingsView, typed: Preferences | None = None) -> dict[str, Any]:
    made = [labelled["component"] for labelled in form(view, typed)["components"]]
    return {each["custom_id"]: each for each in made}


def chosen(select: dict[str, Any]) -> list[str]:
    return [option["value"] for option in select["options"] if option["default"]]


def test_the_form_shows_what_is_set_and_of_keys_only_their_ends() -> None:
    made = inputs(VIEW)
    assert chosen(made["provider"]) == ["groq"]
    assert (made["model"]["value"], made["system_prompt"]["value"]) == ("llama-4", "Be brief.")
    for name, kept in {"provider_key": "groq …abcd", "tavily_key": "…wxyz (being tried)"}.items():
        assert "value" not in made[name]
        assert made[name]["placeholder"] == kept


def test_what_was_typed_in_vain_is_there_again() -> None:
    made = inputs(VIEW, Preferences(provider="openrouter", system_prompt="Be long."))
    assert chosen(made["provider"]) == ["openrouter"]
    assert "value" not in made["model"]
    assert "a/b" in made["model"]["placeholder"]
    assert made["system_prompt"]["value"] == "Be long."


@pytest.mark.parametrize("provider", ["", "one that is no longer there"])
def test_without_a_choice_nothing_is_chosen(provider: str) -> None:
    made = inputs(replace(VIEW, chosen=Preferences(provider=provider)))
    assert len(chosen(made["provider"])) == 1
    assert chosen(made["provider"])[0] not in VIEW.providers


NAMES = st.text(min_size=1, max_size=90)


@given(
    st.sampled_from(Scope),
    st.lists(NAMES, min_size=0, max_size=40, unique=True),
    st.lists(st.text(min_size=1, max_size=200), max_size=20),
    st.text(max_size=5_000),
)
def test_discord_takes_every_form(scope: Scope, providers: list[str], models: list[str], prompt: str) -> None:
    chosen = providers[-1] if providers else ""
    view = replace(
        VIEW,
        scope=scope,
        chosen=Preferences(provider=chosen, model="".join(models)[:128], system_prompt=prompt),
        providers=tuple(providers),
        models={chosen: tuple(models)},
        keys=dict.fromkeys(providers, "…abcd"),
    )
    problems = Problems()
    ComponentCheck(problems).modal(form(view))
    problems.refuse_any()
    [select] = [each["component"] for each in form(view)["components"] if each["component"]["type"] == 3]
    assert chosen in {option["value"] for option in select["options"]} | {""}


@pytest.mark.parametrize("value", [None, "", "mine", "theirs", 7])
def test_whose_settings_are_ones_own_unless_said_otherwise(value: Any) -> None:
    assert scope_of(value) is Scope.MINE
    assert scope_of("workspace") is Scope.WORKSPACE


# --- over the wire


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DiscordWorld]:
    async with discord_world(tmp_path, sealer=Sealer(public_text(PrivateKey.generate().public_key))) as world:
        await world.start_bot()
        yield world


async def opened(who: Person, scope: str = "mine") -> dict[str, Any]:
    outcome = await who.command("/agents settings", channel="general", options={"scope": scope})
    assert outcome.acked
    [modal] = await who.modals()
    return modal


async def kept(world: DiscordWorld, owner: UserId) -> Preferences:
    async with world.uow.read(world.workspace) as work:
        return await work.preferences.of(owner)


@pytest.mark.slow
async def test_settings_are_saved_and_keys_are_sealed_and_shown_to_nobody(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    modal = await opened(ada)
    values = {"provider": ["openai"], "model": "gpt-5", "system_prompt": "Be brief.", "provider_key": KEY}
    await ada.submit(modal["id"], values)
    assert "…cdef" in (await ada.wait_for_ephemeral("saved")).text
    ada_id = UserId(await ada.id())
    assert await kept(world, ada_id) == Preferences(provider="openai", model="gpt-5", system_prompt="Be brief.")
    async with world.uow.read(world.workspace) as work:
        [(name, secret)] = (await work.secrets.candidates(ada_id)).items()
    assert (name, secret.last4) == ("openai", "cdef")
    assert KEY.encode() not in secret.sealed
    again = await opened(ada)
    assert "…cdef" in str(again)
    said = [entry.data for entry in world.discord.entries("api.call")]
    assert KEY not in str(said)


@pytest.mark.slow
async def test_what_is_wrong_is_said_and_only_keys_are_typed_again(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    modal = await opened(ada)
    await ada.submit(modal["id"], {"provider": ["openai"], "model": "gpt-5", "provider_key": "not a key at all"})
    told = await ada.wait_for_ephemeral("copy it again")
    assert "**Key of that provider**" in told.text
    assert "type them again" in told.text
    await ada.press(told, "muster:settings:mine")
    [modal] = await ada.modals()
    assert "gpt-5" in str(modal)
    assert "not a key at all" not in str(modal)
    await ada.submit(modal["id"], {"provider_key": KEY})
    await ada.wait_for_ephemeral("saved")
    assert (await kept(world, UserId(await ada.id()))).model == "gpt-5"


@pytest.mark.slow
async def test_the_servers_settings_are_for_who_manages_it(world: DiscordWorld) -> None:
    ben, ada = world.discord.person("ben"), world.discord.person("ada")
    await ben.command("/agents settings", channel="general", options={"scope": "workspace"})
    await ben.wait_for_ephemeral("Only admins")
    assert await ben.modals() == []
    modal = await opened(ada, "workspace")
    assert modal["title"] == "Settings of this server"
    await ada.submit(modal["id"], {"provider": ["openai"], "tavily_key": "tvly-0123456789abcdef"})
    await ada.wait_for_ephemeral("saved")
    assert (await kept(world, WORKSPACE)).provider == "openai"


@pytest.mark.slow
async def test_a_form_that_cannot_be_saved_is_not_lost(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    modal = await opened(ada)
    world.uow.broken = True
    await ada.submit(modal["id"], {"system_prompt": "Keep these words."})
    told = await ada.wait_for_ephemeral("nothing was started or changed")
    world.uow.broken = False
    await ada.press(told, f"{settings.SETTINGS}mine")
    [modal] = await ada.modals()
    assert "Keep these words." in str(modal)
