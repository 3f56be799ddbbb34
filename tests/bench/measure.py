"""Times and process figures, and the table that they are printed in.

Used by the benchmarks; asserts nothing.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    what: str
    value: str
    target: str
    met: bool | None = None  # None: no target


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that *percent* of *values* do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def family(pid: int) -> list[int]:
    """*pid* and all processes below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_s(pids: Sequence[int]) -> float:
    """Processor seconds that the processes have used so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS_PER_S


def memory_mb(pids: Sequence[int]) -> float:
    """Resident memory of the processes, in MB; what they share is counted once for each."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * _PAGE_BYTES / 1e6


def latency(what: str, values_ms: Sequence[float], percent: float, below_ms: float) -> Figure:
    """A percentile of times against its target."""
    value = percentile(values_ms, percent)
    spread = f"p50 {percentile(values_ms, 50):.0f} ms, p99 {percentile(values_ms, 99):.0f} ms, n {len(values_ms)}"
    target = f"p{percent:.0f} < {below_ms:.0f} ms"
    return Figure(what=what, value=spread, target=target, met=value < below_ms)
