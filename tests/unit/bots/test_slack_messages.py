from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack import answers, limits
from bots.slack.messages import SlackRenderer
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import (
    BlobHash,
    ChannelId,
    FileRef,
    MessageId,
    Person,
    Place,
    QuestionId,
    SessionId,
    ThreadId,
    UserId,
    WorkspaceId,
)
from core.domain.session import Session
from core.ports import Answer, Listed, Thread
from core.service.narration import Speaker, Tone, Words

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
WORKSPACE = WorkspaceId("slack:T1")
SESSION = Session(
    id=SessionId("s1"),
    workspace=WORKSPACE,
    number=12,
    thread=ThreadId("t1"),
    state=State.RUNNING,
    task="count",
    starter=Person(id=UserId("U1"), name="Ada"),
    provider="demo",
    model="demo",
    max_rounds=12,
    created_at=NOW,
    changed_at=NOW,
)
THREAD = Thread(id=ThreadId("t1"), workspace=WORKSPACE, channel=ChannelId("C1"), root=MessageId("1.1"), owned=True)
CODER, WRITER = Speaker(name="coder", icon="computer"), Speaker(name="writer", icon="memo")
MENTIONS = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!subteam^S1>",
    "<@U1>",
    "<@W2|x>",
    "<#C1>",
    "<https://x.example|y>",
]


def said(seq: int, text: str, speaker: Speaker = CODER) -> Words:
    return Words(seq=seq, tone=Tone.SAID, text=text, speaker=speaker)


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in strings(part)]


def test_what_one_agent_says_in_a_row_is_one_message() -> None:
    words = [said(1, "a"), said(2, "b"), said(3, "c", WRITER), said(4, "d")]
    drafts = [rendered.draft for rendered in SlackRenderer().render(SESSION, THREAD, words)]
    assert [(draft.payload["username"], draft.payload["text"]) for draft in drafts] == [
        ("coder", "a\n\nb"),
        ("writer", "c"),
        ("coder", "d"),
    ]
    assert [draft.shown for draft in drafts] == [2, 3, 4]


def test_code_that_an_agent_did_not_close_does_not_swallow_what_comes_next() -> None:
    words = [said(1, "```\nx = 1"), said(2, "**after**")]
    (message,) = SlackRenderer().render(SESSION, THREAD, words)
    assert message.draft.payload["text"] == "```\nx = 1\n```\n\n*after*"


def test_a_question_is_a_message_of_its_own_and_says_how_to_answer() -> None:
    question = Words(seq=2, tone=Tone.QUESTION, text="How many?", speaker=CODER, question=QuestionId("q1"))
    first, asked = SlackRenderer().render(SESSION, THREAD, [said(1, "a"), question])
    assert asked.draft.question == "q1"
    assert asked.draft.urgent
    assert "Reply in this thread" in asked.draft.payload["text"]
    assert first.draft.question is None
    elsewhere = replace(THREAD, owned=False)
    (asked,) = SlackRenderer().render(SESSION, elsewhere, [question])
    assert "mention me" in asked.draft.payload["text"]


def test_a_long_text_is_split_and_a_very_long_one_becomes_a_file() -> None:
    long = "\n\n".join("word " * 100 for _ in range(15))
    rendered = SlackRenderer().render(SESSION, THREAD, [said(1, long)])
    assert 1 < len(rendered) < 6
    assert all(len(part.draft.payload["text"]) <= 4_000 for part in rendered)
    very_long = "\n\n".join("word & " * 100 for _ in range(200))
    head, document = SlackRenderer().render(SESSION, THREAD, [said(7, very_long)])
    assert "coder-7.md" in head.draft.payload["text"]
    assert document.document == very_long.encode()
    assert document.draft.shown == 7


def test_a_plot_is_an_image_and_anything_else_a_file() -> None:
    def made(name: str, mime: str) -> Words:
        file = FileRef(name=name, blob=BlobHash("b" * 64), size_bytes=1, mime=mime)
        return Words(seq=3, tone=Tone.FILE, text="", speaker=CODER, file=file)

    plot, table = SlackRenderer().render(SESSION, THREAD, [made("out/p.png", "image/png"), made("t.csv", "text/csv")])
    assert plot.draft.payload["image"]["name"] == "p.png"
    assert table.draft.payload["file"]["name"] == "t.csv"


