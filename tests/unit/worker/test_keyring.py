"""The workers' private keys: where they come from, what they open, and what they refuse."""

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.preferences import WORKSPACE, SealedSecret
from core.domain.refs import UserId, WorkspaceId
from core.errors import PermanentError
from tests.conftest import SetClock
from worker.keyring import (
    DAMAGED,
    NOT_THEIRS,
    UNKNOWN_KEY,
    Keyring,
    configured,
    embedded,
    keys_for,
    new_key,
    private_text,
)

ACME, OTHER = WorkspaceId("slack:T1"), WorkspaceId("slack:T2")
ADA, BEN = UserId("U1"), UserId("U2")
VALUE = "sk-or-v1-0123456789abcdef"
MOMENT = SetClock().now()


def sealed(
    keyring: Keyring, value: str = VALUE, *, workspace: WorkspaceId = ACME, owner: UserId = ADA, name: str = "openai"
) -> SealedSecret:
    made = keyring.sealer.seal(value, workspace=workspace, owner=owner, name=name)
    return SealedSecret(
        owner=owner, name=name, sealed=made.sealed, key_id=made.key_id, last4=made.last4, changed_at=MOMENT
    )


async def keep(uow: SqlUnitOfWork, secret: SealedSecret, *, workspace: WorkspaceId = ACME, counts: bool = True) -> None:
    async with uow.begin(workspace) as work:
        await work.secrets.offer(secret)
        if counts:
            assert await work.secrets.accept(secret)


# --- opening


def test_what_was_sealed_opens_for_its_owner() -> None:
    keyring = Keyring([new_key()])
    assert keyring.open(sealed(keyring), ACME) == VALUE


def test_an_older_key_still_opens_what_was_sealed_to_it() -> None:
    old = new_key()
    secret = sealed(Keyring([old]))
    assert Keyring([new_key(), old]).open(secret, ACME) == VALUE


def test_what_is_sealed_now_is_sealed_to_the_first_key() -> None:
    first, second = new_key(), new_key()
    assert sealed(Keyring([first, second])).key_id == sealed(Keyring([first])).key_id


@pytest.mark.parametrize(
    ("theirs", "row"),
    [
        ({"workspace": OTHER}, {}),
        ({"owner": BEN}, {"owner": ADA}),
        ({"owner": BEN}, {"owner": WORKSPACE}),
        ({"name": "groq"}, {"name": "openai"}),
    ],
    ids=["another workspace", "another person", "made the workspace's", "another provider"],
)
def test_a_copied_row_does_not_open(theirs: dict[str, WorkspaceId], row: dict[str, str]) -> None:
    keyring = Keyring([new_key()])
    copied = replace(sealed(keyring, **theirs), **row)  # type: ignore[arg-type]
    with pytest.raises(PermanentError) as refused:
        keyring.open(copied, ACME)
    assert refused.value.reason == NOT_THEIRS
    assert VALUE not in str(refused.value)


def test_a_key_whose_private_key_is_gone_says_so() -> None:
    secret = sealed(Keyring([new_key()]))
    with pytest.raises(PermanentError, match=secret.key_id) as refused:
        Keyring([new_key()]).open(secret, ACME)
    assert refused.value.reason == UNKNOWN_KEY


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None], ids=["empty", "noise", "one bit"])
def test_a_damaged_key_does_not_open(damage: bytes | None) -> None:
    keyring = Keyring([new_key()])
    secret = sealed(keyring)
    flipped = secret.sealed[:-1] + bytes([secret.sealed[-1] ^ 1])
    with pytest.raises(PermanentError) as refused:
        keyring.open(replace(secret, sealed=flipped if damage is None else damage), ACME)
    assert refused.value.reason == DAMAGED


def test_what_somebody_else_sealed_with_the_public_key_says_only_what_it_must() -> None:
    keyring = Keyring([new_key()])
    box = keyring._boxes[next(iter(keyring.key_ids))]
    for inside in (b"[]", b"{}", b"not json", b'"x"'):
        with pytest.raises(PermanentError) as refused:
            keyring.open(replace(sealed(keyring), sealed=box.encrypt(inside)), ACME)
        assert refused.value.reason == DAMAGED


def test_a_keyring_shows_no_private_key() -> None:
    key = new_key()
    assert private_text(key) not in repr(Keyring([key]))


# --- which key a session uses


async def test_a_person_s_own_key_comes_before_the_workspace_s(uow: SqlUnitOfWork) -> None:
    keyring = Keyring([new_key()])
    await keep(uow, sealed(keyring, "of-the-workspace", owner=WORKSPACE))
    await keep(uow, sealed(keyring, "search-of-all", owner=WORKSPACE, name="tavily"))
    await keep(uow, sealed(keyring, "of-ada", owner=ADA))
    assert await keys_for(uow, keyring, ACME, ADA) == {"openai": "of-ada", "tavily": "search-of-all"}
    assert await keys_for(uow, keyring, ACME, BEN) == {"openai": "of-the-workspace", "tavily": "search-of-all"}
    assert await keys_for(uow, keyring, OTHER, ADA) == {}


