"""Slack's payloads into what people ask. Pure: what must be looked up is passed in.

Called by `handlers`. Reads ids and text only; tokens, trigger ids and response URLs never leave the handler.
Sources: https://docs.slack.dev/interactivity/implementing-slash-commands, .../reference/events/message
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bots import requests
from bots.attachments import Attached
from bots.facts import Known
from bots.requests import Asked, SettingsWanted
from bots.slack import access, flags, limits
from bots.slack.flags import Wish
from bots.slack.markup import from_slack, mentioned, without_mention
from core.domain.commands import ChangeReply, Command, PostReply, StartSession, StopSession
from core.domain.refs import ChannelId, MessageId, Place, UserId, WorkspaceId

ACTION_STOP = "muster_stop"
ACTION_OLDER = "muster_older"
ACTION_CHOICE = "muster_choice_"
"""The number of the choice comes after it: ids of actions are unique in a block."""
ACTION_SETTINGS = "muster_settings"
SHORTCUT_RUN = "muster_run"
_NO_FILES = frozenset({"tombstone", "hidden_by_limit"})
"""Files that are gone. https://docs.slack.dev/reference/objects/file-object (mode)"""
REACTION_STOP = "octagonal_sign"
"""Slack's name of 🛑. Source: https://github.com/iamcal/emoji-data, which Slack's names are taken from."""


ONLY_FILES = "Look at the attached files."
"""The task of a message that has files and no words."""


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
    files: tuple[Attached, ...] = ()

    @property
    def dedupe_key(self) -> str:
        """The same for every event that tells of this message."""
        return f"message:{self.channel}:{self.ts}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A person's reply that was edited or deleted."""

    channel: ChannelId
    ts: MessageId
    thread: MessageId
    user: UserId
    text: str  # with Slack's escapes; "" when it is gone
    at: str  # when, as a ts

    @property
    def dedupe_key(self) -> str:
        """The same for every event that tells of this change."""
        return f"change:{self.channel}:{self.ts}:{self.at if self.text else 'deleted'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A reaction that asks for a stop."""

    channel: ChannelId
    ts: MessageId  # of the message that it is on
    user: UserId
    at: str  # when, as a ts

    @property
    def dedupe_key(self) -> str:
        """The same for every delivery of this reaction; another when it was taken back and given again."""
        return f"reaction:{self.channel}:{self.ts}:{self.user}:{self.at}"


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
        files=attached(event.get("files")),
    )


def attached(files: Sequence[Mapping[str, Any]] | None) -> tuple[Attached, ...]:
    """The files of a message or of a form, without those that are gone."""
    return tuple(_attached(file) for file in files or () if file.get("mode") not in _NO_FILES)


def _attached(file: Mapping[str, Any]) -> Attached:
    """Of a file only its id may be given, in channels that are shared with others."""
    size = file.get("size")
    kept = not file.get("is_external")  # what another service keeps has an address of that service
    return Attached(
        name=str(file.get("name") or file.get("title") or "file"),
        mime=str(file.get("mimetype") or "application/octet-stream"),
        size_bytes=size if isinstance(size, int) else None,
        source=str((file.get("url_private_download") if kept else file.get("url_private")) or file.get("id") or ""),
    )


def changed(event: Mapping[str, Any], bot_user: str) -> Changed | None:
    """The change in a `message_changed` or `message_deleted` event; None when it is not of a person's reply.

    Slack also says that a message has changed when its thread has grown, or a preview has come to it.
    """
    was = event.get("previous_message") or {}
    if event.get("subtype") == "message_deleted":
        now, text, at = was, "", str(event.get("event_ts") or event["ts"])
    elif event.get("subtype") == "message_changed":
        now = event.get("message") or {}
        text, at = now.get("text") or "", str((now.get("edited") or {}).get("ts", ""))
        if not at or text == (was.get("text") or ""):
            return None
    else:
        return None
    user, thread, ts = now.get("user"), now.get("thread_ts"), now.get("ts")
    heard = now.get("subtype") in limits.SUBTYPES_HEARD and not now.get("bot_id")
    if not heard or not thread or thread == ts or not user or user == bot_user:
        return None
    mention = bot_user in mentioned(text) or bot_user in mentioned(was.get("text") or "")
    if not mention and now.get("parent_user_id", bot_user) != bot_user:
        return None
    return Changed(
        channel=ChannelId(event["channel"]),
        ts=MessageId(str(ts)),
        thread=MessageId(thread),
        user=UserId(user),
        text=text,
        at=at,
    )


