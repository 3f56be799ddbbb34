"""Slack's payloads into what people ask. Pure: what must be looked up is passed in.

Called by `handlers`. Reads ids and text only; tokens, trigger ids and response URLs never leave the handler.
Sources: https://docs.slack.dev/interactivity/implementing-slash-commands, .../reference/events/message
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bots.slack import limits
from bots.slack.markup import from_slack, mentioned, without_mention
from bots.slack.people import Known
from core.domain.commands import Command, PostReply, StartSession, StopSession
from core.domain.refs import ChannelId, MessageId, Place, UserId, WorkspaceId
from core.ports import Query

ACTION_STOP = "muster_stop"
ACTION_OLDER = "muster_older"

_KEYWORD = re.compile(r"(?P<word>help|status|stop)(?:\s+#?(?P<number>\d{1,9}))?[.!]?", re.IGNORECASE)
_NUMBER = re.compile(r"#?(\d{1,9})")


class Topic(StrEnum):
    """What a person wants to read."""

    HELP = "help"
    STATUS = "status"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question about what is there; changes nothing."""

    topic: Topic
    query: Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A person's message that may concern Muster, as Slack sent it."""

    channel: ChannelId
    ts: MessageId
    thread: MessageId | None
    user: UserId
    text: str  # with Slack's escapes
    mention: bool  # it mentions Muster
    direct: bool  # in a direct message with Muster

    @property
    def dedupe_key(self) -> str:
        """The same for every event that tells of this message."""
        return f"message:{self.channel}:{self.ts}"


def said(event: Mapping[str, Any], bot_user: str) -> Said | None:
    """The message in a `message` or `app_mention` event; None when it is not a person's or not for Muster.

    Both events of one message give the same value, so either may be carried out.
    """
    user, text = event.get("user"), event.get("text") or ""
    heard = event.get("subtype") in limits.SUBTYPES_HEARD and not event.get("bot_id") and not event.get("edited")
    if not heard or not user or user in (bot_user, "USLACKBOT"):
        return None
    mention = bot_user in mentioned(text)
    direct = event.get("channel_type") == "im" or str(event["channel"]).startswith("D")
    thread = event.get("thread_ts")
    thread = None if thread == event["ts"] else thread
    if not mention and not direct:
        if thread is None:
            return None
        # Slack names the author of the thread's first message: in other people's threads only mentions count.
        if event.get("parent_user_id", bot_user) != bot_user:
            return None
    return Said(
        channel=ChannelId(event["channel"]),
        ts=MessageId(event["ts"]),
        thread=MessageId(thread) if thread else None,
        user=UserId(user),
        text=text,
        mention=mention,
        direct=direct,
    )


def asked_in(
    message: Said, workspace: WorkspaceId, bot_user: str, by: Known, names: Mapping[str, str]
) -> Command | Asked:
    """What *message* asks for.

    Args:
        names: of the people whom it mentions, by id.
    """
    text = from_slack(without_mention(message.text, bot_user), names)
    place = Place(workspace=workspace, channel=message.channel, root=message.thread)
    addressed = message.mention or message.direct
    if message.thread is None or message.mention:
        wanted = _keyword(text, place, by)
        if wanted is not None and not (message.thread and text.strip().casefold() == "stop"):
            return wanted
    if message.thread is None:
        return StartSession(place=place, by=by.person, task=text.strip(), restricted=by.restricted)
    return PostReply(
        place=place,
        by=by.person,
        text=text.strip(),
        message=message.ts,
        said_at=datetime.fromtimestamp(float(message.ts), UTC),
        addressed=addressed,
        restricted=by.restricted,
        admin=by.admin,
    )


def agents_command(text: str, place: Place, by: Known, names: Mapping[str, str]) -> Command | Asked:
    """`/agents ...`: a single keyword, with a number perhaps, is a request about sessions; anything else is a task."""
    task = from_slack(text, names).strip()
    wanted = _keyword(task, place, by)
    return wanted or StartSession(place=place, by=by.person, task=task, restricted=by.restricted)


def history_command(text: str, place: Place, by: Known, names: Mapping[str, str]) -> Asked:
    """`/history`, `/history <words>` or `/history <number>`."""
    words = from_slack(text, names).strip()
    number = _NUMBER.fullmatch(words)
    query = Query(
        place=place,
        by=by.person,
        words="" if number else words,
        number=int(number[1]) if number else None,
        restricted=by.restricted,
    )
    return Asked(topic=Topic.HISTORY, query=query)


def stop_button(value: str, place: Place, by: Known) -> StopSession | None:
    """A press of the Stop button; None when the value is not one that Muster made."""
    number = _NUMBER.fullmatch(value)
    if number is None:
        return None
    return StopSession(place=place, by=by.person, number=int(number[1]), restricted=by.restricted, admin=by.admin)


def older_value(query: Query) -> str:
    """What the button to the next page carries; `older_button` reads it back."""
    room = limits.BUTTON_VALUE_CHARS - 64
    words = query.words
    while len(json.dumps(words)) > room:
        words = words[:-16]
    return json.dumps({"words": words, "offset": query.offset})


def older_button(value: str, place: Place, by: Known) -> Asked | None:
    """A press of the button to the next page; None when the value is not one that Muster made."""
    try:
        read = json.loads(value)
        words, offset = str(read["words"]), int(read["offset"])
    except (ValueError, KeyError, TypeError):
        return None
    if not 0 <= offset < 1_000_000:
        return None
    query = Query(place=place, by=by.person, words=words, offset=offset, restricted=by.restricted)
    return Asked(topic=Topic.HISTORY, query=query)


def _keyword(text: str, place: Place, by: Known) -> Command | Asked | None:
    if not text.strip():
        return Asked(topic=Topic.HELP, query=Query(place=place, by=by.person))
    match = _KEYWORD.fullmatch(text.strip())
    if match is None:
        return None
    word, number = match["word"].casefold(), int(match["number"]) if match["number"] else None
    if word == "stop":
        return StopSession(place=place, by=by.person, number=number, restricted=by.restricted, admin=by.admin)
    if word == "status":
        query = Query(place=place, by=by.person, number=number, restricted=by.restricted)
        return Asked(topic=Topic.STATUS, query=query)
    return Asked(topic=Topic.HELP, query=Query(place=place, by=by.person)) if number is None else None
