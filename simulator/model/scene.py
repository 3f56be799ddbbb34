"""Owns an agent's turn as the play sees it: who it is, the session at hand, what is new, what its tools have given.

Called by `script`. It sorts what the request holds and says nothing itself.
"""

import re
from dataclasses import dataclass

from simulator.model.casting import ASK_HUMAN, RUN_PYTHON, Part, part_of
from simulator.model.python_beat import figures, plain_text
from simulator.model.request_reading import LABEL, Request, Said, ToolStep
from simulator.model.wording import FOOTER, added

CAST = {part.value for part in Part if part.value}
NAMELESS = ("user", "human", "person", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One turn; "session" is what followed the last task, earlier sessions of the same thread left out."""

    part: Part
    task: str
    earlier_task: str
    """The task of the session before; empty when this one follows up on nothing."""
    figures: dict[str, str]
    """What Python printed in this session, as the team reported it or as this turn's tool returned it."""
    answer: str
    """What the person answered in this session; empty when nobody has."""
    opens: bool
    """Nobody of the team has spoken in this session."""
    spoken: bool
    """This agent has spoken in this session."""
    notes: tuple[Said, ...]
    """What people said besides the task and the answer."""
    fresh_notes: tuple[Said, ...]
    """Those that nobody of the team has acknowledged, wherever they came between the messages."""
    steps: tuple[ToolStep, ...]
    """Tool calls of this turn."""
    teammates: tuple[Part, ...]
    """Other parts that the system message names."""

    def results(self, tool: str) -> list[str]:
        """What *tool* returned in this turn, oldest first."""
        return [step.result for step in self.steps if step.tool == tool]


def read_scene(request: Request) -> Scene:
    """Sort the timeline of a turn's request."""
    part = part_of(request.system, request.agent)
    said = _spoken_words(request)
    team = _team_names(request, said)
    is_team = [entry.own or entry.who in team for entry in said]
    starts = [0] + [i for i in range(1, len(said)) if _closes(said[i - 1], part) and not is_team[i]]
    start = starts[-1]
    mine = [i for i in range(start, len(said)) if is_team[i]]
    people = [i for i in range(start, len(said)) if not is_team[i]]
    steps = _steps_since(request, said[mine[-1]] if mine else None)
    words = [said[i].text for i in mine]
    labels = any(entry.who for entry in said)
    results = [step.result for step in steps if step.tool == ASK_HUMAN]
    answers = [quoted(text) for text in words] + [_person_words(result, labels=labels) for result in results]
    printed = words + [step.result for step in steps if step.tool == RUN_PYTHON]
    notes = [i for i in people[1:] if not any(_is_same(answer, said[i].text) for answer in answers)]
    earlier = [entry for i, entry in enumerate(said[:start]) if i >= starts[-2] and not is_team[i]] if start else []
    return Scene(
        part=part,
        task=said[people[0]].text if people else "",
        earlier_task=earlier[0].text if earlier else "",
        figures={name: value for text in printed for name, value in figures(text).items()},
        answer=next((text for text in reversed(answers) if text), ""),
        opens=not mine,
        spoken=any(said[i].own for i in mine),
        notes=tuple(said[i] for i in notes),
        fresh_notes=tuple(said[i] for i in notes if not any(added(said[i]) in text for text in words)),
        steps=steps,
        teammates=tuple(one for one in Part if one.value and one is not part and one.value in request.system),
    )


def _person_words(result: str, *, labels: bool) -> str:
    """The person's words in the result of `ask_human`; empty when it holds none.

    Args:
        labels: people's messages carry labels, so a result without one is the tool's own words.
    """
    text = plain_text(result).strip()
    label = LABEL.match(text)
    if label:
        return text[label.end() :].strip()
    return "" if labels else text


def quoted(text: str) -> str:
    """The lines that *text* quotes with `> `: so an agent hands a person's answer on to the others."""
    return "\n".join(line[2:] for line in text.splitlines() if line.startswith("> "))


def _closes(entry: Said, part: Part) -> bool:
    """Whether *entry* is the last word of a session: the result that a writer, or an agent alone, posts."""
    return FOOTER in entry.text or entry.who == Part.WRITER or (entry.own and part is Part.WRITER)


def _spoken_words(request: Request) -> list[Said]:
    said = [entry for entry in request.timeline if isinstance(entry, Said)]
    # A client may keep a question as a message too: the one of this turn is the call that made it, nothing more.
    asked = [step.arguments for step in request.timeline if isinstance(step, ToolStep) and step.tool == ASK_HUMAN]
    questions = " ".join(" ".join(map(plain_text, asked)).split())
    said = [entry for entry in said if not (entry.own and " ".join(entry.text.split()) in questions)]
    if any(entry.who and entry.who not in CAST for entry in said):
        # Where people's messages carry labels, one without is the client's stage direction.
        return [entry for entry in said if entry.who or entry.own]
    return said


def _team_names(request: Request, said: list[Said]) -> set[str]:
    labels = {entry.who for entry in said}
    first = next((entry.who for entry in said if entry.who and entry.who not in CAST), "")
    named = {
        who
        for who in labels - {first}
        if who.lower() not in NAMELESS and re.search(rf"(?<!\w){re.escape(who)}(?!\w)", request.system)
    }
    return CAST | named


def _steps_since(request: Request, last: Said | None) -> tuple[ToolStep, ...]:
    steps: list[ToolStep] = []
    for entry in request.timeline:
        if entry is last:
            steps = []
        elif isinstance(entry, ToolStep):
            steps.append(entry)
    return tuple(steps)


def _is_same(handed_on: str, text: str) -> bool:
    """Whether *handed_on*, a quotation that may be cut, is *text*."""
    quotation, flat = " ".join(handed_on.split()), " ".join(text.split())
    return quotation == flat or (quotation.endswith("…") and flat.startswith(quotation[:-1]))
