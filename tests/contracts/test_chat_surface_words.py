"""Whatever agents say reaches every platform whole, in messages that it takes, and notifies nobody; over the wire."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.ports import Rendered
from core.domain import events as ev
from core.domain.refs import BlobHash, FileRef, Person, QuestionId
from core.service.narration import Speaker, Tone, Words
from core.service.outbound import clean
from tests.support.chat import CODER, WRITER, Chat, Shown, spoken

pytestmark = pytest.mark.slow

MENTIONS = (
    "@everyone", "@here", "@EVERYONE", "<!channel>", "<!here>", "<!everyone>", "<!here|x>", "<!subteam^S1|x>", "<@U1>",
    "<@1>", "<@!2>", "<@&3>", "<#4>", "<#C1|x>", "</agents:5>", "<https://x.example|y>", "<@\u200b1>", "`@everyone`",
    "&lt;!channel&gt;", "\\<@1>", "<\\@1>", "<@everyone>", "@\u200beveryone", "<id:home>", "<t:1:R>", "<<@1>>", "&amp;",
)  # fmt: skip
PIECES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(MENTIONS),
    st.sampled_from(["👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "é", "👍🏽", "漢字", "😀", "\u202e", "☃️"]),
    st.sampled_from(["```", "```python", "~~~~", "````", "`", "**", "__", "> ", "- ", "1. ", "# ", "---", "|a|b|"]),
    st.sampled_from(
        ["|a|b|\n|-|-|\n|<@1>|`@here`|\n", "```\ncode <!here>\n```", "[label](https://x.example)", "[a]: b"]
    ),
)
GLUE = st.sampled_from(["", " ", "\n", "\n\n", "\n    "])
NAMES = st.one_of(st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z"), st.sampled_from([f"{m}-x" for m in MENTIONS]))
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
"""What a platform is asked is what takes the time; the world is shared by the examples, which only post."""


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Any text, sometimes longer than five messages, with marks from which can be seen whether it is whole."""
    parts = draw(st.lists(st.tuples(PIECES, GLUE), min_size=1, max_size=12))
    stretched = draw(st.sampled_from([0, 0, 1_000, 6_000]))
    whole = ""
    for number, (piece, glue) in enumerate(parts):
        filling = " ".join(f"word{n}" for n in range(stretched // 60)) + glue if stretched else ""
        # What follows a fence on its line names its language, and what a table has no column for is dropped.
        after = "\n\n" if re.search(r"```|~~~|\|", piece) else glue
        whole += f"{glue}{piece}{after}mark{number}x{glue}{filling}"
    return whole


def marks(text: str) -> list[str]:
    return re.findall(r"mark\d+x", text)


async def shown_of(chat: Chat, rendered: Sequence[Rendered]) -> list[Shown]:
    """Post what was rendered into a thread of its own; what people see of it."""
    place = chat.under(await chat.begin())
    sent = await chat.send_all(place, rendered)
    shown = await chat.read(place)
    assert [message.ts for message in shown] == sent
    return shown


def check(chat: Chat, shown: Sequence[Shown]) -> None:
    """Nothing is larger than the platform takes, and nothing in it is made something of."""
    for message in shown:
        assert {part: size for part, size in chat.sizes(message).items() if size[0] > size[1]} == {}
        assert chat.sequences(message) == []
    assert chat.notified() == []


@FEW
@given(text=texts())
async def test_what_an_agent_says_arrives_whole_and_notifies_nobody(chat: Chat, text: str) -> None:
    rendered = chat.rendered(spoken(clean(text)))
    shown = await shown_of(chat, rendered)
    check(chat, shown)
    document = [each.document.decode() for each in rendered if each.document]
    seen = "".join(document) or "\n".join(message.text for message in shown)
    assert marks(seen) == marks(text)
    assert all(message.speaker == "coder" for message in shown if not message.files)


@FEW
@given(text=texts())
async def test_the_same_in_plain_words_is_taken_too(chat: Chat, text: str) -> None:
    place = chat.under(await chat.begin())
    posts = [chat.post_of(rendered.draft) for rendered in chat.rendered(spoken(clean(text)))]
    sent = [await chat.send(place, post, plain=True) for post in posts]
    assert [shown.ts for shown in await chat.read(place)] == sent
    assert await chat.surface.find(place, posts[0], chat.session.created_at) == sent[0]
    check(chat, await chat.read(place))


async def test_plain_words_that_are_mostly_emoji_are_cut_to_what_is_taken(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    [rendered] = chat.rendered(spoken("😀" * 1_500))
    await chat.send(place, chat.post_of(rendered.draft), plain=True)
    check(chat, await chat.read(place))


@FEW
@given(text=texts(), asked=st.lists(texts(), max_size=3))
async def test_questions_end_with_how_to_answer_them_however_long_they_are(
    chat: Chat, text: str, asked: list[str]
) -> None:
    choices = "".join(f"\n- {clean(choice)}" for choice in asked)
    words = Words(seq=1, tone=Tone.QUESTION, text=clean(text) + choices, speaker=WRITER, question=QuestionId("q1"))
    rendered = chat.rendered(words)
    check(chat, await shown_of(chat, rendered))
    last = [each.draft for each in rendered if not each.document][-1]
    assert [each.draft for each in rendered if each.draft.question] == [last]


@FEW
@given(name=NAMES, icon=st.text(max_size=20), text=texts())
async def test_whatever_an_agent_is_called_its_words_are_taken(chat: Chat, name: str, icon: str, text: str) -> None:
    rendered = chat.rendered(spoken(clean(text), by=Speaker(name=name, icon=icon)))
    check(chat, await shown_of(chat, rendered))


@FEW
@given(task=texts(), name=NAMES, doing=st.text(max_size=100), model=st.text(max_size=128), members=st.integers(0, 40))
async def test_a_card_is_taken_and_edited_whatever_stands_on_it(
    chat: Chat, task: str, name: str, doing: str, model: str, members: int
) -> None:
    team = tuple(
        ev.Member(name=f"{name}{n}", role=task, instructions="", tools=(), icon="memo") for n in range(members)
    )
    activity = {member.name: doing for member in team}
    starter = Person(id=chat.starter.id, name=task)
    session = replace(chat.session, task=task, team=team, activity=activity, starter=starter, model=model)
    root = await chat.send(chat.place, chat.post_of(chat.renderer.root(session)))
    await chat.surface.edit(chat.place, root, chat.renderer.card(replace(session, round=3)))
    shown = await chat.read_one(chat.place, root)
    assert "round 3 of 12" in shown.text
    check(chat, [shown])


@FEW
@given(
    name=st.one_of(st.text(min_size=1, max_size=300), st.sampled_from(MENTIONS)),
    mime=st.sampled_from(["image/png", "text/csv"]),
)
async def test_a_file_is_taken_whatever_it_is_called(chat: Chat, name: str, mime: str) -> None:
    ref = FileRef(name=f"out/{clean(name)}.{mime[-3:]}", blob=BlobHash("0" * 64), size_bytes=3, mime=mime)
    words = Words(seq=1, tone=Tone.FILE, text="", speaker=CODER, file=ref)
    place = chat.under(await chat.begin())
    for rendered in chat.rendered(words):
        await chat.send(place, chat.post_of(rendered.draft), content=b"abc")
    check(chat, await chat.read(place))
