"""What a request does to sessions: start, reply, stop. The front desk's rules, each decided inside one transaction.

Called by the front desk with a locked row of the inbox. Reads and writes through `Work` alone; speaks to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from core.domain import events as ev
from core.domain.commands import ChangeReply, PostReply, StartSession, StopSession
from core.domain.lifecycle import Move, State
from core.domain.refs import MessageId, Person, SessionId, new_id
from core.domain.session import Question, Session
from core.errors import Conflict, TransientError, UserError
from core.ports import (
    TOPIC_RELAY,
    Answer,
    InboxRow,
    InState,
    NewSession,
    Renderer,
    SessionQuery,
    Thread,
    Work,
)
from core.service.changes import Changes
from core.service.policy import ACTIVE, Policy
from core.service.stops import UNFINISHED, Stops

log = structlog.get_logger(__name__)

_SAME_AGAIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a session gets when nobody says otherwise."""

    provider: str
    model: str
    max_rounds: int
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Providers that people may choose, each with the models known of it, the usual one first."""


class Decisions:
    """What happens for each command."""

    def __init__(self, *, policy: Policy, defaults: Defaults, renderer: Renderer) -> None:
        self._policy = policy
        self._defaults = defaults
        self._renderer = renderer
        self._stops = Stops(policy)
        self._changes = Changes(policy, self._stops)

    def check(self, command: StartSession) -> None:
        """What can be said about a start without looking at anything.

        Raises:
            UserError: it is refused.
        """
        self._policy.check_person(restricted=command.restricted)
        self._policy.check_task(command.task)
        self._policy.check_wish(command.team)
        self._model_for(command)

    async def decide(self, work: Work, row: InboxRow) -> Answer | None:
        """Carry the row's command out.

        Returns:
            What the person is told in private, if anything.

        Raises:
            UserError: it is refused.
            Conflict: somebody else moved the session first; look again.
            TransientError: it cannot be decided yet.
        """
        match row.command:
            case StartSession() as command:
                again = await work.inbox.repeats(row, _SAME_AGAIN_S)
                if again is not None:
                    return Answer(text=f"You have just started this: it is #{again}.")
                await self._start(work, command)
                return None
            case PostReply() as command:
                return await self._reply(work, command)
            case ChangeReply() as command:
                return await self._changes.carry_out(work, command, received_at=row.received_at)
            case StopSession() as command:
                return await self._stops.carry_out(work, command)

    # --- start

    async def _start(self, work: Work, command: StartSession) -> None:
        self.check(command)
        place = command.place
        thread = await work.threads.open(place.channel, place.root, owned=place.root is None)
        await self._open_session(work, thread, command, card=True)

    def _model_for(self, command: StartSession) -> tuple[str, str]:
        """Names of the provider and the model that the session gets; any model's name is taken.

        Raises:
            UserError: there is no such provider here.
        """
        provider = command.provider.strip() or self._defaults.provider
        if command.model.strip():
            self._policy.check_model(command.model)
        if provider == self._defaults.provider:
            return provider, command.model.strip() or self._defaults.model
        if provider not in self._defaults.models:
            there_is = ", ".join(f"`{name}`" for name in self._defaults.models or (self._defaults.provider,))
            raise UserError(f"There is no provider of that name here. You can choose: {there_is}.", about="provider")
        return provider, command.model.strip() or self._defaults.models[provider][0]

    async def _open_session(
        self,
        work: Work,
        thread: Thread,
        command: StartSession,
        *,
        parent: SessionId | None = None,
        message: MessageId | None = None,
        card: bool,
    ) -> None:
        by, task = command.by, command.task
        provider, model = self._model_for(command)
        newest = await work.sessions.newest_in(thread.id)
        if newest is not None and not newest.finished:
            raise UserError(f"#{newest.number} is still at work in this thread. Reply there, or stop it first.")
        new = NewSession(
            id=SessionId(new_id()),
            thread=thread.id,
            task=task,
            starter=by,
            provider=provider,
            model=model,
            max_rounds=self._defaults.max_rounds,
            parent=parent,
        )
        given = ev.TaskGiven(
            task=task, by=by, parent=parent, team=command.team.strip(), files=command.files, message=message
        )
        session = await work.sessions.open(new, given)
        await self._check_room(work, by)
        for file in command.files:
            await work.files.attach(session.id, file)
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
            await self._reply_elsewhere(work, command)
            return None
        if not thread.owned and not command.addressed:
            return None
        self._policy.check_person(restricted=command.restricted)
        if not command.text.strip():
            return Answer(text="I can read words only, for now: please write your reply.")
        if command.text.strip().casefold() == "stop":
            return await self._stops.stop(work, session, command.by, admin=command.admin)
        if session.finished:
            self._policy.check_task(command.text)
            follow_up = StartSession(place=command.place, by=command.by, task=command.text)
            await self._open_session(
                work, thread, follow_up, parent=session.id, message=command.message, card=thread.card is None
            )
            return None
        question = await work.questions.open_in(session.id)
        if question is not None and _is_later(command, question):
            await self._answer_question(work, session, question, command)
            return None
        return await self._note(work, session, command)

    async def _reply_elsewhere(self, work: Work, command: PostReply) -> None:
        """A reply in a thread that Muster does not know: a start when it is addressed, else nothing."""
        if await work.threads.opening_in(command.place.channel):
            raise TransientError("the reply may be under a root post whose id is not known yet")
        if command.addressed:
            start = StartSession(place=command.place, by=command.by, task=command.text, restricted=command.restricted)
            await self._start(work, start)

    async def _answer_question(self, work: Work, session: Session, question: Question, command: PostReply) -> None:
        if not await work.questions.answer(question.id, command.by, command.text, command.message):
            raise Conflict("another reply was first")
        await work.sessions.record(
            session.id,
            InState(states=frozenset({State.WAITING})),
            [ev.QuestionAnswered(question=question.id, by=command.by, text=command.text, message=command.message)],
            move=Move.ANSWER,
        )
        work.wake(session.id)
        work.ring(TOPIC_RELAY, work.workspace)

    async def _note(self, work: Work, session: Session, command: PostReply) -> Answer | None:
        if session.state is State.STOPPING:
            raise UserError(f"#{session.number} is being stopped. Reply again when it has ended, to go on from there.")
        await work.sessions.record(
            session.id,
            InState(states=UNFINISHED - {State.STOPPING}),
            [ev.NoteGiven(by=command.by, text=command.text, message=command.message)],
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


def _is_later(command: PostReply, question: Question) -> bool:
    """Whether the message came after the question could be read.

    By the platform's ids; while the outcome of the question's post is unknown, by time: it may be visible already.
    """
    if question.message is not None:
        return command.message > question.message
    return question.attempted_at is not None and command.said_at > question.attempted_at
