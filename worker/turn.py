"""One turn of one agent: model calls and tool calls in alternation until it says something, or asks a person.

Made by the runner for a turn that begins or goes on. Its whole state is the journal's steps, and a turn that goes on
after a crash or an answer takes the same way as a new one: look at the steps, settle open calls, call the model.
"""

from collections.abc import Mapping

import structlog

from core.domain import events as ev
from core.domain.lifecycle import Move
from core.domain.refs import QuestionId, new_id
from core.domain.session import Line, Question
from core.errors import MusterError, PermanentError
from core.ports import Clock
from core.service.outbound import redact
from worker.journal import Journal, Step
from worker.recording import ARGUMENTS_CHARS, SAID_CHARS, fit, kept, output
from worker.team.faults import TOO_LONG
from worker.team.group_chat import GroupChat
from worker.team.messages import Answered, Call, Message, Result, Spoke
from worker.team.model import Model, Reply
from worker.team.transcript import MOST_CHARS, as_heard_by, bounded_steps, labelled
from worker.tools.ask_human import QuestionArguments
from worker.tools.tool import Run, Tool, ToolContext, ToolOutcome

log = structlog.get_logger(__name__)

INTERRUPTED = (
    "This call was interrupted by a restart; whether it had an effect is not known. Look before you repeat it."
)
ONE_AT_A_TIME = "Not asked: ask one question at a time. Wait for the answer to the first one."
NO_MORE_CALLS = "Not run: this turn has used up its tool calls. Say now what you have."
NOBODY_ANSWERED = "Nobody has answered. Go on without it, and say what you assumed."
FAILED = "The tool failed. Go on without it, or try it in another way."
_REFUSED_REPLIES = 3
_FEWEST_CHARS = MOST_CHARS // 16


