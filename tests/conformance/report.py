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
        covered = (
            f"{len(one.expected & set(one.seen))} of {len(one.expected)} covered" if one.expected else "none expected"
        )
        yield f"{one.sort}: {covered}, {one.seen.total()} seen"
        if one.unseen:
            yield f"  not exercised: {', '.join(one.unseen)}"
        if one.unexpected:
            yield f"  beyond those: {', '.join(one.unexpected)}"
    yield f"differences: {verdict.explained} tolerated, {len(verdict.unexplained)} unexplained"
    for difference in sorted(verdict.unexplained, key=lambda one: (-counts[one], one)):
        yield f"  {counts[difference]:>5} x  {difference}"
    for idle in verdict.idle:
        yield f"  tolerated, but matches nothing any more: {idle}"
