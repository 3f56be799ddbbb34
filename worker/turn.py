"""One turn of one agent: model calls and tool calls in alternation until it says something, or needs a person.

Made by the runner for a turn that begins or goes on. Its whole state is the journal's steps, and a turn that goes on
after a crash or an answer takes the same way as a new one: look at the steps, settle open calls, call the model.
"""

from collections.abc import Mapping

import structlog

from core.domain import events as ev
from core.domain.lifecycle import Move
from core.domain.session import Line, with_files
from core.errors import MusterError, PermanentError
from core.ports import Clock
from worker.asking import calls_of, question_asked, question_of
from worker.journal import Journal, Step
from worker.leave import Leave
from worker.settings import RunLimits
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
        limits: RunLimits,
    ) -> None:
        self.seq = seq
        self.agent = chat.member(agent).name
        self._journal = journal
        self._chat = chat
        self._model = model
        self._tools = {name: catalog[name] for name in chat.member(agent).tools if name in catalog}
        self._context = context
        self._clock = clock
        self._most_calls = limits.tool_calls_per_turn
        self._remind_after_s = limits.question_reminder_s
        self._leave = Leave(journal, self._tools, clock)

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
            self._journal.stage(step=self._reply_step(reply))
        return None

    async def _ask(self) -> Reply:
        session = self._journal.session
        system = self._chat.system(
            self.agent, round_=session.round, max_rounds=session.max_rounds, wishes=session.system_prompt
        )
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
                calls = calls_of(step)
                answers = [Result(call_id=call.id, tool=call.name, text=results[call.id]) for call in calls]
                steps += [Spoke(step["text"], calls), Answered(tuple(answers))]
        said = self._journal.conversation(before=self.seq)
        return [
            *as_heard_by(self.agent, said, most_chars=most_chars // 2),
            *bounded_steps(steps, most_chars=most_chars // 2),
        ]

    # --- the calls of the last reply ---

    async def _settle(self) -> bool:
        """Answer every open call of the last reply; True when a person has to say something first.

        What needs no one comes first, then what needs leave, all of it together, and questions last.
        """
        replies = [step for step in self._journal.steps if step["kind"] == "reply"]
        if not replies:
            return False
        calls = calls_of(replies[-1])
        undecided = [call for call in calls if not self._is_question(call) and not await self._advance(call)]
        if undecided:
            refusal = await self._leave.ask(self.agent, undecided)
            if not refusal:
                return True
            for call in undecided:
                self._finish(call, ToolOutcome(text=refusal, ok=False))
        question: tuple[Call, QuestionArguments] | None = None
        for call in filter(self._is_question, calls):
            match self._state_of(call):
                case "result":
                    continue
                case "asked":
                    self._take_answer(call)
                case _:
                    question = await self._begin(call, question)
        if question is not None:
            await self._put(*question)
            return True
        await self._journal.commit_staged()
        return False

    async def _advance(self, call: Call) -> bool:
        """Bring a tool call to its result; False when people have to give leave first and were not asked yet."""
        match self._state_of(call):
            case "result":
                return True
            case "intent":
                self._finish(call, ToolOutcome(text=INTERRUPTED, ok=False))
                return True
        if self._results_so_far() < self._most_calls and self._leave.is_needed_for(call):
            refusal = self._leave.refusal_of(call)
            if refusal is None:
                return False
            if refusal:
                self._finish(call, ToolOutcome(text=refusal, ok=False))
                return True
        await self._begin(call, None)
        return True

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
        text = self._journal.output(outcome.text)
        self._journal.stage(
            ev.ToolFinished(
                agent=self.agent, call_id=call.id, tool=call.name, ok=outcome.ok, output=text, hosts=outcome.hosts
            ),
            step={"kind": "result", "call": call.id, "text": text},
            made=outcome.files,
        )

    # --- questions ---

    def _is_question(self, call: Call) -> bool:
        tool = self._tools.get(call.name)
        return tool is not None and tool.run is None

    async def _put(self, call: Call, arguments: QuestionArguments) -> None:
        """Open the question and let go of the session, in one transaction."""
        now, session = self._clock.now(), self._journal.session
        asked = self._journal.fit(question_asked(self.agent, arguments, now))
        assert isinstance(asked, ev.QuestionAsked)  # `fit` keeps the type
        self._journal.stage(step={"kind": "asked", "call": call.id, "question": asked.question})
        question = question_of(session, asked, now, remind_after_s=self._remind_after_s)
        await self._journal.commit(asked, move=Move.ASK, question=question)

    def _take_answer(self, call: Call) -> None:
        asked = next(s for s in self._journal.steps if s["kind"] == "asked" and s["call"] == call.id)
        match self._journal.answer(asked["question"]):
            case ev.QuestionAnswered() as answer:
                text = with_files(answer.text, answer.files)
                line = Line(seq=0, speaker=answer.by.name, text=text, human=True)
                self._finish(call, ToolOutcome(text=labelled(line)))
            case ev.QuestionLapsed(text=default):
                self._finish(call, ToolOutcome(text=f"Nobody answered in time, so take this as the answer: {default}"))
            case _:
                self._finish(call, ToolOutcome(text=NOBODY_ANSWERED, ok=False))

    def _reply_step(self, reply: Reply) -> Step:
        calls = [
            {"id": call.id, "name": call.name[:100], "arguments": self._journal.arguments(call.arguments)}
            for call in reply.calls
        ]
        return {"kind": "reply", "text": self._journal.kept(reply.text), "calls": calls}

    def _results_so_far(self) -> int:
        return sum(step["kind"] == "result" for step in self._journal.steps)