@pytest.mark.parametrize("attack", MENTIONS)
def test_no_path_out_of_muster_can_mention_anybody_or_hide_a_link(attack: str) -> None:
    member = ev.Member(name="coder", role=attack, instructions="", tools=(), icon=attack)
    session = replace(
        SESSION,
        task=attack,
        starter=Person(id=UserId("U1"), name=attack),
        team=(member,),
        activity={"coder": attack},
        model=attack,
    )
    file = FileRef(name=f"{attack}.png", blob=BlobHash("b"), size_bytes=1, mime="image/png")
    words = [
        said(1, attack, Speaker(name="coder", icon=attack)),
        Words(seq=2, tone=Tone.TOOL, text=f"```\n{attack}\n```", speaker=CODER),
        Words(seq=3, tone=Tone.FILE, text="", speaker=CODER, file=file),
        Words(seq=4, tone=Tone.ENDING, text=attack),
    ]
    place = Place(workspace=WORKSPACE, channel=ChannelId("C1"), root=MessageId("1.1"))
    answer = Answer(text=attack, sessions=(Listed(session=session, place=place),))
    renderer = SlackRenderer()
    payloads = [rendered.draft.payload for rendered in renderer.render(session, THREAD, words)]
    for payload in [*payloads, renderer.card(session), renderer.root(session).payload]:
        shown = strings({k: v for k, v in payload.items() if k not in ("image", "file")})
        assert not any(attack in text for text in shown)
    private = strings(answers.rendered(answer, "https://acme.slack.com/"))
    assert not any(attack in text for text in private)


def test_the_card_shows_task_state_team_and_a_stop_button_while_it_can_be_stopped() -> None:
    team = tuple(
        ev.Member(name=f"agent-{n}", role="does " + "much " * 40, instructions="", tools=(), icon="memo")
        for n in range(30)
    )
    card = SlackRenderer().card(replace(SESSION, team=team, activity={"agent-0": "thinking"}, task="&" * 10_000))
    texts = strings(card["blocks"])
    assert any("⚙️ Working" in text for text in texts)
    assert any("_thinking_" in text for text in texts)
    assert all(len(text) <= limits.SECTION_CHARS for text in texts)
    assert len(card["text"]) <= limits.UPDATE_TEXT_CHARS
    assert card["blocks"][-1]["elements"][0]["value"] == "12"
    for state in (State.COMPLETED, State.STOPPING):
        ended = SlackRenderer().card(replace(SESSION, state=state, ended_at=NOW + timedelta(minutes=75)))
        assert "actions" not in [block["type"] for block in ended["blocks"]]
        assert any("took 1 h 15 min" in text for text in strings(ended))


@given(
    st.lists(st.builds(said, st.integers(1, 9), st.text(max_size=400), st.sampled_from([CODER, WRITER])), max_size=12)
)
def test_nothing_that_is_said_is_left_out(words: list[Words]) -> None:
    numbered = [replace(word, seq=seq, text=f"m{seq}e {word.text}") for seq, word in enumerate(words, start=1)]
    texts = "\n".join(r.draft.payload["text"] for r in SlackRenderer().render(SESSION, THREAD, numbered))
    positions = [texts.find(f"m{word.seq}e") for word in numbered]
    assert -1 not in positions
    assert positions == sorted(positions)


def test_a_list_is_cut_to_what_one_message_holds() -> None:
    session = replace(SESSION, task="<" * 400)
    answer = Answer(text="x" * 20_000, sessions=tuple(Listed(session=session, place=None) for _ in range(100)))
    message = answers.rendered(answer, "https://acme.slack.com/")
    assert len(message["blocks"]) <= limits.MESSAGE_BLOCKS
    assert sum(len(text) for text in strings(message["blocks"])) <= limits.ALL_BLOCKS_CHARS + 2_000
