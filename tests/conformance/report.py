"""The report of `make conformance`, as lines of text.

Called by `__main__` with what the checks found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.conformance.differences import Coverage, Difference
from tests.conformance.tolerance import Verdict


def lines(coverage: list[Coverage], counts: Counter[Difference], verdict: Verdict) -> Iterator[str]:
    """What was covered, then what is wrong, the most frequent first."""
    for one in coverage:
        covered = len(one.expected & set(one.seen)) if one.expected else len(one.seen)
        of_all = f" of {len(one.expected)}" if one.expected else ""
        yield f"{one.sort}: {covered}{of_all} covered, {one.seen.total()} checked"
        if one.unseen:
            yield f"  not exercised: {', '.join(one.unseen)}"
        unexpected = sorted(set(one.seen) - one.expected) if one.expected else []
        if unexpected:
            yield f"  beyond those: {', '.join(unexpected)}"
    yield f"differences: {verdict.explained} tolerated, {len(verdict.unexplained)} unexplained"
    for difference in sorted(verdict.unexplained, key=lambda one: (-counts[one], one)):
        yield f"  {counts[difference]:>5} x  {difference}"
    for idle in verdict.idle:
        yield f"  tolerated, but matches nothing any more: {idle}"
