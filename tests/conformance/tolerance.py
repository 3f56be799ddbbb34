"""The differences that are known and accepted: `tolerated.toml`, each with its reason and its source.

Called by `__main__`. An entry whose time is over is as much of a report as a difference that none explains.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.differences import Difference

TOLERATED = Path(__file__).parent / "tolerated.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """One accepted kind of difference; `*` in its patterns is any text."""

    where: str
    path: str
    problem: str
    reason: str
    source: str

    def explains(self, difference: Difference) -> bool:
        """Whether *difference* is of this kind."""
        pairs = ((self.where, difference.where), (self.path, difference.path), (self.problem, difference.problem))
        return all(_matches(pattern, text) for pattern, text in pairs)

    def __str__(self) -> str:
        return f"{self.where}: {self.path} {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is left when everything known is taken away."""

    unexplained: list[Difference]
    explained: int
    idle: list[Tolerance]
    """Entries that match nothing any more."""


def load(path: Path = TOLERATED) -> list[Tolerance]:
    """The accepted kinds of difference.

    Raises:
        TypeError: an entry lacks something, or has something else.
        ValueError: an entry gives no reason or no source.
    """
    entries = [Tolerance(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("tolerated", [])]
    for entry in entries:
        if not entry.reason.strip() or not entry.source.strip():
            raise ValueError(f"no reason or no source: {entry}")
    return entries


def judge(differences: Iterable[Difference], tolerances: list[Tolerance], *, platforms: frozenset[str]) -> Verdict:
    """Tell the explained differences from the others.

    Args:
        platforms: those that were checked; entries about others are not called idle.
    """
    used: set[Tolerance] = set()
    unexplained: list[Difference] = []
    explained = 0
    for difference in differences:
        fitting = [tolerance for tolerance in tolerances if tolerance.explains(difference)]
        used.update(fitting)
        explained += bool(fitting)
        if not fitting:
            unexplained.append(difference)
    idle = [one for one in tolerances if one not in used and one.where.split()[0] in platforms]
    return Verdict(unexplained=sorted(unexplained), explained=explained, idle=idle)


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
