"""Recorded events into the outbox, and the status card: what a thread shows of its session.

Run by each bots process for its workspaces; works only while it holds the sender's lease. Reads SQL, never a worker.
While a thread has unsent posts or its lane is not free, events stay behind the cursor and are merged later; when
that is not enough, they are folded into one text.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from bots.alarm import Alarm
from bots.lease import SenderLease
from bots.pace import EDIT, Lane, Pace
from bots.ports import ChatSurface, MessageRenderer, Refusal, UnknownOutcome
from core.domain.refs import MessageId, Place, ThreadId, WorkspaceId
from core.domain.session import Session
from core.errors import Conflict, PermanentError, TransientError
from core.ports import Behind, Clock, SessionQuery, Thread, UnitOfWork
from core.service.narration import folded, narrate
from core.service.outbound import NO_LINKS, Links

log = structlog.get_logger(__name__)

_CARD_EVERY_S = 5.0
_CALL_S = 10.0
_AT_ONCE = 500
_EVENTS_AT_ONCE = 500
_FOLD_ABOVE = 30  # messages: half a minute's worth where one a second may be posted
_REDRAWN = 20
_REDRAWN_CHANGED_WITHIN = timedelta(minutes=10)


class Relay:
    """Shows one workspace's sessions in their threads."""

    def __init__(
        self,
        *,
        workspace: WorkspaceId,
        uow: UnitOfWork,
        clock: Clock,
        surface: ChatSurface,
        renderer: MessageRenderer,
        lease: SenderLease,
        pace: Pace,
        on_posts: Callable[[], None],
        poll_s: float,
        links: Links = NO_LINKS,
    ) -> None:
        """
        Args:
            links: what agents may link to in any session, beside what the session itself has found.
        """
        self._workspace = workspace
        self._uow = uow
        self._clock = clock
        self._surface = surface
        self._renderer = renderer
        self._lease = lease
        self._pace = pace
        self._poll_s = poll_s  # when nobody rings
        self._on_posts = on_posts
        self._links = links
        self._awake = Alarm()
        self._new_term = False
        self._replaced: dict[ThreadId, MessageId] = {}  # cards that are gone; a new one is in the outbox
        lease.on_taken(self._taken)

    def wake(self) -> None:
        """There may be something to show."""
        self._awake.ring()

    async def run(self) -> None:
        """Show events until cancelled; cards are drawn beside, so that they never hold up a post."""
        async with asyncio.TaskGroup() as group:
            cards = Alarm()
            group.create_task(self._loop(self._awake, self._show_events, then=cards.ring))
            group.create_task(self._loop(cards, self._draw_cards))

    async def _loop(self, awake: Alarm, step: Callable[[], Any], *, then: Callable[[], None] | None = None) -> None:
        while True:
            wait_s = self._poll_s
            if self._lease.held:
                try:
                    wait_s = await step()
                except TransientError as error:
                    log.warning("relay.cannot_read", workspace=self._workspace, error=str(error))
                except Exception:
                    log.exception("relay.broken", workspace=self._workspace)
                if then is not None:
                    then()
            await awake.wait(min(wait_s, self._poll_s))

    def _taken(self) -> None:
        self._new_term = True
        self.wake()

    async def _show_events(self) -> float:
        """Put into the outbox what can go; returns the seconds until more can."""
        async with self._uow.read(self._workspace) as work:
            behind = await work.deliveries.behind(_AT_ONCE)
            sending = {head.thread for head in await work.posts.heads()} if behind else set()
        wait_s = self._poll_s
        shown: Counter[Lane] = Counter()
        for session_behind in behind:
            thread = session_behind.thread
            if thread.id in sending:
                continue  # the sender wakes us when it is through
            lane = self._pace.lane(thread.channel, thread.root)
            lane_wait_s = self._pace.post_wait_s(lane, after=shown[lane])
            if lane_wait_s > 0:
                wait_s = min(wait_s, lane_wait_s)
                continue
            shown[lane] += 1
            await self._show(session_behind)
        return wait_s

    async def _show(self, behind: Behind) -> None:
        thread = behind.thread
        try:
            async with self._uow.begin(self._workspace) as work:
                session = await work.sessions.get(behind.session)
                recorded = await work.sessions.events(behind.session, after=behind.shown_seq, limit=_EVENTS_AT_ONCE)
                if session is None or not recorded:
                    return
                links = self._links.of_session(session.hosts)
                words = [word for record in recorded for word in narrate(record, session.team, links)]
                messages = self._renderer.render(session, thread, words)
                if len(messages) > _FOLD_ABOVE:
                    log.info("relay.folded", session=session.id, messages=len(messages))
                    messages = self._renderer.render(session, thread, folded(words))
                for rendered in messages:
                    draft = rendered.draft
                    if rendered.document is not None:
                        draft = replace(draft, blob=await work.files.put(rendered.document))
                    await work.posts.add(thread.id, draft)
                await work.deliveries.advance(
                    session.id, thread.id, before=behind.shown_seq, shown_seq=recorded[-1].seq
                )
        except Conflict:
            log.info("relay.overtaken", session=behind.session)
            return
        if words:
            self._on_posts()

    async def _draw_cards(self) -> float:
        """Redraw cards that are due; returns the seconds until the next."""
        if self._new_term:
            self._new_term = False
            await self._redraw_recent()
        async with self._uow.read(self._workspace) as work:
            stale = await work.deliveries.stale_cards()
        wait_s = self._poll_s
        for session, thread in stale:
            if thread.card is None or self._replaced.get(thread.id) == thread.card:
                continue
            card_wait_s = self._pace.edit_wait_s()
            if thread.card_at is not None and not session.finished:
                due_at = thread.card_at + timedelta(seconds=_CARD_EVERY_S)
                card_wait_s = max(card_wait_s, (due_at - self._clock.now()).total_seconds())
            if card_wait_s > 0:
                wait_s = min(wait_s, card_wait_s)
                continue
            await self._draw(session, thread)
        return wait_s

    async def _redraw_recent(self) -> None:
        """Draw anew what the process before us may have left half done."""
        async with self._uow.read(self._workspace) as work:
            recent = await work.sessions.search(SessionQuery(limit=_REDRAWN))
            found: list[tuple[Session, Thread]] = []
            for session in recent:
                settled = session.finished and session.changed_at < work.now - _REDRAWN_CHANGED_WITHIN
                if settled or session.thread is None:
                    continue
                thread = await work.threads.get(session.thread)
                newest = await work.sessions.newest_in(session.thread)
                if thread and thread.card and not thread.blocked and newest and newest.id == session.id:
                    found.append((session, thread))
        for session, thread in found:
            if self._pace.edit_wait_s() == 0:
                await self._draw(session, replace(thread, card_hash=""))

    async def _draw(self, session: Session, thread: Thread) -> None:
        assert thread.card is not None
        payload = self._renderer.card(session)
        drawn_hash = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        if drawn_hash != thread.card_hash and not await self._edited(session, thread, thread.card, payload):
            return
        async with self._uow.begin(self._workspace) as work:
            if drawn_hash != thread.card_hash:
                await work.threads.set_card(thread.id, thread.card, drawn_hash)
            await work.deliveries.drawn(session)

    async def _edited(self, session: Session, thread: Thread, card: MessageId, payload: dict[str, Any]) -> bool:
        """Edit the card; False when it is to be tried again later or a new one is under way."""
        self._pace.edited()
        place = Place(workspace=self._workspace, channel=thread.channel, root=thread.root)
        try:
            async with asyncio.timeout(_CALL_S):
                await self._surface.edit(place, card, payload)
        except (TimeoutError, UnknownOutcome):
            self._pace.pause(EDIT, _CARD_EVERY_S)
            return False
        except TransientError as error:
            self._pace.pause(EDIT, error.retry_after_s)
            return False
        except PermanentError as error:
            log.warning("relay.card_refused", session=session.id, error=str(error))
            await self._card_refused(session, thread, card, error)
            return False
        return True

    async def _card_refused(self, session: Session, thread: Thread, card: MessageId, error: PermanentError) -> None:
        if error.reason == Refusal.DISCONNECTED:
            self._pace.pause(EDIT, 3_600.0)
            return
        async with self._uow.begin(self._workspace) as work:
            if error.reason == Refusal.THREAD_GONE:
                await work.threads.block(thread.id, str(error))
            elif error.reason == Refusal.MESSAGE_GONE:
                await work.posts.add(thread.id, self._renderer.root(session))
                self._replaced[thread.id] = card
            await work.deliveries.drawn(session)  # what comes next in the session draws it again
        self._on_posts()
