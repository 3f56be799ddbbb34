from hypothesis import given
from hypothesis import strategies as st

from bots.chunks import split, whole

FAMILIES, FLAGS, ACCENTS = "👩‍👩‍👧‍👦" * 20, "🇩🇪" * 50, "e\u0301" * 90
CODE = ["```python", "```", "~~~", "    code"]
LINES = st.sampled_from(["", "a", "word " * 30, "x" * 400, *CODE, "- item", "日本語" * 40, FAMILIES, FLAGS, ACCENTS])
TEXTS = st.lists(LINES, max_size=40).map("\n".join)


def test_a_short_text_stays_as_it_is() -> None:
    assert split("hello\n\nworld", 100) == ["hello\n\nworld"]


def test_a_long_text_is_cut_between_paragraphs() -> None:
    paragraphs = ["a" * 60, "b" * 60, "c" * 60]
    assert split("\n\n".join(paragraphs), 130) == ["a" * 60 + "\n\n" + "b" * 60, "c" * 60]


def test_the_last_piece_keeps_all_of_its_paragraphs() -> None:
    text = "\n\n".join(f"paragraph {number}" for number in range(12))
    pieces = split(text, 100)
    assert len(pieces) > 1
    assert "\n\n".join(pieces) == text


def test_a_code_block_that_is_cut_is_closed_and_opened_again_with_its_language() -> None:
    code = "\n".join(f"line {number}" for number in range(40))
    pieces = split(f"Look:\n```python\n{code}\n```\nDone.", 120)
    assert len(pieces) > 2
    for piece in pieces[1:-1]:
        assert piece.startswith("```python\n")
        assert piece.endswith("\n```")
    inside = [line for piece in pieces for line in piece.split("\n") if line.startswith("line ")]
    assert inside == code.split("\n")


def test_a_code_block_is_not_opened_at_the_very_end_of_a_piece() -> None:
    pieces = split("a" * 90 + "\n```\n" + "b" * 90 + "\n```", 100)
    assert pieces == ["a" * 90, "```\n" + "b" * 90 + "\n```"]


@given(TEXTS)
def test_no_piece_is_too_long_and_nothing_is_lost(text: str) -> None:
    pieces = split(text, 120)
    assert all(len(piece) <= 120 for piece in pieces)
    kept = "".join("".join(pieces).split()).replace("`", "").replace("~", "").replace("python", "")
    given_text = "".join(text.split()).replace("`", "").replace("~", "").replace("python", "")
    assert kept == given_text


def test_code_that_is_opened_at_the_end_and_never_closed_stays_within_the_limit() -> None:
    pieces = split("日本語" * 40 + "\n" + "🇩🇪" * 50 + "\n- item\n```python", 120)
    assert all(len(piece) <= 120 for piece in pieces)


@given(TEXTS, st.integers(100, 300))
def test_every_piece_closes_the_code_that_it_opens(text: str, limit: int) -> None:
    pieces = split(text, limit)
    for piece in pieces[:-1]:
        opened = ""
        for line in piece.split("\n"):
            mark = line[:3]
            if mark in ("```", "~~~"):
                opened = mark if not opened else ("" if line.strip() == opened else opened)
        assert not opened


def test_a_flag_a_family_and_an_accent_are_never_cut_in_two() -> None:
    family, flag, accent = "👩‍👩‍👧", "🇩🇪", "e\u0301"
    for character in (family, flag, accent):
        text = character * 5
        for at in range(1, len(text)):
            assert whole(text, at) % len(character) == 0 or whole(text, at) == at < len(character)


def test_the_cost_of_a_character_is_the_callers_to_say() -> None:
    pieces = split("&" * 100, 100, lambda text: 5 * len(text))
    assert all(5 * len(piece) <= 100 for piece in pieces)
    assert "".join(pieces) == "&" * 100
