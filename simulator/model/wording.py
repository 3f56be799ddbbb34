"""Owns the words of the play, in markdown.

Called by `script`, which decides when each is said. No figure and no answer stands here: they are handed in.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from simulator.model.casting import Part
from simulator.model.python_beat import PLOT_FILE
from simulator.model.request_reading import Said

GIST_CHARS = 90
QUOTE_CHARS = 1500
NOTES_SHOWN = 5
SIMULATED, THEORY = "draws to see every word, simulated", "draws to see every word, by theory"

DISCLOSURE = (
    "👋 **This is a scripted demo, not an AI.** A script plays the team, so you can see how a session goes before you"
    " connect a model. The Python that runs, the plot, the question and your answer are real."
)
FOOTER = "_Written by a scripted demo, not an AI._"
ANSWERS = ("A short summary", "All the figures", "The next steps")

PLANS = {
    Part.ANALYST: "runs Python on the task's own text and draws a plot",
    Part.INTERVIEWER: "asks you one question, here in the thread",
    Part.REVIEWER: "reads the task again and says what is left open",
    Part.WRITER: "puts the result together, with your answer in it",
}


class Wish(StrEnum):
    """What the person's answer asks the result to begin with."""

    SUMMARY = "summary"
    FIGURES = "figures"
    STEPS = "steps"
    OTHER = "other"


def gist(text: str, chars: int = GIST_CHARS) -> str:
    """*text* in one line of at most *chars* characters, without code blocks and backticks."""
    line = " ".join(re.sub(r"```.*?(```|\Z)", " ", text, flags=re.DOTALL).replace("`", "").split())
    if not line:
        return "the code you pasted" if "```" in text else "your task"
    return line if len(line) <= chars else line[: chars - 1].rstrip() + "…"


def wish(answer: str) -> Wish:
    """What *answer* to `question` asks for; OTHER for an answer in words of its own."""
    flat = answer.strip().strip(".").lower()
    if flat in ("1", "2", "3"):
        return list(Wish)[int(flat) - 1]
    signs = {Wish.SUMMARY: ("summary", "short"), Wish.FIGURES: ("figure", "number"), Wish.STEPS: ("step",)}
    return next((one for one, found in signs.items() if any(sign in flat for sign in found)), Wish.OTHER)


def person(said: Said) -> str:
    """How to call the author of a message."""
    return said.who if said.who.lower() not in ("user", "human", "person", "") else "You"


def added(note: Said) -> str:
    """Names a person's note; by this line the team knows that it was acknowledged."""
    return f"{person(note)} added: “{gist(note.text, 200)}”"


def noted(notes: Sequence[Said]) -> str:
    """Says that people's notes were read; what is over `NOTES_SHOWN` is left to the next speaker."""
    return "\n".join([*(f"📌 {added(note)}" for note in notes[:NOTES_SHOWN]), "Noted: it goes into the result."])


def plan(task: str, earlier_task: str, teammates: Sequence[Part]) -> str:
    """The planner's post."""
    before = f"This goes on from “{gist(earlier_task)}”, which we finished above.\n\n" if earlier_task else ""
    mates = teammates or (Part.ANALYST, Part.INTERVIEWER, Part.WRITER)
    steps = "\n".join(f"{n}. **{mate}** {PLANS[mate]}." for n, mate in enumerate(mates, 1) if mate in PLANS)
    return f"{before}The task: “{gist(task)}”\n\nHow we go about it:\n\n{steps}"


def report(figures: dict[str, str]) -> str:
    """The analyst's post when Python ran."""
    text = f"I ran Python on the task's own text. It printed:\n\n{figure_list(figures)}"
    if SIMULATED in figures and THEORY in figures:
        text += (
            f"\n\nThe draws answer one question: how many words must one draw blindly from the task until each has"
            f" come up? The simulation, seeded by the text, says **{_number(figures[SIMULATED])}**; the theory says"
            f" **{figures[THEORY]}**."
        )
    if figures.get("plot") == PLOT_FILE:
        text += f"\n\nThe plot is in `{PLOT_FILE}`: word lengths on the left, the simulated draws on the right."
    return text


def figure_list(figures: dict[str, str]) -> str:
    """The figures, one a line, as `figures` of `python_beat` reads them again."""
    return "\n".join(f"- {name}: {value}" for name, value in figures.items())


