"""What a check finds: differences, counted, and what was covered.

Filled by `slack` and `discord`, judged by `tolerance`, shown by `report`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.conformance.shapes import Finding


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """One way in which traffic differs from its description; the same one is counted, not repeated."""

    where: str
    """Platform, side and subject: `slack answer chat.postMessage`."""
    path: str
    """Place within it, as in `Finding`."""
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.path} {self.problem}" if self.path else f"{self.where}: {self.problem}"


@dataclass(slots=True, kw_only=True)
class Coverage:
    """Which of the things of one sort were seen in the traffic, how often, and which were not."""

    sort: str
    """In the plural: `slack methods`."""
    seen: Counter[str] = field(default_factory=Counter)
    expected: frozenset[str] = frozenset()
    """Those that could have been seen."""

    @property
    def unseen(self) -> list[str]:
        """Those that the traffic left out."""
        return sorted(self.expected - set(self.seen))

    @property
    def unexpected(self) -> list[str]:
        """Those that the traffic had besides."""
        return sorted(set(self.seen) - self.expected)


@dataclass(slots=True, kw_only=True)
class Results:
    """All that the check of one platform found."""

    differences: Counter[Difference] = field(default_factory=Counter)
    coverage: list[Coverage] = field(default_factory=list)

    def add(self, where: str, findings: Iterable[Finding]) -> None:
        """Count the *findings* of one value."""
        self.differences.update(Difference(where=where, path=one.path, problem=one.problem) for one in findings)

    def say(self, where: str, problem: str, *, path: str = "") -> None:
        """Count one difference."""
        self.differences[Difference(where=where, path=path, problem=problem)] += 1
