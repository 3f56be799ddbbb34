"""Known secrets are struck out of texts, however they were written, and nothing else is."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.service.redaction import Redactor

SECRET = 'pa$$/word+"quoted"\\ü'
WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "backwards": lambda text: text[::-1],
    "hexadecimal": lambda text: text.encode().hex(),
    "capital hexadecimal": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 with a name before": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "base64 with two letters before": lambda text: base64.b64encode(f"a:{text};".encode()).decode(),
    "base64 with more after": lambda text: base64.b64encode(f"{text} and more".encode()).decode(),
    "URL-encoded": lambda text: quote(text, safe=""),
    "URL-encoded path": quote,
    "a form's value": quote_plus,
    "small percent signs": lambda text: quote(text, safe="").lower(),
    "all percent signs": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "JSON": json.dumps,
    "JSON with its characters": lambda text: json.dumps(text, ensure_ascii=False),
    "a repr": repr,
    "a repr of bytes": lambda text: repr({"k": text}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("secret", [SECRET, "sk-plain-0123456789", "eightchr"])
def test_a_secret_is_found_however_it_is_written(way: str, secret: str) -> None:
    written = WAYS[way](secret)
    redact = Redactor(["another one", secret])
    found = redact(f"before {written} after")
    assert "[redacted]" in found
    assert (found[:7], found[-6:]) == ("before ", " after")
    assert written not in found


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="[]redact"), min_size=8, max_size=40),
    st.binary(max_size=7),
    st.binary(max_size=7),
)
def test_no_surroundings_hide_a_secret_in_base64(secret: str, before: bytes, after: bytes) -> None:
    whole = base64.b64encode(before + secret.encode() + after).decode()
    left = Redactor([secret])(whole).replace("[redacted]", "")
    assert len(left) <= len(whole) - (len(secret.encode()) * 8 // 6 - 2)


def test_a_secret_that_is_part_of_another_does_not_leave_the_rest() -> None:
    assert Redactor(["password", "password-of-the-database"])("password-of-the-database") == "[redacted]"


def test_short_values_and_other_texts_stay_as_they_are() -> None:
    text = "The demo key is `demo`; 0123456 is too short, and İstanbul keeps its letters."
    assert Redactor(["demo", "0123456", "longer-secret"])(text) == text
    assert Redactor()(text) == text


def test_letters_that_grow_when_they_are_small_hide_nothing() -> None:
    redacted = Redactor(["secret/value"])("İİİ secret%2fvalue İ")
    assert redacted == "İİİ [redacted] İ"


def test_a_redactor_learns_of_more_secrets() -> None:
    first = Redactor(["first-secret"])
    both = first.knowing(["second-secret"])
    assert both("first-secret second-secret") == "[redacted] [redacted]"
    assert first("second-secret") == "second-secret"


def test_a_redactor_shows_no_secret() -> None:
    assert "first-secret" not in repr(Redactor(["first-secret"]))
