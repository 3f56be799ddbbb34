"""What people ask, carried out: start, reply, stop. Decides in one transaction, from the inbox row to its outcome.

A platform's handlers call `take` before they acknowledge; `run` carries out what a dead process left behind. What is
only read (`/history`, status) is in `history`. Never speaks to a platform inside a transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from core.domain import events as ev
from core.domain.commands import Command, PostReply, StartSession, StopSession
from core.domain.lifecycle import FINAL, Move, State
from core.domain.refs import Person, Place, Platform, SessionId, new_id
from core.domain.session import Question, Session
from core.errors import Conflict, TransientError, UserError
from core.ports import (
    TOPIC_RELAY,
    TOPIC_STEER,
    Answer,
    Clock,
    Conversations,
    InboxRow,
    InState,
    NewSession,
    Notify,
    Renderer,
    SessionQuery,
    Tell,
    Thread,
    UnitOfWork,
    Work,
)
from core.service.policy import ACTIVE, Policy

log = structlog.get_logger(__name__)

_UNTAKEN_AFTER_S = 5.0
_SAME_AGAIN_S = 30.0
_HARD_STOP = frozenset({State.BUILDING, State.RUNNING})
_UNFINISHED = frozenset(State) - FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a session gets when nobody says otherwise."""

    provider: str
    model: str
    max_rounds: int


