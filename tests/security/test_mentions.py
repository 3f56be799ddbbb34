"""T27: whatever an agent, a page or a person writes, nobody is called: in posts, edits, names of files and threads.

Each text goes every way out, and each platform's own reading of mentions judges what left: as if nothing else, neither
`allowed_mentions` nor `parse`, stood in its way. Then the same over the wire, where those switches are looked at too.
"""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord import cards as discord_cards
from bots.discord import markup as discord_markup
from bots.slack import markup as slack_markup
from core.domain import events as ev
from core.domain.refs import BlobHash, FileRef
from core.service.narration import Tone, Words, one_line
from core.service.outbound import NO_LINKS, clean
from simulator.discord.mentions import Mentions, find_mentions
from simulator.discord.options import DiscordOptions
from simulator.server import Simulator
from simulator.slack.markup import notified
from tests.security.figures import SIZE, figure
from tests.security.ways_out import PLATFORMS, is_quiet, session_about, spoken_calls, strings, ways_out
from tests.support.chat import CODER, Chat, spoken
from tests.support.discord_chat import discord_chat
from tests.support.slack_chat import slack_chat

CALLS = (
    "@everyone", "@here", "@channel", "@EVERYONE", "@Here", "<!channel>", "<!here>", "<!everyone>", "<!here|here>",
    "<!subteam^S0123|@devs>", "<!subteam^S0123>", "<@U0123>", "<@W0123|bob>", "<@{user}>", "<@!{user}>", "<@&{role}>",
    "<#C0123|general>", "<#{channel}>", "</agents run:5>", "<id:home>", "<t:1:R>", "<a:wave:5>",
    "<!date^1^{{date}}^https://found.example|x>", "@\u200beveryone", "<\u200b@{user}>", "<@\u200b{user}>",
    "<!\u200bhere>", "@ever\u200byone", "@\u2060here", "@he\u00adre", "\uff20everyone", "\ufe6bhere",
    "\uff1c@{user}\uff1e", "\uff1c!here\uff1e", "&lt;!channel&gt;", "&#60;!here&#62;", "&lt;@{user}&gt;",
    "&amp;lt;!here&amp;gt;",
    "&commat;everyone", "&#64;here", "\\<!here\\>", "\\@everyone", "<\\@{user}>", "<@\\{user}>", "<<@{user}>>",
    "<@{user}", "<<!here>", "<@everyone>", "@@everyone", "@everyone@here", "@here:", "mail@everyone.example",
)  # fmt: skip
FRAMES = ("{}", "`{}`", "```\n{}\n```", "> {}", "**{}**", "| a |\n|---|\n| {} |", "[{}](https://found.example)", "{}{}")
_tally = {"texts": 0, "ways": 0}


@pytest.fixture(scope="module", autouse=True)
def said_at_the_end() -> Iterator[None]:
    yield
    figure("T27", f"{_tally['texts']} texts, {_tally['ways']} things that left: nobody was called")


@pytest.fixture(scope="module")
def guild() -> Simulator:
    """A guild with people and roles, that is asked and never started."""
    return Simulator(discord=DiscordOptions())


def called(platform: str, payload: Any, guild: Simulator) -> list[str]:
    """Whom *payload* calls, if the platform may make of it whatever it can; names and buttons are never read so."""
    if platform == "slack":
        return notified(payload["text"], payload.get("blocks", []))
    read = strings({part: value for part, value in payload.items() if part != "components"})
    found = [find_mentions(guild.discord.world, guild.discord.first, text, may_mention_all=True) for text in read]
    return [who for mentions in found for who in _all(mentions)]


def _all(mentions: Mentions) -> list[str]:
    return [*mentions.users, *mentions.roles, *(["everyone"] if mentions.everyone else [])]


