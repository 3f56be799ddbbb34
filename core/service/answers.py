"""What people say to a team: answers, presses of buttons under a question, notes.

Called by the front desk's decisions, inside their transaction. Words never approve anything: only a press of the
button under the request does, by somebody who may.
"""

from core.domain import events as ev
from core.domain.commands import PostReply, PressChoice
from core.domain.lifecycle import Move, State
from core.domain.refs import MessageId
from core.domain.session import Question, Session
from core.errors import Conflict, UserError
from core.ports import TOPIC_RELAY, Answer, InState, Work
from core.service.outbound import clean
from core.service.policy import Policy, grants_of
from core.service.stops import UNFINISHED

_GONE = "This button belongs to a question that is not there any more."


class Answers:
    """What happens for a reply to a team that is not done, and for a press."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def reply(self, work: Work, session: Session, command: PostReply) -> Answer | None:
        """Take the reply as the answer to the open question, or else as a note.

        Raises:
            UserError: the person may not, or the session is being stopped.
            Conflict: somebody else was first.
        """
        grants = await grants_of(work, command)
        question = await work.questions.open_in(session.id)
        if question is not None and not question.approves and _is_later(command, question):
            self._policy.check_answer(session, question, grants, command.place.channel)
            text = meant(command.text, question.choices)
            answered = ev.QuestionAnswered(
                question=question.id, by=command.by, text=text, message=command.message, files=command.files
            )
            await self._answer(work, session, answered, command.message)
            for file in command.files:
                await work.files.attach(session.id, file)
            return None
        self._policy.check_steer(session, grants, command.place.channel)
        told = await self._note(work, session, command)
        if question is not None and question.approves:
            return Answer(text="Noted. To approve or deny what is asked above, use its buttons.")
        return told

    async def press(self, work: Work, command: PressChoice) -> Answer | None:
        """Take the choice as the answer, if the question is still open and the person may decide it.

        Raises:
            UserError: it is not, or the person may not.
            Conflict: somebody else was first.
        """
        self._policy.check_person(restricted=command.restricted)
        question = await work.questions.get(command.question)
        session = await work.sessions.get(question.session) if question is not None else None
        thread = await work.threads.get(session.thread) if session is not None and session.thread else None
        here = thread is not None and (thread.channel, thread.root) == (command.place.channel, command.place.root)
        if question is None or session is None or not here or not 0 <= command.choice < len(question.choices):
            raise UserError(_GONE)
        self._policy.check_answer(session, question, await grants_of(work, command), command.place.channel)
        still_open = await work.questions.open_in(session.id)
        if still_open is None or still_open.id != question.id:
            raise UserError(clean(await _closed_in_words(work, question)))
        text = question.choices[command.choice]
        await self._answer(work, session, ev.QuestionAnswered(question=question.id, by=command.by, text=text), None)
        if question.approves:
            await work.audit.note(
                by=command.by.id,
                action=f"approval: {text}"[:32],
                subject=question.approves,
                allowed=True,
                where=command.place.encode(),
            )
        return None

    async def _answer(
        self, work: Work, session: Session, answered: ev.QuestionAnswered, message: MessageId | None
    ) -> None:
        if not await work.questions.answer(answered.question, answered.by, answered.text, message):
            raise Conflict("another reply was first")
        waiting = InState(states=frozenset({State.WAITING}))
        await work.sessions.record(session.id, waiting, [answered], move=Move.ANSWER)
        work.wake(session.id)
        work.ring(TOPIC_RELAY, work.workspace)

    async def _note(self, work: Work, session: Session, command: PostReply) -> Answer | None:
        if session.state is State.STOPPING:
            raise UserError(f"#{session.number} is being stopped. Reply again when it has ended, to go on from there.")
        await work.sessions.record(
            session.id,
            InState(states=UNFINISHED - {State.STOPPING}),
            [ev.NoteGiven(by=command.by, text=command.text, message=command.message, files=command.files)],
        )
        for file in command.files:
            await work.files.attach(session.id, file)
        work.ring(TOPIC_RELAY, work.workspace)
        meanwhile = await _decided_meanwhile(work, session, command)
        if not meanwhile:
            return None
        return Answer(text=clean(f"{meanwhile} The team gets your message as a note, at its next turn."))


def _is_later(command: PostReply, question: Question) -> bool:
    """Whether the message came after the question could be read.

    By the platform's ids; while the outcome of the question's post is unknown, by time: it may be visible already.
    """
    if question.message is not None:
        return command.message > question.message
    return question.attempted_at is not None and command.said_at > question.attempted_at


def meant(text: str, choices: tuple[str, ...]) -> str:
    """The choice that a typed reply names, by its words or else by its number; otherwise the reply itself."""
    if not (said := _essence(text)):
        return text
    by_words = {_essence(choice): choice for choice in reversed(choices)}
    by_number = {str(n): choice for n, choice in enumerate(choices, 1)}
    return by_words.get(said) or by_number.get(said) or text


def _essence(text: str) -> str:
    return text.strip().strip(".").casefold()


async def _decided_meanwhile(work: Work, session: Session, command: PostReply) -> str:
    """What became of the question that a message was meant to answer, typed before that could be seen; or ""."""
    answered, lapsed = await work.questions.last_answer(session.id), await work.questions.last_lapsed(session.id)
    if lapsed is not None and _is_later(command, lapsed[0]) and command.said_at <= lapsed[1]:
        return f"Nobody had answered the question in time, so “{lapsed[0].default}” counts."
    if answered is None or answered.by.id == command.by.id:
        return ""
    too_late = _is_later(command, answered.question) and command.said_at <= answered.at
    return f"The question is already answered by {answered.by.name}." if too_late else ""


async def _closed_in_words(work: Work, question: Question) -> str:
    answered = await work.questions.last_answer(question.session)
    if answered is not None and answered.question.id == question.id:
        return f"This is already decided: {answered.by.name} chose “{answered.text}”."
    lapsed = await work.questions.last_lapsed(question.session)
    if lapsed is not None and lapsed[0].id == question.id:
        return "Nobody answered this question in time."
    return "This question is no longer open."
