"""The tool `ask_human`: a question to a person in the thread; the session waits for the answer without a worker.

Listed in the catalogue. It runs nothing: the turn commits the question and ends the job.
"""

from typing import Literal

from pydantic import BaseModel, Field

from worker.tools.tool import Tool

_LONGEST_MINUTES = 30 * 24 * 60


class QuestionArguments(BaseModel):
    """What a model gives."""

    question: str = Field(min_length=1, max_length=3_000, description="One question, as the person will read it.")
    choices: list[str] | None = Field(
        default=None, max_length=10, description="Answers to choose from, if there are only a few; shown as buttons."
    )
    who_may_answer: Literal["anyone", "starter"] = Field(
        default="anyone", description="`starter` where only the person who gave the task can decide."
    )
    deadline_minutes: int | None = Field(
        default=None, ge=1, le=_LONGEST_MINUTES, description="Wait no longer than this; leave out to wait for ever."
    )
    default: str | None = Field(
        default=None,
        max_length=500,
        description="With a deadline: what to take as the answer then. Without it the session ends at the deadline.",
    )


ASK_HUMAN = Tool(
    name="ask_human",
    description=(
        "Asks the people in the thread and waits for the answer, which may take days. Only for what decides the"
        " result and cannot be found out otherwise. One question at a time."
    ),
    arguments=QuestionArguments,
    run=None,
)
