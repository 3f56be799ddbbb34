"""Every way that a text can leave Muster by, and what others could make of what left: for tests on links and mentions.

The finder of links here knows nothing of the policy: it is as generous as the most eager program that reads messages.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bots.discord import answers as discord_answers
from bots.discord.messages import DiscordRenderer
from bots.discord.places import guild_workspace
from bots.ports import MessageRenderer
from bots.slack import answers as slack_answers
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
    Platform,
    QuestionId,
    SessionId,
    ThreadId,
    UserId,
    workspace_id,
)
from core.domain.session import Session
from core.ports import Answer, Listed, Thread
from core.service.history import transcript_document
from core.service.narration import narrate
from core.service.outbound import Links

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
WORKSPACES = {"slack": workspace_id(Platform.SLACK, "T1"), "discord": guild_workspace("7")}
RENDERERS: dict[str, MessageRenderer] = {"slack": SlackRenderer(), "discord": DiscordRenderer(lambda: True)}
PLATFORMS = tuple(RENDERERS)
_QUESTION = QuestionId("q")


def events_saying(text: str) -> list[ev.Event | ev.Unknown]:
    """Every event that shows words of a model's, a page's or a person's, with *text* in their place."""
    person = Person(id=UserId("1"), name=text)
    file = FileRef(name=f"out/{text}.png", blob=BlobHash("0" * 64), size_bytes=9, mime="image/png")
    other = replace(file, name=f"{text}.csv", mime="text/csv")
    asked = ev.QuestionAsked(
        question=_QUESTION, agent="Ada", text=text, choices=(text,), default=text, deadline_at=NOON
    )
    called = f"May I do this?\n\n`fetch_page` (free):\n```\n{text}\n```"
    return [
        ev.TeamBuilt(team=(_member(text),)),
        ev.TeamBuilt(team=(_member(text),), fallback_reason=text),
        ev.Said(agent="Ada", text=text),
        ev.Said(agent=text, text=f"> {text}\n\n- {text}\n\n| a |\n|---|\n| {text} |"),
        ev.ToolStarted(agent="Ada", call_id="1", tool="run_python", arguments='{"code": "x"}'.replace("x", text)),
        ev.ToolStarted(agent="Ada", call_id="1", tool=text, arguments=text),
        ev.ToolFinished(agent="Ada", call_id="1", tool="find", ok=True, output=text, files=(file, other)),
        asked,
        replace(asked, text=called, approves="0", choices=("Approve", "Deny")),
        ev.QuestionLapsed(question=_QUESTION, text=text),
        ev.QuestionAnswered(question=_QUESTION, by=person, text=text),
        ev.Noticed(text=text),
        ev.Unknown(kind="x", text=text),
        ev.Failed(reason=text),
        ev.Expired(reason=text),
        ev.Stopped(by=person),
    ]


def session_about(text: str, platform: str) -> Session:
    """A session in which people and models have written *text* wherever they can."""
    return Session(
        id=SessionId("s1"),
        workspace=WORKSPACES[platform],
        number=12,
        thread=ThreadId("t1"),
        state=State.RUNNING,
        task=text,
        starter=Person(id=UserId("1"), name=text),
        provider="demo",
        model=text,
        max_rounds=12,
        created_at=NOON,
        changed_at=NOON,
        team=(_member(text),),
        activity={"Ada": text},
    )


def ways_out(text: str, platform: str, links: Links) -> Iterator[tuple[str, Any]]:
    """What leaves, each with the way that it takes: payloads of posts and edits, answers, documents."""
    renderer, session = RENDERERS[platform], session_about(text, platform)
    thread = Thread(
        id=ThreadId("t1"), workspace=session.workspace, channel=ChannelId("70"), root=MessageId("71"), owned=True
    )
    for seq, event in enumerate(events_saying(text), start=1):
        words = narrate(ev.Recorded(seq=seq, at=NOON, event=event), session.team, links)
        for rendered in renderer.render(session, thread, words):
            kind = f"approval {seq}" if getattr(event, "approves", "") else f"{type(event).__name__} {seq}"
            yield kind, rendered.draft.payload
            yield f"document of {kind}", (rendered.document or b"").decode()
    yield "edit of the card", renderer.card(session)
    yield "root", renderer.root(session).payload
    place = Place(workspace=session.workspace, channel=ChannelId("70"), root=MessageId("71.1"))
    answer = Answer(text=text, sessions=(Listed(session=session, place=place),))
    yield "answer", _answered(platform, answer)
    told = [event for event in events_saying(text) if not getattr(event, "approves", "")]
    recorded = [ev.Recorded(seq=1, at=NOON, event=event) for event in told]
    yield "history", transcript_document(session, recorded, links)


