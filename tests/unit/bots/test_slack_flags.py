"""What people say beside their task."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack.flags import Wish, read


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ('sum up --model gpt-5 --team "a critic, a poet"', Wish(task="sum up", model="gpt-5", team="a critic, a poet")),
        ("--provider groq --model=a/b:c do it", Wish(task="do it", provider="groq", model="a/b:c")),
        ("\u2014model x \u2013team “a b” sum", Wish(task="sum", model="x", team="a b")),
        ("--MODEL x sum", Wish(task="sum", model="x")),
        ("sum --model a --model b", Wish(task="sum", model="b")),
        ('sum --team ""', Wish(task="sum")),
        ("two\nlines\n--model x", Wish(task="two\nlines", model="x")),
        ("--model x", Wish(model="x")),
    ],
)  # fmt: skip
def test_flags_are_read_at_both_ends(text: str, wish: Wish) -> None:
    assert read(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "explain --model x please",
        "what does `--model x` do?",
        "write about git commit --amend",
        "set --modelling on",
        "use the flag --model",
        'say "--team x"',
    ],
)
def test_what_only_looks_like_a_flag_is_part_of_the_task(text: str) -> None:
    assert read(text) == Wish(task=text)


@given(
    st.text(), st.sampled_from(["small", "a/b:c", "x-1.5"]), st.text(alphabet=st.characters(exclude_characters='"“”„'))
)
def test_whatever_the_task_the_flags_behind_it_are_read(task: str, model: str, team: str) -> None:
    wish = read(f'{task} --model {model} --team "{team}"')
    assert (wish.model, wish.team) == (model, team.strip())
