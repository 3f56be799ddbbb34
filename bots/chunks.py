"""Cuts long markdown into pieces that each make sense: at paragraphs, else lines, else words; code blocks stay code.

Called by each platform's renderer before its own markup. Knows no platform: what a character costs is passed in.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

_FENCE = re.compile(r"^ {0,3}(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)$")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
_MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones
_REGIONAL = range(0x1F1E6, 0x1F200)  # two of them are a flag

Cost = Callable[[str], int]


def split(text: str, limit: int, cost: Cost = len) -> list[str]:
    """Pieces of *text*, each at most *limit* by *cost*; a code block that is cut is closed and opened again.

    Args:
        limit: at least 100.
        cost: how much a string takes of the limit; must not fall when the string grows.

    Returns:
        At least one piece, none of them empty unless *text* is.
    """
    if cost(text) <= limit:
        return [text]
    pieces: list[str] = []
    current = _Piece(limit, cost)
    for line in text.split("\n"):
        for part in _fitting(line, current.room_for_a_line(), cost):
            while not current.takes(part) and not current.is_fresh:
                pieces.append(current.close())
                current = current.next()
            current.add(part)
    pieces.append(current.finish())
    return [piece for piece in pieces if piece.strip()]


def closed(text: str) -> str:
    """*text*, with a code block that it leaves open closed."""
    fence = ""
    for line in text.split("\n"):
        fence = _fence_after(line, fence)
    return f"{text}\n{_marks(fence)}" if fence else text


class _Piece:
    def __init__(self, limit: int, cost: Cost, opening: str = "") -> None:
        self._limit = limit
        self._cost = cost
        self._fence = opening  # the line that opened the code block we are in, "" outside
        self._opened_at = 0
        self._reopened = bool(opening)
        self._lines = [opening] if opening else []
        self._spent = cost(opening) + 1 if opening else 0
        self._carried: list[str] = []

    def room_for_a_line(self) -> int:
        return max(16, self._limit - 2 * (self._cost(self._fence) + 1))

    @property
    def is_fresh(self) -> bool:
        return len(self._lines) == (1 if self._reopened else 0)

    def takes(self, line: str) -> bool:
        left_open = _fence_after(line, self._fence)  # by the line itself, perhaps
        closing_line = len(_marks(left_open)) + 1 if left_open else 0
        return self._spent + self._cost(line) + closing_line <= self._limit

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._spent += self._cost(line) + 1
        if not self._fence:
            self._opened_at = len(self._lines) - 1
        self._fence = _fence_after(line, self._fence)

    def close(self) -> str:
        if self._fence:
            if self._opened_at == len(self._lines) - 1 > 0:
                return "\n".join(self._lines[:-1]).strip("\n")  # it has just been opened: the next piece opens it
            return "\n".join([*self._lines, _marks(self._fence)])
        # Outside code a paragraph's end is the better place, when it does not waste most of the piece.
        in_code = _in_code(self._lines)
        for index in range(len(self._lines) - 1, len(self._lines) // 2, -1):
            if not self._lines[index].strip() and not in_code[index]:
                self._carried = self._lines[index + 1 :]
                return "\n".join(self._lines[:index]).strip("\n")
        return "\n".join(self._lines).strip("\n")

    def finish(self) -> str:
        """All that is left, as the last piece."""
        return closed("\n".join(self._lines)).strip("\n")

    def next(self) -> "_Piece":
        piece = _Piece(self._limit, self._cost, self._fence)
        for line in self._carried:
            piece.add(line)
        return piece


def _marks(fence: str) -> str:
    match = _FENCE.match(fence)
    return match["marks"] if match else ""


def _closes(line: str, fence: str) -> bool:
    opened, found = _marks(fence), _FENCE.match(line)
    return (
        found is not None
        and not found["info"].strip()
        and found["marks"][0] == opened[0]
        and len(found["marks"]) >= len(opened)
    )


def _fence_after(line: str, fence: str) -> str:
    if fence:
        return "" if _closes(line, fence) else fence
    return line.rstrip() if _FENCE.match(line) else ""


def _in_code(lines: list[str]) -> list[bool]:
    """For each line whether a code block is open before it."""
    states: list[bool] = []
    fence = ""
    for line in lines:
        states.append(bool(fence))
        fence = _fence_after(line, fence)
    return states


def _fitting(line: str, room: int, cost: Cost) -> list[str]:
    if cost(line) <= room:
        return [line]
    parts: list[str] = []
    while cost(line) > room:
        at = _cut(line, room, cost)
        parts.append(line[:at].rstrip(" "))
        line = line[at:].removeprefix(" ")
    return [*parts, line] if line else parts


def _cut(line: str, room: int, cost: Cost) -> int:
    """Where to cut *line*: behind a word if that leaves a good half, never inside a character as people see it."""
    low, high = 1, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(line[:middle]) <= room else (low, middle - 1)
    space = line.rfind(" ", low // 2, low + 1)
    return space if space > 0 else whole(line, low)


def listed(lines: Sequence[str], most_chars: int) -> str:
    """As many of *lines* as fit, and how many more there are."""
    shown = ""
    for index, line in enumerate(lines):
        if len(shown) + len(line) + 1 > most_chars - len("and 999 more"):
            return f"{shown}and {len(lines) - index} more"
        shown += f"{line}\n"
    return shown.rstrip("\n")


def whole(text: str, at: int) -> int:
    """The greatest position up to *at* that cuts no character with its accents, joiners or other half in two."""
    position = at
    while 0 < position < len(text) and at - position < 32 and _belongs(text, position):
        position -= 1
    return position or at


def _belongs(text: str, position: int) -> bool:
    char, before = text[position], text[position - 1]
    if char in _JOINERS or before == "\u200d" or unicodedata.combining(char) or ord(char) in _MODIFIERS:
        return True
    if unicodedata.category(char) in ("Mn", "Mc", "Me"):
        return True
    if ord(char) in _REGIONAL and ord(before) in _REGIONAL:
        start = position
        while start > 0 and ord(text[start - 1]) in _REGIONAL:
            start -= 1
        return (position - start) % 2 == 1
    return False
