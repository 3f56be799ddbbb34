"""Leave from people for tool calls that need it: asked for together, and believed for exactly what was shown.

Made by the turn. Whatever an answer says, a call is carried out only if the request that people saw names this very
call, with these very arguments.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from core.domain import events as ev
from core.domain.lifecycle import Move
from core.ports import Clock
from core.service.outbound import to_approve
from worker.asking import APPROVE, calls_of, fingerprint, leave_asked
from worker.journal import Journal
from worker.recording import QUESTION_CHARS
from worker.team.messages import Call
from worker.tools.tool import Approval, Tool

log = structlog.get_logger(__name__)

ASKS_BEFORE_LIST = 3
"""Requests within `_RECENT`; after that, several calls at once are put to people one more time, and then nothing."""
_RECENT = timedelta(minutes=10)

TOO_LONG = (
    f"Not run: what people approve is shown to them whole, and this is longer than {QUESTION_CHARS:,} characters."
    " Make it shorter."
)
TOO_OFTEN = (
    "Not run: people were asked for leave several times within ten minutes. Make all the calls that still need leave"
    " together, in one reply, or go on without them."
)
ENOUGH_ASKED = "Not run: people were asked for leave too often within ten minutes. Go on without it for now."
NOT_AS_IT_IS = (
    "Not run: what people approve is shown to them letter for letter, and something in this may not be shown, such as"
    " what looks like a key. Leave it out."
)
NOT_THIS_CALL = "Not run: what was approved is not this call."


class Leave:
    """The leave that the calls of one turn need, and have."""

    def __init__(self, journal: Journal, tools: Mapping[str, Tool], clock: Clock) -> None:
        self._journal = journal
        self._tools = tools
        self._clock = clock

    def is_needed_for(self, call: Call) -> bool:
        """Whether people decide about the call; one that cannot be carried out anyway never gets to them."""
        tool = self._tools.get(call.name)
        if tool is None or tool.approval is Approval.NONE:
            return False
        try:
            tool.read(call.arguments)
        except ValueError:
            return False
        return True

    async def ask(self, agent: str, calls: Sequence[Call]) -> str:
        """Put the calls to people in one request, and let go of the session.

        Returns:
            "" when they are asked, else what the model is told instead.
        """
        now = self._clock.now()
        asked, question = leave_asked(self._journal.session, agent, calls, self._tools, now)
        if len(asked.text) > QUESTION_CHARS:
            return TOO_LONG
        if to_approve(self._journal.kept(asked.text)) != asked.text:
            return NOT_AS_IT_IS
        recent = self._journal.requests_since(now - _RECENT)
        if recent > ASKS_BEFORE_LIST:
            return ENOUGH_ASKED
        if recent == ASKS_BEFORE_LIST and len(calls) == 1:
            return TOO_OFTEN
        ids = [call.id for call in calls]
        self._journal.stage(step={"kind": "leave", "calls": ids, "question": asked.question})
        await self._journal.commit(asked, move=Move.ASK, question=question)
        return ""

    def refusal_of(self, call: Call) -> str | None:
        """Why the call may not be carried out, "" when it may; None when nobody was asked yet."""
        steps = self._journal.steps
        asked_for = [step for step in steps if step["kind"] == "leave" and call.id in step["calls"]]
        if not asked_for:
            return None
        step = asked_for[-1]
        reply = [each for each in steps if each["kind"] == "reply"][-1]
        now_means = [each for each in calls_of(reply) if each.id in step["calls"]]
        asked = self._journal.asked(step["question"])
        if asked is None or fingerprint(now_means) != asked.approves:
            log.error("approval.not_of_this_call", session=self._journal.session.id, question=step["question"])
            return NOT_THIS_CALL
        match self._journal.answer(step["question"]):
            case ev.QuestionAnswered(text=answer, by=by):
                return "" if answer == APPROVE else f"Not run: {by.name} did not approve it."
            case _:
                return "Not run: nobody approved it."