def changed_reply(
    change: Changed, workspace: WorkspaceId, bot_user: str, by: Known, names: Mapping[str, str]
) -> ChangeReply:
    """What *change* asks for; *names* as for `asked_in`."""
    return ChangeReply(
        place=Place(workspace=workspace, channel=change.channel, root=change.thread),
        by=by.person,
        message=change.ts,
        text=_words(change.text, bot_user, names),
        said_at=datetime.fromtimestamp(float(change.ts), UTC),
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )


def marked(event: Mapping[str, Any], bot_user: str) -> Marked | None:
    """The wish for a stop in a `reaction_added` event, if it is one."""
    item = event.get("item") or {}
    if event.get("reaction") != REACTION_STOP or item.get("type") != "message" or event.get("user") == bot_user:
        return None
    return Marked(
        channel=ChannelId(item["channel"]),
        ts=MessageId(item["ts"]),
        user=UserId(event["user"]),
        at=str(event["event_ts"]),
    )


def stop_marked(mark: Marked, workspace: WorkspaceId, by: Known) -> StopSession:
    """What *mark* asks for."""
    place = Place(workspace=workspace, channel=mark.channel)
    return StopSession(
        place=place,
        by=by.person,
        post=mark.ts,
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )


def asked_in(
    message: Said, workspace: WorkspaceId, bot_user: str, by: Known, names: Mapping[str, str]
) -> Command | Asked | SettingsWanted:
    """What *message* asks for; its files are not in it yet.

    Args:
        names: of the people whom it mentions, by id.

    Raises:
        UserError: it is about access, and cannot be made out.
    """
    text = _words(message.text, bot_user, names)
    place = Place(workspace=workspace, channel=message.channel, root=message.thread)
    addressed = message.mention or message.direct
    if (message.thread is None or message.mention) and (text or not message.files):
        wanted = access.change(without_mention(message.text, bot_user), place, by) or requests.keyword(text, place, by)
        if wanted is not None and not (message.thread and text.casefold() == "stop"):
            return wanted
    if message.thread is None:
        return started(flags.read(text or ONLY_FILES), place, by)
    return PostReply(
        place=place,
        by=by.person,
        text=text,
        message=message.ts,
        said_at=datetime.fromtimestamp(float(message.ts), UTC),
        addressed=addressed,
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )


def agents_command(
    text: str, place: Place, by: Known, names: Mapping[str, str]
) -> Command | Asked | SettingsWanted | Wish:
    """`/agents ...`: a single keyword, with a number perhaps, is a request about sessions; anything else is a task.

    Without a task it is a wish that a form may complete.

    Raises:
        UserError: it is about access, and cannot be made out.
    """
    typed = from_slack(text, names).strip()
    wanted = access.change(text, place, by) or requests.keyword(typed, place, by) if typed else None
    if wanted is not None:
        return wanted
    wish = flags.read(typed)
    return started(wish, place, by) if wish.task else wish


def started(wish: Wish, place: Place, by: Known) -> StartSession:
    """A start as wished for."""
    return StartSession(
        place=place,
        by=by.person,
        task=wish.task,
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
        provider=wish.provider,
        model=wish.model,
        team=wish.team,
    )


def shortcut_place(body: Mapping[str, Any], workspace: WorkspaceId) -> Place:
    """Where a session starts that is started on a message: in its channel; in its thread, when it is a reply."""
    message = body["message"]
    thread = message.get("thread_ts")
    root = MessageId(thread) if thread and thread != message["ts"] else None
    return Place(workspace=workspace, channel=ChannelId(body["channel"]["id"]), root=root)


def _words(text: str, bot_user: str, names: Mapping[str, str]) -> str:
    return from_slack(without_mention(text, bot_user), names).strip()


def history_command(text: str, place: Place, by: Known, names: Mapping[str, str]) -> Asked:
    """`/history`, `/history <words>` or `/history <number>`."""
    return requests.history(from_slack(text, names), place, by)