def _answered(platform: str, answer: Answer) -> dict[str, Any]:
    if platform == "slack":
        return slack_answers.rendered(answer, "https://acme.slack.com/")
    return discord_answers.rendered(answer)


def _member(text: str) -> ev.Member:
    return ev.Member(name="Ada", role=text, instructions="", tools=(), icon=text)


def strings(value: Any) -> Iterator[str]:
    """All strings in a payload."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)


_FOLLOWED = re.compile(
    r"(?i)(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*(?<!hxxp)(?<!hxxps)://[^\s<]+"
    r"|https?://[^\s<]+"
    r"|(?<![a-z])(?:mailto|tel|sms|javascript|vbscript):[^\s<]+"
    r"|(?<![a-z])data:[\w.+-]+/[^\s<]+"
    r"|(?<![\w:/\]])//[\w-]+(?:\.[\w-]+)*\.\w{2,}[^\s<]*"
    r"|(?<![\w@/.\]\\-])(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d+)?[/?#][^\s<]*"
    r"|(?<![\w@/.\]\\-])www\.[\w-]+\.[^\s<]+"
)
_SLACKS = re.compile("&(?:amp|lt|gt);")
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060-\u2064\ufeff\ufe00-\ufe0f]")
_OWN = re.compile(r"attachment://[\w.-]+|<https://acme\.slack\.com/archives/70/p711\|Open the thread>")
"""What Muster itself writes: where an embed's picture is, and the way to a thread."""
_CODE = re.compile(r"```[^\n]*\n.*?\n```", re.DOTALL)


def followed(texts: Iterable[str], *, in_code: bool = True) -> list[str]:
    """What somebody could follow in *texts*, with Slack's entities decoded or not, with and without backslashes, and
    without what nobody sees."""
    found: list[str] = []
    for text in texts:
        read = _OWN.sub("", text if in_code else _CODE.sub("", text))
        shown = _SLACKS.sub(lambda match: html.unescape(match[0]), read)
        for seen in {read, shown, _UNSEEN.sub("", shown.replace("\\", ""))}:
            found += [match[0] for match in _FOLLOWED.finditer(seen)]
    return found


def spoken_calls(entries: Iterable[Any]) -> list[dict[str, Any]]:
    """Of the calls that a platform was sent, those that say something to people."""
    calls = [entry.data for entry in entries]
    return [
        call for call in calls if call["method"] in _SAYING or ("body" in call and call["method"] in ("POST", "PATCH"))
    ]


_SAYING = frozenset({"chat.postMessage", "chat.update", "chat.postEphemeral", "files.completeUploadExternal"})
_EMBEDS_HIDDEN = 1 << 2


def said_in(call: dict[str, Any]) -> list[str]:
    """What a call says; without the address by which Muster finds its own posts again, which nobody is shown."""
    said = strings(call["args"] if "args" in call else call["body"])
    return [text for text in said if not text.startswith("https://muster.invalid/")]


def is_quiet(call: dict[str, Any]) -> bool:
    """Whether a call lets the platform mention nobody, and look at no address."""
    if "args" in call:
        args = {name: str(value).lower() for name, value in call["args"].items()}
        silent = args.get("parse") == "none" and args.get("link_names") == "false"
        blind = args.get("unfurl_links") == "false" and args.get("unfurl_media") == "false"
        match call["method"]:
            case "chat.postMessage":
                return silent and blind
            case "files.completeUploadExternal":  # has no switches
                return not followed([args.get("initial_comment", "")])
            case _:
                return silent
    body = call["body"]
    if not call["route"].endswith(("/messages", "/messages/{message.id}")):
        return True
    blind = not body.get("content") or bool(body.get("flags", 0) & _EMBEDS_HIDDEN)
    return bool(body["allowed_mentions"]["parse"] == []) and blind
