"""Sealing: what bots can do with a key that somebody brings, and what they cannot."""

import pytest
from nacl.public import PrivateKey, SealedBox

from core.domain.preferences import WORKSPACE
from core.domain.refs import UserId, WorkspaceId
from core.errors import PermanentError, UserError
from core.service.sealing import MOST_CHARS, PRIVATE_PREFIX, Sealer, key_id, public_text, written

ACME = WorkspaceId("slack:T1")
ADA = UserId("U1")
PRIVATE = PrivateKey.generate()
PUBLIC = public_text(PRIVATE.public_key)
VALUE = "sk-or-v1-0123456789abcdef"


def test_what_is_sealed_shows_nothing_but_its_last_four_characters() -> None:
    sealed = Sealer(PUBLIC).seal(VALUE, workspace=ACME, owner=ADA, name="openrouter")
    assert sealed.last4 == "cdef"
    assert sealed.key_id == key_id(PRIVATE.public_key)
    assert VALUE.encode() not in sealed.sealed
    assert b"openrouter" not in sealed.sealed


def test_the_sealed_text_names_whose_it_is() -> None:
    sealed = Sealer(PUBLIC).seal(f" {VALUE}\n", workspace=ACME, owner=WORKSPACE, name="tavily")
    inside = SealedBox(PRIVATE).decrypt(sealed.sealed).decode()
    for part in (ACME, "tavily", VALUE, '"owner": ""'):
        assert part in inside


def test_the_same_key_is_sealed_differently_each_time() -> None:
    sealer = Sealer(PUBLIC)
    one, two = (sealer.seal(VALUE, workspace=ACME, owner=ADA, name="openai") for _ in range(2))
    assert one.sealed != two.sealed


@pytest.mark.parametrize(("value", "shown"), [("x" * 11, ""), ("x" * 8 + "1234", "1234")])
def test_a_short_value_shows_nothing_of_itself(value: str, shown: str) -> None:
    assert Sealer(PUBLIC).seal(value, workspace=ACME, owner=ADA, name="openai").last4 == shown


@pytest.mark.parametrize("value", ["", " \n", "two words", "schlüssel-12345", "a\x00b" * 5, "k\ney" * 5, "x" * 2_001])
def test_what_is_no_key_is_refused_without_being_repeated(value: str) -> None:
    assert MOST_CHARS == 2_000
    with pytest.raises(UserError) as refused:
        Sealer(PUBLIC).seal(value, workspace=ACME, owner=ADA, name="openai")
    assert not value.strip() or value not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", "x", PUBLIC[:-1], PUBLIC + "A", PUBLIC.replace("muster-public-", ""), "muster-public-" + "é" * 43],
    ids=["nothing", "a letter", "cut off", "too long", "without its mark", "not ASCII"],
)
def test_a_public_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match="PUBLIC_KEY is no public key"):
        Sealer(text)


def test_a_private_key_is_not_taken_for_a_public_one() -> None:
    private = written(PRIVATE_PREFIX, bytes(PRIVATE))
    with pytest.raises(PermanentError, match="holds a private key") as refused:
        Sealer(private)
    assert private not in str(refused.value)


def test_a_key_to_which_nothing_can_be_sealed_is_refused() -> None:
    with pytest.raises(PermanentError, match="can seal nothing"):
        Sealer(written("muster-public-", bytes(32)))
