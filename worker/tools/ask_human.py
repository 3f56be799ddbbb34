"""The tool `ask_human`: a question to the person in the thread; the session waits for the answer without a worker.

Listed in the catalogue. It runs nothing: the turn commits the question and ends the job.
"""

from pydantic import BaseModel, Field

from worker.tools.tool import Tool


class QuestionArguments(BaseModel):
    """What a model gives."""

    question: str = Field(min_length=1, max_length=3_000, description="One question, as the person will read it.")
    choices: list[str] | None = Field(
        default=None, max_length=10, description="Answers to choose from, if there are only a few."
    )


ASK_HUMAN = Tool(
    name="ask_human",
    description=(
        "Asks the person who gave the task and waits for the answer, which may take days. Only for what decides the"
        " result and cannot be found out otherwise. One question at a time."
    ),
    arguments=QuestionArguments,
    run=None,
)