class Turn:
    """The open turn of *agent*, which began with the event *seq*."""

    def __init__(
        self,
        journal: Journal,
        chat: GroupChat,
        model: Model,
        catalog: Mapping[str, Tool],
        context: ToolContext,
        clock: Clock,
        *,
        seq: int,
        agent: str,
        most_calls: int,
    ) -> None:
        self.seq = seq
        self.agent = chat.member(agent).name
        self._journal = journal
        self._chat = chat
        self._model = model
        self._tools = {name: catalog[name] for name in chat.member(agent).tools if name in catalog}
        self._context = context
        self._clock = clock
        self._most_calls = most_calls

    async def run(self) -> str | None:
        """Go on until the agent has said something, and return it; None when the session waits for a person now.

        Raises:
            PermanentError: the model cannot be called, or does nothing but call tools.
            StopAsked, StaleEpoch, Conflict, TransientError: see `Journal.commit`.
        """
        refused_replies = 0
        while not await self._settle():
            reply = await self._ask()
            if not reply.calls:
                return reply.text
            refused_replies += self._results_so_far() >= self._most_calls
            if refused_replies > _REFUSED_REPLIES:
                raise PermanentError(
                    f"{self.agent} kept calling tools instead of giving a result. Reply here to try again, perhaps with"
                    " a smaller task.",
                    reason="stuck",
                )
            self._journal.stage(step=_reply_step(reply))
        return None

    async def _ask(self) -> Reply:
        session = self._journal.session
        system = self._chat.system(self.agent, round_=session.round, max_rounds=session.max_rounds)
        offered = [tool.offered for tool in self._tools.values()]
        most_chars = MOST_CHARS
        while True:
            try:
                return await self._model.reply(system, self._messages(most_chars), offered=offered)
            except PermanentError as error:
                if error.reason != TOO_LONG or most_chars <= _FEWEST_CHARS:
                    raise
                most_chars //= 4

    def _messages(self, most_chars: int) -> list[Message]:
        results = {step["call"]: step["text"] for step in self._journal.steps if step["kind"] == "result"}
        steps: list[Message] = []
        for step in self._journal.steps:
            if step["kind"] == "reply":
                calls = _calls(step)
                answers = [Result(call_id=call.id, tool=call.name, text=results[call.id]) for call in calls]
                steps += [Spoke(step["text"], calls), Answered(tuple(answers))]
        said = self._journal.conversation(before=self.seq)
        return [
            *as_heard_by(self.agent, said, most_chars=most_chars // 2),
            *bounded_steps(steps, most_chars=most_chars // 2),
        ]

    # --- the calls of the last reply ---

    async def _settle(self) -> bool:
        """Answer every open call of the last reply, questions last; True when a person has to answer one now."""
        replies = [step for step in self._journal.steps if step["kind"] == "reply"]
        if not replies:
            return False
        question: tuple[Call, QuestionArguments] | None = None
        for call in sorted(_calls(replies[-1]), key=self._is_question):
            match self._state_of(call):
                case "result":
                    continue
                case "asked":
                    self._take_answer(call)
                case "intent":
                    self._finish(call, ToolOutcome(text=INTERRUPTED, ok=False))
                case _:
                    question = await self._begin(call, question)
        if question is not None:
            await self._put(*question)
            return True
        await self._journal.commit_staged()
        return False

    def _state_of(self, call: Call) -> str:
        """How far the call got: "", "intent", "asked" or "result"."""
        kinds = [step["kind"] for step in self._journal.steps if step.get("call") == call.id]
        return str(kinds[-1]) if kinds else ""

    async def _begin(
        self, call: Call, question: tuple[Call, QuestionArguments] | None
    ) -> tuple[Call, QuestionArguments] | None:
        """Carry out a call that has not begun; a question is returned to be put when all else is done."""
        self._journal.stage(
            ev.ToolStarted(agent=self.agent, call_id=call.id, tool=call.name, arguments=call.arguments),
            step={"kind": "intent", "call": call.id},
        )
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            self._finish(
                call, ToolOutcome(text=f"There is no tool {call.name!r} for you; you have: {known}.", ok=False)
            )
        elif self._results_so_far() >= self._most_calls:
            self._finish(call, ToolOutcome(text=NO_MORE_CALLS, ok=False))
        else:
            try:
                arguments = tool.read(call.arguments)
            except ValueError as error:
                self._finish(call, ToolOutcome(text=f"Not run: {error}.", ok=False))
                return question
            if isinstance(arguments, QuestionArguments):
                if question is None:
                    return call, arguments
                self._finish(call, ToolOutcome(text=ONE_AT_A_TIME, ok=False))
            elif tool.run is not None:
                await self._journal.commit()  # the intent, before anything can have an effect
                self._finish(call, await self._outcome(tool.run, arguments))
        return question

    async def _outcome(self, run: Run, arguments: object) -> ToolOutcome:
        try:
            return await run(self._context, arguments)
        except MusterError:
            raise
        except Exception:
            log.exception("tool.failed", session=self._journal.session.id)
            return ToolOutcome(text=FAILED, ok=False)

    def _finish(self, call: Call, outcome: ToolOutcome) -> None:
        text = output(outcome.text)
        self._journal.stage(
            ev.ToolFinished(agent=self.agent, call_id=call.id, tool=call.name, ok=outcome.ok, output=text),
            step={"kind": "result", "call": call.id, "text": text},
            made=outcome.files,
        )

    # --- questions ---

    def _is_question(self, call: Call) -> bool:
        tool = self._tools.get(call.name)
        return tool is not None and tool.run is None

    async def _put(self, call: Call, arguments: QuestionArguments) -> None:
        """Open the question and let go of the session, in one transaction."""
        asked = fit(
            ev.QuestionAsked(
                question=QuestionId(new_id()),
                agent=self.agent,
                text=arguments.question.strip(),
                choices=tuple(arguments.choices or ()),
            )
        )
        assert isinstance(asked, ev.QuestionAsked)  # `fit` keeps the type
        session = self._journal.session
        self._journal.stage(step={"kind": "asked", "call": call.id, "question": asked.question})
        question = Question(
            id=asked.question,
            session=session.id,
            agent=self.agent,
            text=asked.text,
            choices=asked.choices,
            asked_at=self._clock.now(),
        )
        await self._journal.commit(asked, move=Move.ASK, question=question)

    def _take_answer(self, call: Call) -> None:
        asked = next(s for s in self._journal.steps if s["kind"] == "asked" and s["call"] == call.id)
        answer = self._journal.answer(asked["question"])
        if answer is None:
            self._finish(call, ToolOutcome(text=NOBODY_ANSWERED, ok=False))
            return
        line = Line(seq=0, speaker=answer.by.name, text=answer.text, human=True)
        self._finish(call, ToolOutcome(text=labelled(line)))

    def _results_so_far(self) -> int:
        return sum(step["kind"] == "result" for step in self._journal.steps)


def _reply_step(reply: Reply) -> Step:
    calls = [
        {"id": call.id, "name": call.name[:100], "arguments": redact(call.arguments)[:ARGUMENTS_CHARS]}
        for call in reply.calls
    ]
    return {"kind": "reply", "text": kept(reply.text, SAID_CHARS), "calls": calls}


def _calls(step: Step) -> tuple[Call, ...]:
    return tuple(Call(**call) for call in step["calls"])
