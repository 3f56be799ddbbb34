"""How fast one bot token may speak: token buckets in memory, and the pauses that the platform asked for.

The sender asks before each call, the relay before it fixes bytes: while a channel is not free, what happens is merged.
It never waits itself. One for each workspace: the one process that holds the sender's lease is the one that counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NewType

from core.domain.refs import ChannelId, MessageId

POST = "post"
EDIT = "edit"
UPLOAD = "upload"
READ = "read"

Lane = NewType("Lane", str)
"""What has a rate of its own: a channel with all its threads, or a single thread, as the platform counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """A platform's ceilings."""

    posts_per_lane_s: float
    lane_burst: int
    posts_per_min: int
    edits_per_min: int
    per_thread: bool = False  # each thread is a lane of its own; else all threads of a channel share one


class _Bucket:
    def __init__(self, per_s: float, burst: float, now: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = burst
        self._filled_at = now

    def wait_s(self, now: float, after: int = 0) -> float:
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_s)
        self._filled_at = now
        return max(0.0, (1 + after - self._tokens) / self._per_s)

    def take(self) -> None:
        self._tokens -= 1

    @property
    def full(self) -> bool:
        return self._tokens >= self._burst


class Pace:
    """The buckets of one workspace."""

    def __init__(self, rates: Rates, clock: Callable[[], float]) -> None:
        """Start with full buckets.

        Args:
            clock: monotonic seconds.
        """
        self._rates = rates
        self._clock = clock
        now = clock()
        self._lanes: dict[Lane, _Bucket] = {}
        self._posts = _Bucket(rates.posts_per_min / 60, rates.posts_per_min, now)
        self._edits = _Bucket(rates.edits_per_min / 60, rates.edits_per_min, now)
        self._paused_until: dict[str, float] = {}

    def lane(self, channel: ChannelId, root: MessageId | None) -> Lane:
        """What the thread shares its rate with."""
        return Lane(root if self._rates.per_thread and root is not None else channel)

    def post_wait_s(self, lane: Lane, *, after: int = 0) -> float:
        """Seconds until a post may go by *lane*; 0 when it may go now.

        Args:
            after: so many others go by it first.
        """
        now = self._clock()
        bucket = self._lanes.get(lane) or self._full(now)
        in_lane = bucket.wait_s(now, after)
        return max(self._pause_s(POST, now), self._posts.wait_s(now), in_lane)

    def posted(self, lane: Lane) -> None:
        """A post by *lane* is under way."""
        now = self._clock()
        if lane not in self._lanes:
            self._forget_full(now)
            self._lanes[lane] = self._full(now)
        self._lanes[lane].take()
        self._posts.take()

    def edit_wait_s(self) -> float:
        """Seconds until a message may be edited."""
        now = self._clock()
        return max(self._pause_s(EDIT, now), self._edits.wait_s(now))

    def edited(self) -> None:
        """An edit is under way."""
        self._edits.take()

    def wait_s(self, method: str) -> float:
        """Seconds until a call of another kind may be made."""
        return self._pause_s(method, self._clock())

    def pause(self, method: str, seconds: float) -> None:
        """The platform wants no call of this kind for a while; other kinds go on."""
        self._paused_until[method] = max(self._paused_until.get(method, 0.0), self._clock() + seconds)

    def _full(self, now: float) -> _Bucket:
        return _Bucket(self._rates.posts_per_lane_s, self._rates.lane_burst, now)

    def _pause_s(self, method: str, now: float) -> float:
        return max(0.0, self._paused_until.get(method, 0.0) - now)

    def _forget_full(self, now: float) -> None:
        # A full bucket says the same as none: thousands of quiet lanes need no memory.
        for lane, bucket in list(self._lanes.items()):
            if bucket.wait_s(now) == 0.0 and bucket.full:
                del self._lanes[lane]
