"""Compares what people see in the simulated Slack with what SQL says has happened, and names every difference.

Chaos and flow suites call it when the trouble is over: `until_quiet` waits, `check` reads both sides. It changes
nothing and trusts neither side: what a thread should show is worded anew from the events.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from bots.slack.markup import to_mrkdwn
from bots.slack.messages import _HOW_TO_ANSWER, _HOW_TO_DECIDE, _OR_PRESS
from core.adapters.codec import load_event
from core.adapters.session_store import session_of
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import deliveries, events, inbox, posts, questions, sessions, steps, threads
from core.domain import events as ev
from core.domain.lifecycle import FINAL, State
from core.domain.session import Session
from core.service.narration import Tone, narrate
from simulator.slack.person import Shown, SlackControl

_ENDINGS = (ev.Completed, ev.Failed, ev.Stopped, ev.Expired)
_FINAL = sorted(FINAL)
_LOOK_AGAIN_S = 0.25
_ANSWER_S = 20.0
_NOT_QUIET = {
    "sessions at work": sa.select(sessions.c.id).where(sessions.c.state.not_in(_FINAL)),
    "events not in the outbox": sa.select(deliveries.c.session).where(deliveries.c.shown_seq < deliveries.c.last_seq),
    "posts not sent": sa.select(posts.c.key).where(posts.c.state == "unsent"),
    "requests not carried out": sa.select(inbox.c.id).where(inbox.c.done_at.is_(None)),
    "cards not drawn": sa.select(deliveries.c.session)
    .join(threads, threads.c.id == deliveries.c.thread)
    .where(deliveries.c.card_seq < deliveries.c.last_seq, threads.c.newest_session == deliveries.c.session),
}


@dataclass(slots=True)
class Findings:
    """What is wrong, a line each, and how much was looked at."""

    lost: list[str] = field(default_factory=list)
    duplicate: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """An invariant that is none of the above."""
    sessions: int = 0
    events: int = 0
    posts: int = 0
    interrupted: int = 0
    """Times that a session was taken back from a dead worker."""
    longest_stall_s: float = 0.0
    """From the last event before such an interruption to the first after it."""
    removed_copies: int = 0
    """Messages that were there twice for a while."""
    states: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.duplicate or self.reordered or self.stuck or self.broken)

    def __str__(self) -> str:
        kinds = ("lost", "duplicate", "reordered", "stuck", "broken")
        head = f"{self.sessions} sessions {dict(self.states)}, {self.events} events, {self.posts} posts, "
        head += f"{self.interrupted} interruptions (stalled {self.longest_stall_s:.1f} s at most), "
        head += f"{self.removed_copies} copies removed; "
        head += ", ".join(f"{len(getattr(self, kind))} {kind}" for kind in kinds)
        return "\n".join([head, *(f"  {kind}: {line}" for kind in kinds for line in getattr(self, kind))])


class HistoryChecker:
    """Reads one installation's database and the simulated Slack in front of it."""

    def __init__(self, slack: SlackControl, database_url: str) -> None:
        self._slack = slack
        self._database = Database(database_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database.close()

    async def until_quiet(self, *, sessions_at_least: int, timeout_s: float, waiting_is_quiet: bool = False) -> float:
        """Wait until nothing is under way any more: all have ended, all is shown, all requests are carried out.

        Args:
            waiting_is_quiet: sessions that wait for a person count as ended.

        Returns:
            The seconds that it took.

        Raises:
            AssertionError: something is still under way; says what.
        """
        started = time.monotonic()
        while True:
            try:
                under_way = await self._under_way(sessions_at_least, waiting_is_quiet)
            except OSError as error:
                under_way = {str(error): 1}
            if not under_way:
                return time.monotonic() - started
            if time.monotonic() - started > timeout_s:
                findings = await self.check()
                raise AssertionError(f"after {timeout_s:g} s still: {under_way}\n{findings}")
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _under_way(self, sessions_at_least: int, waiting_is_quiet: bool) -> dict[str, int]:
        counts: dict[str, int] = {}
        for what, query in _NOT_QUIET.items():
            counted = query
            if waiting_is_quiet and what == "sessions at work":
                counted = query.where(sessions.c.state != State.WAITING)
            counts[what] = len(await self.rows(counted))
        missing = sessions_at_least - len(await self.rows(sa.select(sessions.c.id)))
        return {what: count for what, count in (counts | {"sessions missing": max(missing, 0)}).items() if count}

    async def sessions(self) -> list[Session]:
        """All sessions, oldest first."""
        return [session_of(row) for row in await self.rows(sa.select(sessions).order_by(sessions.c.number))]

    async def recorded(self, session: str) -> list[ev.Recorded]:
        """A session's events in order."""
        rows = await self.rows(sa.select(events).where(events.c.session == session).order_by(events.c.seq))
        return [ev.Recorded(seq=row.seq, at=row.at, event=load_event(row.kind, row.version, row.data)) for row in rows]

    async def rows(self, query: sa.Select[Any]) -> Sequence[Any]:
        """What a query finds.

        Raises:
            OSError: the database does not answer; the next query connects anew.
        """
        try:
            async with asyncio.timeout(_ANSWER_S), self._database.read() as connection:
                found: Sequence[Any] = (await connection.execute(query)).all()
                return found
        except (TimeoutError, OSError, SQLAlchemyError) as error:
            await self._database.close()
            raise OSError(f"the database keeps silent: {error!r}") from error

    async def check(self) -> Findings:
        """Compare everything."""
        found = Findings()
        kept = await self.sessions()
        for session in kept:
            found.sessions += 1
            found.states[session.state] += 1
            records = await self.recorded(session.id)
            found.events += len(records)
            stalls = list(_stalls(records))
            found.interrupted += len(stalls)
            found.longest_stall_s = max([found.longest_stall_s, *stalls])
            _check_course(found, session, records)
            await self._check_leftovers(found, session)
        for thread in await self.rows(sa.select(threads)):
            in_thread = [session for session in kept if session.thread == thread.id]
            await self._check_thread(found, thread, in_thread)
        for row in await self.rows(sa.select(inbox).where(inbox.c.done_at.is_(None))):
            found.stuck.append(f"the request {row.id} ({row.kind}) of {row.by} was not carried out")
        return found

    # --- what SQL says of a session ---

    async def _check_leftovers(self, found: Findings, session: Session) -> None:
        asked = await self.rows(sa.select(questions.c.state).where(questions.c.session == session.id))
        still_open = sum(row.state == "open" for row in asked)
        if still_open != (session.state is State.WAITING):
            found.broken.append(f"#{session.number} is {session.state} with {still_open} open questions")
        if session.finished and await self.rows(sa.select(steps.c.n).where(steps.c.session == session.id)):
            found.broken.append(f"#{session.number} has ended and keeps steps of a turn")

    # --- what people see ---

    async def _check_thread(self, found: Findings, thread: Any, in_thread: Sequence[Session]) -> None:
        outbox = await self.rows(sa.select(posts).where(posts.c.thread == thread.id).order_by(posts.c.n))
        name = f"thread of #{in_thread[0].number}" if in_thread else f"thread {thread.id}"
        for post in outbox:
            if post.state != "sent":
                found.stuck.append(f"{name}: post {post.n} is {post.state}, attempted at {post.attempted_at}")
        if thread.root is None:
            found.lost.append(f"{name}: it has no root")
            return
        visible = [m for m in await self._slack.thread(thread.channel, thread.root) if m.body.get("bot_id")]
        found.posts += len(visible)
        found.removed_copies += sum(e.data["channel"] == thread.channel for e in self._slack.entries("message.deleted"))
        await self._check_root_copies(found, name, thread, outbox)
        self._check_posts(found, name, outbox, visible)
        text = "".join(_bare(message.body["text"]) for message in visible if _of(message, outbox) not in _apart(outbox))
        expected = [
            (f"#{session.number} event {word.seq}", _bare(to_mrkdwn(word.text)))
            for session in in_thread
            for record in await self.recorded(session.id)
            for word in narrate(record, session.team)
            if word.tone is not Tone.FILE
        ]
        _check_text(found, text, expected)
        self._check_ends(found, in_thread, outbox)

    async def _check_root_copies(self, found: Findings, name: str, thread: Any, outbox: Sequence[Any]) -> None:
        """A root that is there twice opens another thread, so it is looked for in the channel."""
        roots = [post.key for post in outbox[:1]]
        copies = [m for m in await self._slack.messages(thread.channel) if _key(m) in roots]
        if len(copies) > 1:
            found.duplicate.append(f"{name}: its root is there {len(copies)} times")

    def _check_posts(self, found: Findings, name: str, outbox: Sequence[Any], visible: Sequence[Shown]) -> None:
        numbers = [number for number in (_of(message, outbox) for message in visible) if number is not None]
        for number, times in Counter(numbers).items():
            if times > 1:
                found.duplicate.append(f"{name}: post {number} is there {times} times")
        for message in visible:
            if _of(message, outbox) is None:
                found.duplicate.append(f"{name}: nothing in the outbox says {message.text[:80]!r}")
        seen = dict.fromkeys(numbers)
        if list(seen) != sorted(seen):
            found.reordered.append(f"{name}: posts stand in the order {list(seen)}")
        stamps = {message.ts for message in visible}
        for post in outbox:
            if post.state != "sent":
                continue
            if post.n not in seen:
                found.lost.append(f"{name}: post {post.n} counts as sent and is not there")
            elif post.message not in stamps:
                found.broken.append(f"{name}: post {post.n} is not where SQL says ({post.message})")

    def _check_ends(self, found: Findings, in_thread: Sequence[Session], outbox: Sequence[Any]) -> None:
        for session in in_thread:
            shown = [post.shown for post in outbox if post.session == session.id]
            if shown != sorted(shown):
                found.reordered.append(f"#{session.number}: its posts show events up to {shown}")
            if session.finished and (not shown or shown[-1] != session.next_seq - 1):
                found.lost.append(f"#{session.number}: its end is not its last post ({shown[-3:]})")


def _check_course(found: Findings, session: Session, records: Sequence[ev.Recorded]) -> None:
    """The events of one session, by themselves."""
    name = f"#{session.number}"
    seqs = [record.seq for record in records]
    if seqs != list(range(1, session.next_seq)):
        found.broken.append(f"{name}: its events are numbered {seqs}, the next is {session.next_seq}")
    happened = [record.event for record in records]
    ends = [at for at, event in enumerate(happened) if isinstance(event, _ENDINGS)]
    if session.finished and ends != [len(happened) - 1]:
        found.broken.append(f"{name}: {session.state}, but its ends are at {ends} of {len(happened)} events")
    if not session.finished and ends:
        found.broken.append(f"{name}: {session.state} after an end")
    for what, repeated in _repeated(happened):
        found.duplicate.append(f"{name}: {what} {repeated}")
    started = {event.call_id for event in happened if isinstance(event, ev.ToolStarted)}
    finished = {event.call_id for event in happened if isinstance(event, ev.ToolFinished)}
    if finished - started:
        found.broken.append(f"{name}: tool results without a call: {finished - started}")
    if session.state is State.COMPLETED and started - finished:
        found.lost.append(f"{name}: tool calls without a result: {started - finished}")


def _stalls(records: Sequence[ev.Recorded]) -> Iterator[float]:
    """For each interruption the seconds for which nothing went on."""
    for at, record in enumerate(records):
        if isinstance(record.event, ev.Interrupted):
            after = records[min(at + 1, len(records) - 1)]
            yield (after.at - records[at - 1].at).total_seconds()


def _repeated(happened: Sequence[ev.Event | ev.Unknown]) -> Iterator[tuple[str, str]]:
    """What may happen once for one id and happened more often."""
    ids = Counter(
        (type(event).__name__, str(getattr(event, name)))
        for event in happened
        for kind, name in _ONCE
        if isinstance(event, kind)
    )
    yield from (key for key, times in ids.items() if times > 1)


_ONCE: tuple[tuple[type, str], ...] = (
    (ev.ToolStarted, "call_id"),
    (ev.ToolFinished, "call_id"),
    (ev.QuestionAsked, "question"),
    (ev.QuestionAnswered, "question"),
    (ev.TurnStarted, "round"),
    (ev.TeamBuilt, "fallback_reason"),
)


def _check_text(found: Findings, text: str, expected: Sequence[tuple[str, str]]) -> None:
    """Every expected passage stands in *text* once, in order, and nothing else does."""
    position = 0
    for name, passage in expected:
        at = text.find(passage, position)
        if at > position:
            found.duplicate.append(f"before {name}: {text[position:at][:80]!r}")
        if at >= 0:
            position = at + len(passage)
        elif passage in text:
            found.reordered.append(f"{name}: {passage[:80]!r} comes too early")
        else:
            found.lost.append(f"{name}: {passage[:80]!r}")
    if text[position:]:
        found.duplicate.append(f"at the end: {text[position:][:80]!r}")


def _bare(text: str) -> str:
    """*text* without what merging and cutting messages may change: space, and the marks of code blocks."""
    for sentence in (*_HOW_TO_ANSWER.values(), *_OR_PRESS.values(), _HOW_TO_DECIDE):
        text = text.removesuffix(sentence)
    return re.sub(r"\s|```", "", text)


def _apart(outbox: Sequence[Any]) -> set[int | None]:
    """Numbers of the posts whose words are not an event's: the card, and files."""
    return {post.n for post in outbox if post.card or post.blob is not None}


def _key(message: Shown) -> str:
    metadata = message.body.get("metadata") or {}
    return str((metadata.get("event_payload") or {}).get("k", ""))


def _of(message: Shown, outbox: Sequence[Any]) -> int | None:
    """Number of the post that *message* shows."""
    for post in outbox:
        if _key(message) == post.key or (not _key(message) and message.ts == post.message):
            return cast(int, post.n)
    return None