async def test_a_key_that_no_worker_has_tried_does_not_count(uow: SqlUnitOfWork) -> None:
    keyring = Keyring([new_key()])
    await keep(uow, sealed(keyring, "old-but-good"))
    await keep(uow, sealed(keyring, "candidate"), counts=False)
    await keep(uow, sealed(keyring, "candidate", name="groq"), counts=False)
    assert await keys_for(uow, keyring, ACME, ADA) == {"openai": "old-but-good"}


async def test_nobody_else_is_charged_when_one_s_own_key_does_not_open(uow: SqlUnitOfWork) -> None:
    keyring = Keyring([new_key()])
    await keep(uow, sealed(keyring, "of-the-workspace", owner=WORKSPACE))
    await keep(uow, sealed(Keyring([new_key()]), owner=ADA))
    with pytest.raises(PermanentError, match="`openai`"):
        await keys_for(uow, keyring, ACME, ADA)


async def test_a_workspace_s_broken_key_is_nothing_to_those_who_have_their_own(uow: SqlUnitOfWork) -> None:
    keyring = Keyring([new_key()])
    await keep(uow, sealed(Keyring([new_key()]), owner=WORKSPACE))
    await keep(uow, sealed(keyring, "of-ada", owner=ADA))
    assert await keys_for(uow, keyring, ACME, ADA) == {"openai": "of-ada"}


# --- where they come from


def test_the_first_configured_key_is_the_current_one(tmp_path: Path) -> None:
    one, two = new_key(), new_key()
    keyring = configured(f" {private_text(one)},{private_text(two)}, ")
    assert keyring.public_key == Keyring([one]).public_key
    assert keyring.key_ids == Keyring([one, two]).key_ids
    file = tmp_path / "private"
    file.write_text(f"# since spring\n{private_text(two)}\n\n{private_text(one)}\n")
    assert configured("", file).public_key == Keyring([two]).public_key


def test_a_worker_without_a_private_key_is_told_how_to_make_one() -> None:
    with pytest.raises(PermanentError, match=r"set PRIVATE_KEYS or PRIVATE_KEYS_FILE.*`muster keys new` makes one"):
        configured("  ")


KEY = private_text(new_key())


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (KEY[:-1], "Key 1 of PRIVATE_KEYS is no private key"),
        (f"{KEY},{KEY[20:]}", "Key 2 of PRIVATE_KEYS is no private key"),
        (KEY + "AAAA", "is no private key"),
        (Keyring([new_key()]).public_key, "is a public key, which opens nothing"),
        (" , ", "holds no private key"),
    ],
    ids=["cut off", "the second cut off", "too long", "public", "none"],
)
def test_a_wrong_private_key_is_refused_without_being_repeated(keys: str, says: str) -> None:
    with pytest.raises(PermanentError, match=says) as refused:
        configured(keys)
    assert KEY[20:-1] not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"PRIVATE_KEYS_FILE .*nowhere.* cannot be read"):
        configured("", tmp_path / "nowhere")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(PermanentError, match="cannot be read"):
        configured("", tmp_path / "bytes")
    (tmp_path / "empty").write_text("# nothing\n")
    with pytest.raises(PermanentError, match="holds no private key"):
        configured("", tmp_path / "empty")


def test_two_places_for_private_keys_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="not both"):
        configured(KEY, tmp_path / "keys")


def test_a_public_key_that_no_private_key_belongs_to_is_refused() -> None:
    old, new = new_key(), new_key()
    both = f"{private_text(new)},{private_text(old)}"
    assert configured(both, public_key=Keyring([old]).public_key).key_ids  # bots are a step behind in a rotation
    with pytest.raises(PermanentError, match="PUBLIC_KEY belongs to none"):
        configured(both, public_key=Keyring([new_key()]).public_key)


# --- the embedded key pair


def test_the_embedded_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = embedded(tmp_path / "data")
    finally:
        os.umask(before)
    file = tmp_path / "data" / "keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["keys"]
    assert embedded(tmp_path / "data").public_key == made.public_key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    embedded(tmp_path)
    (tmp_path / "keys").chmod(mode)
    with pytest.raises(PermanentError, match="chmod 600"):
        embedded(tmp_path)


def test_a_link_in_the_place_of_the_key_file_is_not_followed(tmp_path: Path) -> None:
    embedded(tmp_path / "theirs")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "keys").symlink_to(tmp_path / "theirs" / "keys")
    with pytest.raises(PermanentError, match="cannot be read"):
        embedded(tmp_path / "mine")


async def test_starts_at_the_same_moment_find_the_same_key(tmp_path: Path) -> None:
    rings = await asyncio.gather(*(asyncio.to_thread(embedded, tmp_path) for _ in range(16)))
    assert len({ring.public_key for ring in rings}) == 1
    assert os.listdir(tmp_path) == ["keys"]


def test_a_key_file_without_a_key_is_refused(tmp_path: Path) -> None:
    embedded(tmp_path)
    (tmp_path / "keys").write_text("")
    with pytest.raises(PermanentError, match="holds no private key"):
        embedded(tmp_path)
