"""What an agent sees: the conversation so far as messages, and the tool calls of its own open turn.

Called by the group chat and the turn with lines from `core.domain.session.transcript`. Pure; bounds the size, so that a
long session never outgrows the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.session import Line
from worker.team.messages import Answered, Heard, Message, Result, Spoke, size_chars

MOST_CHARS = 160_000  # about 40,000 tokens
CUT_LINE_CHARS = 40_000
CUT_RESULT_CHARS = 1_500
GO_ON = "Go on."


def labelled(line: Line) -> str:
    """A line as others hear it: `[Name]: text`. A name can neither end its bracket nor begin a line."""
    name = " ".join(line.speaker.replace("[", "(").replace("]", ")").split()) or "Somebody"
    return f"[{name[:80]}]: {line.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What has been said: in this session, and in those that it goes on from."""

    lines: Sequence[Line]  # the first is the task
    earlier: Sequence[Line] = ()

    def bounded(self, most_chars: int) -> list[Line]:
        """All lines that say something, within *most_chars*, of which *earlier* takes a quarter at most.

        The first and the newest lines of either part stay; a note stands for what is left out between.
        """
        before = _bounded([line for line in self.earlier if line.text.strip()], most_chars // 4)
        room = most_chars - sum(len(line.text) for line in before)
        return before + _bounded([line for line in self.lines if line.text.strip()], room)


def as_heard_by(agent: str, conversation: Conversation, *, most_chars: int = MOST_CHARS) -> list[Message]:
    """The conversation as *agent* sees it: its own messages as said, all others as heard. Ends with one heard."""
    messages: list[Message] = [
        Spoke(line.text) if not line.human and line.speaker == agent else Heard(labelled(line))
        for line in conversation.bounded(most_chars)
    ]
    if not messages or isinstance(messages[-1], Spoke):
        messages.append(Heard(GO_ON))
    return messages


def _bounded(lines: list[Line], most_chars: int) -> list[Line]:
    longest = min(CUT_LINE_CHARS, max(most_chars // 4, 200))
    cut = [replace(line, text=shortened(line.text, longest)) for line in lines]
    if sum(len(line.text) for line in cut) <= most_chars:
        return cut
    task, rest = cut[0], cut[1:]
    room = most_chars - len(task.text)
    kept: list[Line] = []
    for line in reversed(rest):
        room -= len(line.text)
        if room < 0 and kept:
            break
        kept.append(line)
    left_out = len(rest) - len(kept)
    note = Line(seq=task.seq, speaker="Muster", text=f"({left_out} earlier messages are left out here.)", human=True)
    return [task, *([note] if left_out else []), *reversed(kept)]


def bounded_steps(steps: Sequence[Message], *, most_chars: int) -> list[Message]:
    """The open turn's calls and results within about *most_chars*: the oldest results are shortened first."""
    fitting = list(steps)
    size = sum(map(size_chars, fitting))
    for i, message in enumerate(fitting):
        if size <= most_chars:
            break
        if isinstance(message, Answered):
            shorter = Answered(tuple(replace(r, text=shortened(r.text, CUT_RESULT_CHARS)) for r in message.results))
            size -= size_chars(message) - size_chars(shorter)
            fitting[i] = shorter
    return fitting


def shortened(text: str, most_chars: int) -> str:
    """*text* without its middle when it is longer than *most_chars*, saying so."""
    if len(text) <= most_chars:
        return text
    half = max((most_chars - 60) // 2, 1)
    return f"{text[:half]}\n… ({len(text) - 2 * half:,} characters left out) …\n{text[-half:]}"


def answered(results: Sequence[Result]) -> Answered:
    """The results of one batch of calls; a tool that said nothing is said to."""
    return Answered(tuple(result if result.text else replace(result, text="(no output)") for result in results))
