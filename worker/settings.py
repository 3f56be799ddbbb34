"""How long and how much: the times and limits of a worker process, as values.

Made by entry points from the deployment's settings, and by tests with short ones. Reads no environment itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What one session may take while a worker holds it."""

    budget_s: float = 1_800.0  # from claim to wait or end
    tool_calls_per_turn: int = 20
    question_reminder_s: float = 0.0  # a question that waits for so long is brought up once more; 0: never
    cancel_wait_s: float = 4.0  # how long a cancelled session may take before its end is recorded regardless
    retry_s: float = 2.0  # pause before an ending is written again that the database did not take


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTimes:
    """How often a worker process looks and tells that it lives."""

    lease_s: float = 7.0
    renew_s: float = 2.0
    poll_s: float = 3.0  # for claimable sessions, when nobody rings
    sweep_s: float = 5.0  # for sessions of dead workers
    queue_ttl_s: float = 86_400.0  # a session that nobody took for so long expires
    hand_back_s: float = 2.0  # the longest that a shutdown waits for its sessions
