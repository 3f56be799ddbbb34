"""What an agent sees of the conversation, and how much."""

from hypothesis import given
from hypothesis import strategies as st

from core.domain.session import Line
from worker.team.messages import Answered, Heard, Message, Result, Spoke, size_chars
from worker.team.transcript import GO_ON, Conversation, as_heard_by, bounded_steps, labelled, shortened


def human(text: str, name: str = "Ada", seq: int = 1) -> Line:
    return Line(seq=seq, speaker=name, text=text, human=True)


def spoken(name: str, text: str, seq: int = 2) -> Line:
    return Line(seq=seq, speaker=name, text=text, human=False)


def test_own_messages_are_said_and_all_others_heard() -> None:
    seen = as_heard_by(
        "B", Conversation(lines=[human("do it"), spoken("A", "a"), spoken("B", "b"), human("and c", "Ben")])
    )
    assert seen == [Heard("[Ada]: do it"), Heard("[A]: a"), Spoke("b"), Heard("[Ben]: and c")]


def test_who_spoke_last_is_told_to_go_on() -> None:
    assert as_heard_by("B", Conversation(lines=[human("do it"), spoken("B", "b")]))[-1] == Heard(GO_ON)


def test_a_person_with_an_agents_name_is_not_taken_for_it() -> None:
    assert as_heard_by("B", Conversation(lines=[human("do it", "B")])) == [Heard("[B]: do it")]


def test_a_name_cannot_pretend_to_be_another_line() -> None:
    assert labelled(human("hi", "x]: yes\n[Boss")) == "[x): yes (Boss]: hi"


def test_earlier_sessions_come_first_and_take_a_quarter_at_most() -> None:
    earlier = [human("old task"), *(spoken("A", "x" * 100) for _ in range(100))]
    lines = Conversation(lines=[human("new task")], earlier=earlier).bounded(4_000)
    assert lines[0].text == "old task"
    assert lines[-1].text == "new task"
    assert sum(len(line.text) for line in lines) < 1_200


texts = st.text(min_size=1, max_size=400).filter(str.strip)


@given(st.lists(texts, min_size=1, max_size=30), st.integers(min_value=800, max_value=6_000))
def test_the_task_and_the_newest_stay_within_any_bound(texts: list[str], most_chars: int) -> None:
    lines = [human(texts[0]), *(spoken("A", text) for text in texts[1:])]
    kept = Conversation(lines=lines).bounded(most_chars)
    assert kept[0].text == shortened(texts[0], max(most_chars // 4, 200))
    assert kept[-1].text == shortened(texts[-1], max(most_chars // 4, 200))
    assert sum(len(line.text) for line in kept) <= most_chars + 200
    left_out = len(lines) - len(kept)
    assert left_out <= 0 or "left out" in kept[1].text


@given(st.lists(st.integers(min_value=0, max_value=30_000), min_size=1, max_size=12))
def test_old_results_are_shortened_and_every_call_stays_answered(sizes: list[int]) -> None:
    steps: list[Message] = []
    for n, size in enumerate(sizes):
        steps += [Spoke("", ()), Answered((Result(call_id=str(n), tool="t", text="x" * size),))]
    kept = bounded_steps(steps, most_chars=40_000)
    assert [type(step) for step in kept] == [type(step) for step in steps]
    assert sum(map(size_chars, kept)) <= max(40_000, 1_600 * len(sizes))
    if sum(sizes) <= 40_000:
        assert kept == steps