def no_figures(results: Sequence[str], *, offered: bool) -> str:
    """The analyst's post when there is nothing to report: it says so and makes nothing up."""
    if not offered:
        return "I have no Python in this session, so there are no figures from me. We go on without them."
    times = "once" if len(results) == 1 else f"{len(results)} times"
    said = results[-1].strip().splitlines()[-1:] if results else []
    told = f" The tool said: “{gist(said[0], 300)}”" if said else " The tool returned nothing."
    return f"I tried to run Python {times} and got no figures.{told}\n\nWe go on without them rather than make some up."


def question(task: str, *, opens: bool, with_choices: bool) -> str:
    """What the interviewer asks."""
    start = "A scripted demo, not an AI, asks: w" if opens else "W"
    text = f"{start}hat should the result for “{gist(task)}” begin with?"
    if with_choices:
        return text
    listed = ", ".join(f"“{one}”" for one in ANSWERS[:-1]) + f" or “{ANSWERS[-1]}”"
    return f"{text} For example {listed}; your own words are fine too."


def no_answer(tool_words: str) -> str:
    """The interviewer's post when the tool came back without a person's words."""
    told = f" (the tool said: “{gist(tool_words, 200)}”)" if tool_words.strip() else ""
    return f"No answer came to my question{told}, so the result begins with a short summary."


def thanks(answer: str) -> str:
    """The interviewer's post after the answer; the quote hands it on to the writer."""
    follows = {
        Wish.SUMMARY: "So the result begins with a short summary and leaves the long list out.",
        Wish.FIGURES: "So the result begins with all the figures.",
        Wish.STEPS: "So the result begins with the next steps.",
        Wish.OTHER: "That goes into the result as you put it.",
    }
    return f"Thank you! Your answer:\n\n{quote(answer)}\n\n{follows[wish(answer)]}"


def cannot_ask() -> str:
    """The interviewer's post when it has no way to ask."""
    return "I have no way to ask you in this session. Write in the thread at any time, and the team reads it."


def review(task: str) -> str:
    """The reviewer's post; the counts are true."""
    lines = len([line for line in task.splitlines() if line.strip()])
    return (
        f"I read the task again: {len(task.split())} words in {lines} lines. Left open: what counts as done, and who"
        " will read it. Write it in the thread, and it goes into the result."
    )


def quote(text: str) -> str:
    """*text* as a markdown quotation, cut to `QUOTE_CHARS`."""
    cut = text if len(text) <= QUOTE_CHARS else text[: QUOTE_CHARS - 1] + "…"
    return "\n".join(f"> {line}" for line in cut.splitlines() if line.strip())


def result(*, task: str, earlier_task: str, figures: dict[str, str], answer: str, notes: Sequence[Said]) -> str:
    """The closing post, in the order that the answer asks for."""
    wanted = wish(answer) if answer else Wish.SUMMARY
    short = f"**In short.** {_summary(figures)}"
    if earlier_task:
        short += f" It goes on from “{gist(earlier_task)}”."
    numbers = f"**The figures**\n{figure_list(figures)}" if figures and wanted is not Wish.SUMMARY else ""
    steps = (
        "**Next steps**\n"
        "1. Reply in this thread: the team goes on from here and knows what was said.\n"
        "2. Find this session again with `/history`.\n"
        "3. Connect a model provider: then agents do what this demo only shows."
    )
    order = {Wish.FIGURES: [numbers, short, steps], Wish.STEPS: [steps, short, numbers]}
    sections = order.get(wanted, [short, numbers, steps])
    if answer:
        sections.insert(1, f"**What you told us**\n{quote(answer)}")
    if notes:
        listed = "\n".join(f"- {person(note)}: “{gist(note.text, 200)}”" for note in notes[:NOTES_SHOWN])
        sections.insert(2, f"**Notes from the thread**\n{listed}")
    return "\n\n".join([f"## Result: {gist(task)}", *filter(None, sections), FOOTER])


def _summary(figures: dict[str, str]) -> str:
    if not figures:
        return "No figures were computed in this session, so none are given."
    text = f"The task has {figures.get('words', '?')} words, {figures.get('different words', '?')} of them different."
    if SIMULATED in figures and THEORY in figures:
        text += (
            f" Drawn blindly, they take {_number(figures[SIMULATED])} draws to come up all, where theory says"
            f" {figures[THEORY]}."
        )
    return text


def _number(figure: str) -> str:
    return figure.partition(" ")[0]
