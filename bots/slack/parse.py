"""Slack's payloads into what people ask. Pure: what must be looked up is passed in.

Called by `handlers`. Reads ids and text only; tokens, trigger ids and response URLs never leave the handler.
Sources: https://docs.slack.dev/interactivity/implementing-slash-commands, .../reference/events/message
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bots import requests
from bots.facts import Known
from bots.requests import Asked
from bots.slack import limits
from bots.slack.markup import from_slack, mentioned, without_mention
from core.domain.commands import Command, PostReply, StartSession
from core.domain.refs import ChannelId, MessageId, Place, UserId, WorkspaceId

ACTION_STOP = "muster_stop"
ACTION_OLDER = "muster_older"


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
        wanted = requests.keyword(text, place, by)
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
    wanted = requests.keyword(task, place, by)
    return wanted or StartSession(place=place, by=by.person, task=task, restricted=by.restricted)


def history_command(text: str, place: Place, by: Known, names: Mapping[str, str]) -> Asked:
    """`/history`, `/history <words>` or `/history <number>`."""
    return requests.history(from_slack(text, names), place, by)
