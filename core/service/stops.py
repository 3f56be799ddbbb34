"""Who may end which session, and what ending one does: the button, the command, the word, the reaction.

Called by the front desk's decisions, inside their transaction. Reads and writes through `Work` alone.
"""

from collections.abc import Sequence

from core.domain import events as ev
from core.domain.access import Grants
from core.domain.commands import StopSession
from core.domain.lifecycle import FINAL, Move, State
from core.domain.refs import ChannelId, Person
from core.domain.session import Session
from core.errors import UserError
from core.ports import TOPIC_RELAY, TOPIC_STEER, Answer, InState, SessionQuery, Work
from core.service.policy import Policy, grants_of

_HARD_STOP = frozenset({State.BUILDING, State.RUNNING})
UNFINISHED = frozenset(State) - FINAL


class Stops:
    """What happens for a stop, however it is asked for."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def carry_out(self, work: Work, command: StopSession) -> Answer | None:
        """Stop the session that is meant, as far as the person may.

        Raises:
            UserError: there is none, or the person may not.
            Conflict: the session moved first.
        """
        channel = command.place.channel
        if command.post is None:
            self._policy.check_person(restricted=command.restricted)
            session, channel = await self._meant(work, command)
        else:
            thread = await work.deliveries.thread_with(command.place.channel, command.post)
            marked = await work.sessions.newest_in(thread.id) if thread is not None else None
            if marked is None:
                return None  # somebody else's message
            self._policy.check_person(restricted=command.restricted)
            session = marked
        return await self.stop(work, session, command.by, await grants_of(work, command), channel)

    async def _meant(self, work: Work, command: StopSession) -> tuple[Session, ChannelId]:
        """The session, and the channel that it is in, whose operators may stop it."""
        if command.number is not None:
            return await self._by_number(work, command, command.number)
        if command.place.root is not None:
            thread = await work.threads.at(command.place)
            newest = await work.sessions.newest_in(thread.id) if thread is not None else None
            found = [newest] if newest is not None and not newest.finished else []
        else:
            query = SessionQuery(channel=command.place.channel, states=UNFINISHED)
            found = await work.sessions.search(query)
            found.sort(key=lambda session: session.starter.id != command.by.id)  # own ones first, newest first
        if not found:
            raise UserError("Nothing is at work here. `/agents status` shows what is, `/history` what was.")
        return found[0], command.place.channel

    async def _by_number(self, work: Work, command: StopSession, number: int) -> tuple[Session, ChannelId]:
        session = await work.sessions.by_number(number)
        thread = await work.threads.get(session.thread) if session is not None and session.thread else None
        # Whether somebody else's session of another conversation exists is not said.
        here = thread is not None and thread.channel == command.place.channel
        channel = thread.channel if thread is not None else command.place.channel
        may_stop = session is not None and self._policy.may_stop(session, await grants_of(work, command), channel)
        if session is None or not (here or may_stop):
            raise UserError(f"There is no session #{number} that you can stop. Whoever started one can, or an admin.")
        return session, channel

    async def stop(self, work: Work, session: Session, by: Person, grants: Grants, channel: ChannelId) -> Answer:
        """End *session*, at once when no worker holds it; raises as `carry_out` does."""
        if session.finished:
            raise UserError(f"#{session.number} has ended already.")
        self._policy.check_stop(session, grants, channel)
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