class FrontDesk:
    """The one place where a person's request becomes what happens to a session."""

    def __init__(
        self,
        *,
        platform: Platform,
        uow: UnitOfWork,
        clock: Clock,
        conversations: Conversations,
        renderer: Renderer,
        policy: Policy,
        defaults: Defaults,
        tell: Tell,
    ) -> None:
        self._platform = platform
        self._uow = uow
        self._clock = clock
        self._conversations = conversations
        self._renderer = renderer
        self._policy = policy
        self._defaults = defaults
        self._tell = tell
        self._notify: dict[int, Notify] = {}
        self._wanted: set[Place] = set()
        self._at_work: set[Place] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, command: Command, *, dedupe_key: str, order: str, notify: Notify) -> bool:
        """Keep the command and carry it out soon; once this returns, it will happen.

        Args:
            dedupe_key: the same for every delivery of the same request.
            order: sorts the requests of one place, as text, in the platform's order.
            notify: told at most once, when the person should read something in private.

        Returns:
            False when the request is known already.

        Raises:
            TransientError: it could not be kept, so nothing will happen.
        """
        async with self._uow.begin(command.place.workspace) as work:
            row = await work.inbox.put(command, dedupe_key=dedupe_key, order=order)
        if row is None:
            return False
        self._notify[row] = notify
        self._soon(command.place)
        return True

    async def run(self) -> None:
        """Carry out what other processes took and did not finish; runs until cancelled."""
        while True:
            try:
                async with self._uow.across() as across:
                    places = await across.untaken(self._clock.now() - timedelta(seconds=_UNTAKEN_AFTER_S))
                for place in places:
                    if place.workspace.startswith(f"{self._platform}:"):
                        self._soon(place)
            except TransientError as error:
                log.warning("front_desk.sweep_failed", error=str(error))
            await asyncio.sleep(_UNTAKEN_AFTER_S)

    async def drain(self) -> None:
        """Wait until everything taken so far is carried out."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _soon(self, place: Place) -> None:
        self._wanted.add(place)
        if place not in self._at_work:
            self._at_work.add(place)
            task = asyncio.create_task(self._carry_out(place))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, place: Place) -> None:
        try:
            while place in self._wanted:
                self._wanted.discard(place)
                while await self._carry_out_next(place):
                    pass
        except TransientError as error:
            log.warning("front_desk.later", place=place.encode(), error=str(error))  # `run` comes back to it
        except Exception:
            log.exception("front_desk.broken", place=place.encode())
        finally:
            self._at_work.discard(place)

    async def _carry_out_next(self, place: Place) -> bool:
        """Carry out the place's next row; False when there is none."""
        async with self._uow.read(place.workspace) as work:
            row = await work.inbox.next_of(place, lock=False)
        if row is None:
            return False
        refusal = await self._admission(row.command)
        answer: Answer | None
        try:
            async with self._uow.begin(place.workspace) as work:
                locked = await work.inbox.next_of(place)
                if locked is None or locked.id != row.id:
                    return True  # another process was faster, or an earlier row came in
                if refusal:
                    raise UserError(refusal)
                answer = await self._decide(work, row)
                await work.inbox.done(row.id, "done")
        except Conflict:
            return True  # the session moved meanwhile: look again
        except UserError as error:
            answer = Answer(text=str(error))
            await self._refused(row)
        await self._say(row, answer)
        return True

    async def _admission(self, command: Command) -> str:
        if not isinstance(command, StartSession):
            return ""  # Muster was there to hear it
        return await self._conversations.admit(command.place)

    async def _refused(self, row: InboxRow) -> None:
        command = row.command
        async with self._uow.begin(command.place.workspace) as work:
            await work.inbox.done(row.id, "refused")
            await work.audit.note(
                by=command.by.id,
                action=type(command).__name__,
                subject="",
                allowed=False,
                where=command.place.encode(),
            )

    async def _say(self, row: InboxRow, answer: Answer | None) -> None:
        notify = self._notify.pop(row.id, None)
        if answer is None:
            return
        try:
            if notify is not None:
                await notify(answer)
            else:
                await self._tell(row.command.place, row.command.by.id, answer)
        except Exception:
            log.warning("front_desk.answer_not_delivered", place=row.command.place.encode(), exc_info=True)

    async def _decide(self, work: Work, row: InboxRow) -> Answer | None:
        match row.command:
            case StartSession() as command:
                again = await work.inbox.repeats(row, _SAME_AGAIN_S)
                if again is not None:
                    return Answer(text=f"You have just started this: it is #{again}.")
                await self._start(work, command)
                return None
            case PostReply() as command:
                return await self._reply(work, command)
            case StopSession() as command:
                session = await self._to_stop(work, command)
                return await self._stop(work, session, command.by, admin=command.admin)

    # --- start

    async def _start(self, work: Work, command: StartSession) -> None:
        self._policy.check_person(restricted=command.restricted)
        self._policy.check_task(command.task)
        place = command.place
        thread = await work.threads.open(place.channel, place.root, owned=place.root is None)
        await self._open_session(work, thread, command.by, command.task, card=True)

    async def _open_session(
        self, work: Work, thread: Thread, by: Person, task: str, *, parent: SessionId | None = None, card: bool
    ) -> None:
        newest = await work.sessions.newest_in(thread.id)
        if newest is not None and not newest.finished:
            raise UserError(f"#{newest.number} is still at work in this thread. Reply there, or stop it first.")
        new = NewSession(
            id=SessionId(new_id()),
            thread=thread.id,
            task=task,
            starter=by,
            provider=self._defaults.provider,
            model=self._defaults.model,
            max_rounds=self._defaults.max_rounds,
            parent=parent,
        )
        session = await work.sessions.open(new, ev.TaskGiven(task=task, by=by, parent=parent))
        await self._check_room(work, by)
        await work.deliveries.add(session.id, thread.id, shown_seq=0)
        if card:
            await work.posts.add(thread.id, self._renderer.root(session))
        await work.audit.note(
            by=by.id, action="start", subject=session.id, allowed=True, where=f"{work.workspace}/{thread.channel}"
        )
        work.wake(session.id)
        work.ring(TOPIC_RELAY, work.workspace)
        log.info("session.opened", session=session.id, number=session.number, workspace=work.workspace)

    async def _check_room(self, work: Work, by: Person) -> None:
        limit = self._policy.max_active_per_workspace + 1
        active = await work.sessions.search(SessionQuery(states=ACTIVE, limit=limit))
        of_user = await work.sessions.search(SessionQuery(states=ACTIVE, starter=by.id, limit=limit))
        self._policy.check_room(of_user=len(of_user), of_workspace=len(active))

    # --- reply

    async def _reply(self, work: Work, command: PostReply) -> Answer | None:
        thread = await work.threads.at(command.place)
        session = await work.sessions.newest_in(thread.id) if thread is not None else None
        if thread is None or session is None:
            if command.addressed:
                start = StartSession(
                    place=command.place, by=command.by, task=command.text, restricted=command.restricted
                )
                await self._start(work, start)
            return None
        if not thread.owned and not command.addressed:
            return None
        self._policy.check_person(restricted=command.restricted)
        if not command.text.strip():
            return Answer(text="I can read words only, for now: please write your reply.")
        if command.text.strip().casefold() == "stop" and not session.finished:
            return await self._stop(work, session, command.by, admin=command.admin)
        if session.finished:
            self._policy.check_task(command.text)
            await self._open_session(
                work, thread, command.by, command.text, parent=session.id, card=thread.card is None
            )
            return None
        question = await work.questions.open_in(session.id)
        if question is not None and _is_later(command, question):
            return await self._answer_question(work, session, question, command)
        return await self._note(work, session, command)

    async def _answer_question(
        self, work: Work, session: Session, question: Question, command: PostReply
    ) -> Answer | None:
        if not await work.questions.answer(question.id, command.by, command.text, command.message):
            raise Conflict("another reply was first")
        await work.sessions.record(
            session.id,
            InState(states=frozenset({State.WAITING})),
            [ev.QuestionAnswered(question=question.id, by=command.by, text=command.text)],
            move=Move.ANSWER,
        )
        work.wake(session.id)
        work.ring(TOPIC_RELAY, work.workspace)
        return None

    async def _note(self, work: Work, session: Session, command: PostReply) -> Answer | None:
        if session.state is State.STOPPING:
            raise UserError(f"#{session.number} is being stopped. Reply again when it has ended, to go on from there.")
        await work.sessions.record(
            session.id, InState(states=_UNFINISHED), [ev.NoteGiven(by=command.by, text=command.text)]
        )
        work.ring(TOPIC_RELAY, work.workspace)
        answered = await work.questions.last_answer(session.id)
        if answered is None or answered.by.id == command.by.id:
            return None
        # Typed before the winning answer could be seen: it was meant as an answer.
        if _is_later(command, answered.question) and command.said_at <= answered.at:
            return Answer(
                text=f"The question is already answered by {answered.by.name}. "
                "The team gets your message as a note, at its next turn."
            )
        return None

    # --- stop

    async def _to_stop(self, work: Work, command: StopSession) -> Session:
        if command.number is not None:
            session = await work.sessions.by_number(command.number)
            if session is None:
                raise UserError(f"There is no session #{command.number}.")
            return session
        thread = await work.threads.at(command.place)
        if thread is not None:
            newest = await work.sessions.newest_in(thread.id)
            found = [newest] if newest is not None and not newest.finished else []
        else:
            query = SessionQuery(channel=command.place.channel, states=_UNFINISHED)
            found = await work.sessions.search(query)
            found.sort(key=lambda session: session.starter.id != command.by.id)  # own ones first, newest first
        if not found:
            raise UserError("Nothing is at work here. `/agents status` shows what is, `/history` what was.")
        return found[0]

    async def _stop(self, work: Work, session: Session, by: Person, *, admin: bool) -> Answer:
        self._policy.check_stop(session, by, admin=admin)
        if session.finished:
            raise UserError(f"#{session.number} has ended already.")
        if session.state is State.STOPPING:
            raise UserError(f"#{session.number} is being stopped already.")
        if session.state in _HARD_STOP:
            happened: Sequence[ev.Event] = [ev.StopRequested(by=by)]
            work.ring(TOPIC_STEER, session.id)
        else:
            happened = [ev.Stopped(by=by)]
            await work.questions.withdraw(session.id)
        await work.sessions.record(session.id, InState(states=frozenset({session.state})), happened, move=Move.STOP)
        await work.audit.note(by=by.id, action="stop", subject=session.id, allowed=True, where=work.workspace)
        work.ring(TOPIC_RELAY, work.workspace)
        return Answer(text=f"Stopping #{session.number}. What was made so far stays in its thread.")


def _is_later(command: PostReply, question: Question) -> bool:
    """Whether the message came after the question could be read.

    By the platform's ids; while the outcome of the question's post is unknown, by time: it may be visible already.
    """
    if question.message is not None:
        return command.message > question.message
    return question.attempted_at is not None and command.said_at > question.attempted_at