def texts(guild: Simulator) -> list[str]:
    """Every way to call somebody, in every frame; at the size of CI each in two of them."""
    user = next(iter(guild.discord.world.users))
    role = next(iter(guild.discord.first.roles))
    calls = [call.format(user=user, role=role, channel="1") for call in CALLS]
    step = 1 if SIZE > 1 else len(FRAMES) // 2
    return [
        frame.format(call, call)
        for number, call in enumerate(calls)
        for frame in [*FRAMES, *FRAMES][number % len(FRAMES) :][: len(FRAMES) : step]
    ]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_text_calls_anybody_by_any_way(platform: str, guild: Simulator) -> None:
    for text in texts(guild):
        _tally["texts"] += 1
        for way, payload in ways_out(text, platform, NO_LINKS):
            if isinstance(payload, dict):  # what is no payload is a document, which nobody reads for mentions
                _tally["ways"] += 1
                assert called(platform, payload, guild) == [], (way, text)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_judge_finds_those_that_are_not_escaped(
    platform: str, guild: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = slack_markup if platform == "slack" else discord_markup
    name = "escape" if platform == "slack" else "shown"
    monkeypatch.setattr(module, name, lambda text: text)
    user = next(iter(guild.discord.world.users))
    text = "<!here> <@U0123>" if platform == "slack" else f"@everyone <@{user}>"
    markup = slack_markup.to_mrkdwn if platform == "slack" else discord_markup.literal
    assert called(platform, {"text": markup(text.replace("_", ""))}, guild) != []


def test_a_threads_name_calls_nobody(guild: Simulator) -> None:
    for text in texts(guild):
        name = discord_cards.thread_name(session_about(text, "discord"))
        assert called("discord", {"name": name}, guild) == []


PIECES = st.lists(
    st.sampled_from([*"<>@!&#|\\`*_~[]()\n -", "everyone", "here", "channel", "U1", "subteam^S1", "&lt;", "&gt;", "1"])
    | st.sampled_from(CALLS).map(lambda call: call.format(user=1, role=2, channel=3)),
    max_size=12,
).map("".join)
LIVE = re.compile(r"<[@#!/]|<(?:a?:|t:|id:)|@(?:everyone|here)", re.IGNORECASE)


@given(PIECES | st.text())
def test_nothing_is_left_that_either_platform_makes_something_of(text: str) -> None:
    for told in (text, clean(text)):
        assert "<" not in slack_markup.to_mrkdwn(told)
        assert "<" not in slack_markup.escape(told)
        assert not LIVE.search(discord_markup.shown(discord_markup.tables_as_code(told)).replace("<!", ""))
        assert not LIVE.search(discord_markup.literal(told).replace("<!", ""))


# --- over the wire


@pytest.fixture(params=PLATFORMS)
async def chat(request: pytest.FixtureRequest) -> AsyncIterator[Chat]:
    async with {"slack": slack_chat, "discord": discord_chat}[request.param]() as chat:
        yield chat


@pytest.mark.slow
async def test_over_the_wire_nobody_is_notified_and_every_call_says_so(chat: Chat, guild: Simulator) -> None:
    place = chat.under(await chat.begin())
    everything = texts(guild)
    for start in range(0, len(everything), 12):
        text = "\n\n".join(everything[start : start + 12])
        for rendered in chat.rendered(spoken(clean(text))):
            await chat.send(place, chat.post_of(rendered.draft), content=rendered.document)
            await chat.send(place, chat.post_of(rendered.draft), plain=True)
        file = FileRef(name=one_line(everything[start]), blob=BlobHash("0" * 64), size_bytes=3, mime="text/csv")
        for rendered in chat.rendered(Words(seq=1, tone=Tone.FILE, text="", speaker=CODER, file=file)):
            await chat.send(place, chat.post_of(rendered.draft), content=b"abc")
        member = ev.Member(name="Ada", role=text, instructions="", tools=(), icon=text)
        session = replace(chat.session, task=text, model=everything[start], team=(member,), activity={"Ada": text})
        root = await chat.send(chat.place, chat.post_of(chat.renderer.root(session)))
        await chat.surface.edit(chat.place, root, chat.renderer.card(replace(session, round=3)))
    sent = spoken_calls(chat.simulator.truth.of(str(chat.platform)).since(kinds=("api.call",)))
    assert len(sent) > 20
    assert [call for call in sent if not is_quiet(call)] == []
    assert chat.notified() == []
