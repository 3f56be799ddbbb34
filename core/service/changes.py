"""Replies that people change or delete: until the team reads one, its latest text counts; afterwards they are told.

Called by the front desk's decisions, inside their transaction. What was recorded stays; a change is recorded behind it.
"""

from datetime import datetime, timedelta

from core.domain import events as ev
from core.domain.commands import ChangeReply
from core.domain.lifecycle import State
from core.domain.session import Session, as_changed, is_read, reply_in
from core.errors import TransientError, UserError
from core.ports import TOPIC_RELAY, Answer, InState, Work
from core.service.answers import meant
from core.service.policy import Policy, grants_of
from core.service.stops import UNFINISHED, Stops

_JUST_SAID = timedelta(seconds=60)
_OVERTAKES_BY = timedelta(seconds=8)
"""By how much a change may come before its message: they may reach two processes, or one may be told again."""


class Changes:
    """What happens for a changed or deleted reply."""

    def __init__(self, policy: Policy, stops: Stops) -> None:
        self._policy = policy
        self._stops = stops

    async def carry_out(self, work: Work, command: ChangeReply, *, received_at: datetime) -> Answer | None:
        """Record the change, if the team has not read the reply.

        Raises:
            UserError: it has.
            Conflict: the session moved first.
            TransientError: the reply itself may be on its way yet.
        """
        session = await _session_told(work, command)
        if session is None:
            just_said = command.said_at is not None and command.said_at > work.now - _JUST_SAID
            if just_said and received_at > work.now - _OVERTAKES_BY:
                raise TransientError("a change may have overtaken its message")
            return None  # the message never counted
        self._policy.check_person(restricted=command.restricted)
        before = await work.sessions.events(session.id)
        now = reply_in(as_changed(before), command.message)
        text = await _meant(work, command, now)
        if _text(now) == text:
            return None
        if session.finished or session.state is State.STOPPING or _is_read(command, before, session):
            raise UserError(_too_late(command, session))
        if command.text.strip().casefold() == "stop":
            grants = await grants_of(work, command)
            return await self._stops.stop(work, session, command.by, grants, command.place.channel)
        if command.text:  # who may no longer speak to the team may still take back what they said
            self._policy.check_steer(session, await grants_of(work, command), command.place.channel)
        changed = ev.ReplyChanged(message=command.message, by=command.by, text=text)
        after = await work.sessions.record(session.id, InState(states=UNFINISHED - {State.STOPPING}), [changed])
        # The row is locked from here on: no worker can begin to read in between.
        if _is_read(command, await work.sessions.events(session.id), after):
            raise UserError(_too_late(command, session))
        work.ring(TOPIC_RELAY, work.workspace)
        return None


async def _session_told(work: Work, command: ChangeReply) -> Session | None:
    """The session of the thread that the message was for."""
    thread = await work.threads.at(command.place)
    session = await work.sessions.newest_in(thread.id) if thread is not None else None
    while session is not None:
        if reply_in(await work.sessions.events(session.id), command.message) is not None:
            return session
        session = await work.sessions.get(session.parent) if session.parent is not None else None
    return None


def _is_read(command: ChangeReply, recorded: list[ev.Recorded], session: Session) -> bool:
    reply = reply_in(recorded, command.message)
    return reply is None or is_read(reply, recorded, session.state)


async def _meant(work: Work, command: ChangeReply, reply: ev.Recorded | None) -> str:
    """What the message means now: of an answer to a question with choices, the choice that it names."""
    if reply is None or not isinstance(reply.event, ev.QuestionAnswered):
        return command.text
    question = await work.questions.get(reply.event.question)
    return meant(command.text, question.choices) if question is not None else command.text


def _text(reply: ev.Recorded | None) -> str:
    """What the message says; "" when it was deleted."""
    match reply.event if reply is not None else None:
        case ev.NoteGiven(text=text) | ev.QuestionAnswered(text=text) | ev.TaskGiven(task=text):
            return text
        case _:
            return ""


def _too_late(command: ChangeReply, session: Session) -> str:
    if not command.text:
        return f"#{session.number} has what your deleted message said: the team had read it."
    return f"#{session.number} has your message as it was before you changed it. Reply again to say what is different."
