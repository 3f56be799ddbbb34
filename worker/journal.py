"""A claimed session's memory: what has happened, and the one way in which its worker adds to it.

Made by the runner with each claim, used by the turn. Every commit is fenced by the claim's epoch, holds the visible
events together with the engine's state, and rings the relay; nothing else in the worker writes to a session that runs.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.refs import FileRef, ProcessId, SessionId
from core.domain.session import Question, Session, Usage, as_changed, transcript
from core.errors import MusterError
from core.ports import TOPIC_RELAY, Change, Held, UnitOfWork, Work
from worker.budget import Budget
from worker.recording import KNOWS_NONE, SAID_CHARS, arguments, fit, kept, output
from worker.team.transcript import Conversation
from worker.tools.folder import MadeFile

log = structlog.get_logger(__name__)

MOST_ANCESTORS = 5

Step = dict[str, Any]
TakeUsage = Callable[[], Usage | None]


class StopAsked(MusterError):
    """A person wants the session to end: begin nothing new."""


class Journal:
    """One claim of one session."""

    def __init__(self, uow: UnitOfWork, session: Session, owner: ProcessId) -> None:
        self.session = session
        self.redactor = KNOWS_NONE
        """Strikes out what may not be kept; the drive sets it once it has opened the session's keys."""
        self.budget: Budget | None = None
        self.held = Held(owner=owner, epoch=session.epoch)
        self.steps: list[Step] = []
        self.take_usage: TakeUsage = lambda: None
        self._uow = uow
        self._records: list[ev.Recorded] = []
        self._earlier: list[ev.Recorded] = []
        self._ancestors: list[SessionId] = []
        self._events: list[ev.Event] = []
        self._new_steps: list[Step] = []
        self._made: dict[int, Sequence[MadeFile]] = {}  # by the place of their event in `_events`

    async def load(self) -> None:
        """Read what happened before this claim, in the sessions that this one goes on from too."""
        async with self._uow.read(self.session.workspace) as work:
            self._records = await work.sessions.events(self.session.id)
            self.steps = await work.steps.load(self.session.id)
            parent = self.session.parent
            while parent is not None and len(self._ancestors) < MOST_ANCESTORS:
                self._ancestors.insert(0, parent)
                self._earlier = await work.sessions.events(parent) + self._earlier
                found = await work.sessions.get(parent)
                parent = found.parent if found is not None else None

    async def refresh(self) -> list[FileRef]:
        """Read what others added: notes, an answer, a wish to stop; returns the files that people brought with it."""
        after = self._records[-1].seq if self._records else 0
        async with self._uow.read(self.session.workspace) as work:
            added = await work.sessions.events(self.session.id, after=after)
        self._records += added
        said = (record.event for record in added if isinstance(record.event, ev.NoteGiven | ev.QuestionAnswered))
        return [file for event in said for file in event.files]

    def calls_so_far(self) -> Counter[str]:
        """How often each tool was called, for those that may be called only so often in a session."""
        return Counter(r.event.tool for r in self._records if isinstance(r.event, ev.ToolStarted))

    def conversation(self, *, before: int | None = None) -> Conversation:
        """What has been said, up to the event with seq *before*."""
        records = [record for record in self._records if before is None or record.seq < before]
        return Conversation(lines=transcript(records), earlier=transcript(self._earlier))

    def open_turn(self) -> tuple[int, str] | None:
        """Seq and agent of the turn that began and did not end, if there is one."""
        for record in reversed(self._records):
            match record.event:
                case ev.TurnStarted(agent=agent):
                    return record.seq, agent
                case ev.Said():
                    return None
                case _:
                    pass
        return None

    def answer(self, question: str) -> ev.QuestionAnswered | ev.QuestionLapsed | None:
        """The answer to *question*, or that it lapsed."""
        ends = (r.event for r in as_changed(self._records))
        said = (end for end in ends if isinstance(end, ev.QuestionAnswered | ev.QuestionLapsed))
        return next((end for end in said if end.question == question), None)

    def asked(self, question: str) -> ev.QuestionAsked | None:
        """The question as people saw it."""
        questions = (r.event for r in self._records if isinstance(r.event, ev.QuestionAsked))
        return next((asked for asked in questions if asked.question == question), None)

    def requests_since(self, moment: datetime) -> int:
        """How often people were asked for leave since then."""
        recent = (r.event for r in self._records if r.at > moment)
        return sum(isinstance(event, ev.QuestionAsked) and bool(event.approves) for event in recent)

    def fit(self, event: ev.Event) -> ev.Event:
        """*event* as it may be kept."""
        return fit(event, self.redactor)

    def output(self, text: str) -> str:
        """A tool's output as it may be kept."""
        return output(text, self.redactor)

    def arguments(self, text: str) -> str:
        """A tool call's arguments as they may be kept."""
        return arguments(text, self.redactor)

    def kept(self, text: str) -> str:
        """An agent's words as they may be kept."""
        return kept(text, SAID_CHARS, self.redactor)

    def stage(self, *happened: ev.Event, step: Step | None = None, made: Sequence[MadeFile] = ()) -> None:
        """Keep this with the next commit; *made* are the files that the last event, a `ToolFinished`, tells of."""
        self._events += map(self.fit, happened)
        if made:
            self._made[len(self._events) - 1] = made
        if step is not None:
            self.steps.append(step)
            self._new_steps.append(step)

    async def commit_staged(self) -> None:
        """Write what is staged, if anything is; raises as `commit` does."""
        if self._events or self._new_steps:
            await self.commit()

    async def commit(
        self,
        *happened: ev.Event,
        move: Move | None = None,
        change: Change | None = None,
        question: Question | None = None,
        completes_unless_noted_after: int | None = None,
    ) -> None:
        """Write what is staged, then *happened*, in one transaction; with `Said` the turn's steps are dropped.

        Args:
            question: opened in the same transaction.
            completes_unless_noted_after: the session is completed too, unless a person has written something after
                the event with this seq, which the team then has to read first.

        Raises:
            StopAsked: the commit was made, and a person has asked for an end.
            StaleEpoch: another process has the session now.
            Conflict: the state does not allow the move: somebody asked for a stop just before.
            TransientError: the database did not take it.
        """
        self.stage(*happened)
        used_by = turn[1] if (turn := self.open_turn()) is not None else ""
        whole = replace(change or Change(), attempts=0, add_usage=self.take_usage(), used_by=used_by)
        me = self.session.id
        async with self._uow.begin(self.session.workspace) as work:
            recorded = await self._with_files(work)
            session = await work.sessions.record(me, self.held, recorded, move=move, change=whole)
            # The row is locked from here on: no note can come in between.
            if completes_unless_noted_after is not None and not await self._noted(work, completes_unless_noted_after):
                session = await work.sessions.record(me, self.held, [ev.Completed()], move=Move.COMPLETE)
            ends_turn = session.finished or any(isinstance(event, ev.Said) for event in recorded)
            if ends_turn:
                await work.steps.drop(me)
            else:
                for step in self._new_steps:
                    await work.steps.append(me, step)
            if question is not None:
                await work.questions.ask(question)
            if self.budget is not None:
                await self.budget.settle(work)
            work.ring(TOPIC_RELAY, self.session.workspace)
        if ends_turn:
            self.steps = []
        self.session = session
        self._events, self._new_steps, self._made = [], [], {}
        if session.state is State.STOPPING:
            raise StopAsked("a person asked for it")

    async def notice(self, sentence: str) -> None:
        """Tell people something in passing; what is staged stays staged."""
        async with self._uow.begin(self.session.workspace) as work:
            self.session = await work.sessions.record(self.session.id, self.held, [self.fit(ev.Noticed(text=sentence))])
            work.ring(TOPIC_RELAY, self.session.workspace)

    async def files(self) -> list[FileRef]:
        """The files of the sessions that this one goes on from, then its own."""
        async with self._uow.read(self.session.workspace) as work:
            return [
                file for session in (*self._ancestors, self.session.id) for file in await work.files.of_session(session)
            ]

    async def content(self, file: FileRef) -> bytes | None:
        """The bytes of a file."""
        async with self._uow.read(self.session.workspace) as work:
            return await work.files.content(file.blob)

    async def _noted(self, work: Work, seq: int) -> bool:
        later = await work.sessions.events(self.session.id, after=seq)
        return any(isinstance(record.event, ev.NoteGiven) for record in as_changed(later))

    async def _with_files(self, work: Work) -> list[ev.Event]:
        """The staged events, their files stored and named in them."""
        events = list(self._events)
        for at, made in self._made.items():
            refs: list[FileRef] = []
            for file in made:
                blob = await work.files.put(file.content)
                ref = FileRef(name=file.name, blob=blob, size_bytes=len(file.content), mime=file.mime)
                await work.files.attach(self.session.id, ref)
                refs.append(ref)
            event = events[at]
            if isinstance(event, ev.ToolFinished):
                events[at] = replace(event, files=tuple(refs))
        return events
