"""`muster keys`: new, show and rotate, as somebody types them."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from config.settings import Settings
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.preferences import WORKSPACE, SealedSecret
from core.domain.refs import UserId, WorkspaceId
from core.errors import MusterError
from tests.conftest import SetClock
from worker.keyring import Keyring, configured, embedded, keys_for, new_key, private_text
from worker.keys_command import keys_group

ACME = WorkspaceId("slack:T1")
OLD, NEW = new_key(), new_key()
BOTH = f"{private_text(NEW)},{private_text(OLD)}"
Keys = Callable[..., Result]


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except MusterError as error:
        raise click.ClickException(str(error)) from None


@pytest.fixture
def keys(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Type `muster keys ...` with PRIVATE_KEYS set to this."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)

    def type_in(*words: str, private_keys: str = "") -> Result:
        def settings() -> Settings:
            return Settings.model_validate(
                {"private_keys": private_keys, "database_url": database_url, "data_dir": tmp_path / "data"}
            )

        return CliRunner().invoke(keys_group(settings, _run), words)

    return type_in


async def keep(uow: SqlUnitOfWork, keyring: Keyring, value: str, owner: str = "U1", name: str = "openai") -> None:
    made = keyring.sealer.seal(value, workspace=ACME, owner=UserId(owner), name=name)
    secret = SealedSecret(
        owner=UserId(owner),
        name=name,
        sealed=made.sealed,
        key_id=made.key_id,
        last4=made.last4,
        changed_at=SetClock().now(),
    )
    async with uow.begin(ACME) as work:
        await work.secrets.offer(secret)
        await work.secrets.accept(secret)


def set_values(output: str) -> dict[str, str]:
    lines = (line for line in output.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def test_a_new_key_pair_can_be_set_as_it_is_printed(keys: Keys) -> None:
    made, again = set_values(keys("new").stdout), set_values(keys("new").stdout)
    assert made["PRIVATE_KEYS"] != again["PRIVATE_KEYS"]
    assert configured(made["PRIVATE_KEYS"], public_key=made["PUBLIC_KEY"]).public_key == made["PUBLIC_KEY"]


def test_the_public_key_of_the_current_private_key_is_shown(keys: Keys) -> None:
    shown = keys("show", private_keys=BOTH)
    assert set_values(shown.stdout) == {"PUBLIC_KEY": Keyring([NEW]).public_key}
    assert "muster-private" not in shown.output


def test_the_key_of_muster_up_is_shown_where_no_other_is_set(keys: Keys, tmp_path: Path) -> None:
    made = embedded(tmp_path / "data")
    assert made.public_key in keys("show").output
    assert Keyring([OLD]).public_key in keys("show", private_keys=private_text(OLD)).output


def test_without_a_key_the_command_says_how_to_make_one(keys: Keys, tmp_path: Path) -> None:
    for command in ("show", "rotate"):
        told = keys(command)
        assert told.exit_code == 1
        assert "`muster keys new` makes one" in told.output
    assert not (tmp_path / "data").exists()


async def test_rotating_moves_everything_and_says_that_the_old_key_can_go(keys: Keys, uow: SqlUnitOfWork) -> None:
    for n in range(3):
        await keep(uow, Keyring([OLD]), f"value-{n}", f"U{n}")
    await keep(uow, Keyring([NEW]), "value-of-all", WORKSPACE)
    done = await asyncio.to_thread(keys, "rotate", private_keys=BOTH)
    assert done.exit_code == 0, done.output
    old, new = Keyring([OLD]).sealer.key_id, Keyring([NEW]).sealer.key_id
    assert f"Resealed: 3. Sealed to the current key {new} now: 4." in done.output
    assert f"Sealed to {old}: 0. Its private key can be taken out" in done.output
    assert await keys_for(uow, Keyring([NEW]), ACME, UserId("U2")) == {"openai": "value-2"}
    again = await asyncio.to_thread(keys, "rotate", private_keys=BOTH)
    assert "Resealed: 0." in again.output


async def test_rotating_without_the_old_key_says_so_and_how_many_do_not_open(keys: Keys, uow: SqlUnitOfWork) -> None:
    await keep(uow, Keyring([OLD]), "value-1", "U1")
    await keep(uow, Keyring([OLD]), "value-2", "U2")
    failed = await asyncio.to_thread(keys, "rotate", private_keys=private_text(NEW))
    assert failed.exit_code == 1
    assert f"the private key is not here: 2 keys sealed to {Keyring([OLD]).sealer.key_id}." in failed.output
    assert await keys_for(uow, Keyring([OLD]), ACME, UserId("U1")) == {"openai": "value-1"}
    put_back = await asyncio.to_thread(keys, "rotate", private_keys=BOTH)
    assert put_back.exit_code == 0


async def test_what_is_lost_for_good_is_removed_when_that_is_asked_for(keys: Keys, uow: SqlUnitOfWork) -> None:
    await keep(uow, Keyring([OLD]), "value-1", "U1")
    await keep(uow, Keyring([NEW]), "value-2", "U1", "groq")
    done = await asyncio.to_thread(keys, "rotate", "--forget-lost", private_keys=private_text(NEW))
    assert done.exit_code == 0
    assert "nobody could open them: 1." in done.output
    assert await keys_for(uow, Keyring([NEW]), ACME, UserId("U1")) == {"groq": "value-2"}
