"""Settings of people and of workspaces: who may see and change them; a key is sealed before it lies anywhere."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from nacl.public import PrivateKey, SealedBox
from structlog.testing import capture_logs

from core.adapters.sql_engine import Database
from core.adapters.sql_tables import metadata
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.access import Right, Rule, Standing
from core.domain.preferences import WORKSPACE, Preferences
from core.domain.refs import Place
from core.errors import UserError
from core.ports import TOPIC_KEYS, Answer
from core.service.policy import MAX_MODEL_CHARS
from core.service.sealing import Sealer, public_text
from core.service.settings_desk import MAX_PROMPT_CHARS, Scope, SettingsChange, SettingsDesk
from tests.conftest import NotingBell, SetClock
from tests.support.desk import ACME, ANA, BEN, GENERAL, Desk, World, start

HERE = Place(workspace=ACME, channel=GENERAL)
PRIVATE = PrivateKey.generate()
KEY = "gsk_0123456789abcdefghijWXYZ"
MEMBER = Standing(user=ANA.id, restricted=False, admin=False)
ADMIN = replace(MEMBER, admin=True)
GUEST = replace(MEMBER, restricted=True, admin=True)


@pytest.fixture
def desk(uow: SqlUnitOfWork, clock: SetClock) -> Desk:
    return Desk(uow=uow, clock=clock, sealer=Sealer(public_text(PRIVATE.public_key)))


@pytest.fixture
def settings(desk: Desk) -> SettingsDesk:
    return desk.desk.settings


def change(*, keys: dict[str, str] | None = None, **chosen: str) -> SettingsChange:
    return SettingsChange(preferences=Preferences(**chosen), keys=keys or {})


async def save(
    settings: SettingsDesk, changed: SettingsChange, standing: Standing = MEMBER, scope: Scope = Scope.MINE
) -> Answer:
    return await settings.save(HERE, ANA, standing, scope, changed)


async def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """What lies in all tables."""
    async with database.read() as connection:
        return {
            table.name: sorted(map(tuple, (await connection.execute(sa.select(table))).all()), key=repr)
            for table in metadata.sorted_tables
            if table.name != "workspaces"
        }


async def test_what_is_chosen_holds_for_its_owner_before_the_workspace_and_the_deployment(
    desk: Desk, settings: SettingsDesk, world: World
) -> None:
    answer = await save(settings, change(provider="other", system_prompt=" Be brief. "))
    assert answer.text == "Your settings are saved: provider `other`, a system prompt of 9 characters."
    await save(settings, change(provider="demo", model="shared", system_prompt="Be kind."), ADMIN, Scope.WORKSPACE)
    mine = await settings.view(HERE, MEMBER, Scope.MINE)
    assert mine.chosen == Preferences(provider="other", system_prompt="Be brief.")
    assert mine.effective == Preferences(provider="other", model="", system_prompt="Be brief.")
    assert (mine.providers, mine.may_set_workspace) == (("demo", "other"), False)
    theirs = await settings.view(HERE, replace(MEMBER, user=BEN.id), Scope.MINE)
    assert theirs.chosen == Preferences()
    assert theirs.effective == Preferences(provider="demo", model="shared", system_prompt="Be kind.")
    await desk.ask(start("a"))
    await desk.ask(start("b", BEN))
    await desk.ask(replace(start("c", BEN), model="mine"))
    got = [(each.provider, each.model, each.system_prompt) for each in (await world.sessions())[::-1]]
    assert got == [("other", "large", "Be brief."), ("demo", "shared", "Be kind."), ("demo", "mine", "Be kind.")]
    answer = await save(settings, change())
    assert answer.text == "Your settings are saved: what the workspace or the deployment says."
    assert (await settings.view(HERE, MEMBER, Scope.MINE)).effective.model == "shared"


async def test_a_key_lies_sealed_shows_its_end_and_counts_only_once_it_was_tried(
    desk: Desk, settings: SettingsDesk, database: Database, bell: NotingBell
) -> None:
    changed = change(provider="other", keys={"other": f" {KEY} ", "tavily": ""})
    with capture_logs() as logged:
        answer = await save(settings, changed)
        shown = await settings.view(HERE, MEMBER, Scope.MINE)
    assert answer.text.endswith("The key for `other` (…WXYZ) is being tried; you will be told whether it works.")
    assert shown.keys == {"other": "…WXYZ (being tried)"}
    assert (TOPIC_KEYS, "") in bell.rings
    for told in (answer, shown, changed, logged, await everything(database)):
        assert KEY[:-4] not in repr(told)
    async with desk.uow.begin(ACME) as work:
        assert await work.secrets.of(ANA.id) == {}
        [candidate] = (await work.secrets.candidates(ANA.id)).values()
        assert (candidate.told_at, candidate.told_to) == (HERE, ANA.id)
        assert KEY in SealedBox(PRIVATE).decrypt(candidate.sealed).decode()
        await work.secrets.accept(candidate)
    assert (await settings.view(HERE, MEMBER, Scope.MINE)).keys == {"other": "…WXYZ"}
    assert (await settings.view(HERE, ADMIN, Scope.WORKSPACE)).keys == {}
    assert (await save(settings, change(keys={"other": ""}))).text.count("\n") == 0
    assert (await save(settings, change(keys={"other": " Remove "}))).text.endswith("The key for `other` is forgotten.")
    assert (await save(settings, change(keys={"other": "remove"}))).text.endswith("There was no key for `other`.")
    assert (await settings.view(HERE, MEMBER, Scope.MINE)).keys == {}


async def test_the_workspaces_key_is_its_own_and_its_bringer_is_told(desk: Desk, settings: SettingsDesk) -> None:
    await save(settings, change(keys={"tavily": KEY}), ADMIN, Scope.WORKSPACE)
    async with desk.uow.read(ACME) as work:
        [candidate] = (await work.secrets.candidates(WORKSPACE)).values()
        assert await work.secrets.candidates(ANA.id) == {}
        [noted] = await work.audit.latest()
    assert (candidate.owner, candidate.told_to) == (WORKSPACE, ANA.id)
    assert (noted.by, noted.action, noted.subject) == (ANA.id, "settings", "workspace: tavily")
    assert '"owner": ""' in SealedBox(PRIVATE).decrypt(candidate.sealed).decode()


async def test_what_cannot_be_taken_names_its_field_and_changes_nothing(
    settings: SettingsDesk, database: Database
) -> None:
    await save(settings, change(provider="demo", model="small"))
    before = await everything(database)
    for wrong, field in (
        (change(provider="nobody"), "provider"),
        (change(model="m" * (MAX_MODEL_CHARS + 1)), "model"),
        (change(system_prompt="x" * (MAX_PROMPT_CHARS + 1)), "system_prompt"),
        (change(provider="other", keys={"tavily": KEY, "other": "two words"}), "provider_key"),
        (change(provider="other", keys={"other": KEY, "tavily": "ключ"}), "tavily_key"),
        (change(keys={"": KEY}), "provider"),
        (change(keys={"": "remove"}), "provider"),
    ):
        with pytest.raises(UserError) as refused:
            await save(settings, wrong)
        assert refused.value.about == field
        assert KEY not in str(refused.value)
    assert await everything(database) == before


async def test_without_a_public_key_no_key_is_taken(uow: SqlUnitOfWork, clock: SetClock) -> None:
    settings = Desk(uow=uow, clock=clock).desk.settings
    with pytest.raises(UserError, match="PUBLIC_KEY") as refused:
        await save(settings, change(provider="other", keys={"other": KEY}))
    assert refused.value.about == "provider_key"
    assert (await settings.view(HERE, MEMBER, Scope.MINE)).chosen == Preferences()
    await save(settings, change(provider="other", keys={"other": ""}))


async def test_a_system_prompt_with_a_key_in_it_is_kept_without(settings: SettingsDesk) -> None:
    await save(settings, change(model=f"m {KEY}", system_prompt=f"Use {KEY}."))
    chosen = (await settings.view(HERE, MEMBER, Scope.MINE)).chosen
    assert (chosen.model, chosen.system_prompt) == ("m [redacted]", "Use [redacted].")


async def test_settings_are_seen_and_changed_by_those_who_may_now(
    desk: Desk, settings: SettingsDesk, database: Database
) -> None:
    async with desk.uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.ADMINISTER, Rule(groups=frozenset({"S1"})))
    named = replace(MEMBER, groups=frozenset({"S1"}))
    for standing in (ADMIN, named):
        view = await settings.view(HERE, standing, Scope.WORKSPACE)
        assert view.may_set_workspace
        await save(settings, change(model=f"of {standing.admin}"), standing, Scope.WORKSPACE)
    before = await everything(database)
    refused = [(GUEST, Scope.MINE), (GUEST, Scope.WORKSPACE), (MEMBER, Scope.WORKSPACE)]
    refused.append((replace(named, groups=frozenset({"S2"})), Scope.WORKSPACE))
    for standing, scope in refused:
        with pytest.raises(UserError):
            await settings.view(HERE, standing, scope)
        with pytest.raises(UserError):
            await save(settings, change(model="evil", keys={"tavily": KEY}), standing, scope)
    assert await everything(database) == before
    assert not (await settings.view(HERE, MEMBER, Scope.MINE)).may_set_workspace
