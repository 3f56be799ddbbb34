"""The REST API's rate limits: buckets of routes, the global one, and the count of invalid requests.

Asked by `rest` before and after each call.
Source: https://docs.discord.com/developers/topics/rate-limits
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator.discord import limits
from simulator.discord.call import Endpoint, Rate
from simulator.discord.errors import RateLimited

_MAJOR = ("channel_id", "guild_id", "webhook_id", "interaction_id")
_INVALID_STATUSES = (401, 403, 429)


@dataclass(slots=True, kw_only=True)
class Window:
    """A fixed window: it begins with a call and lets through so many until it ends."""

    rate: Rate
    ends_at: float = 0.0
    used: int = 0

    def take(self, now: float) -> bool:
        """Count a call; False when there is no room for it."""
        if now >= self.ends_at:
            self.ends_at, self.used = now + self.rate.per_s, 0
        if self.used >= self.rate.calls:
            return False
        self.used += 1
        return True


class Rates:
    """All limits of one app."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, ...], Window] = {}
        self._global = Window(rate=Rate(calls=limits.GLOBAL_PER_S, per_s=1.0))
        self._invalid: deque[float] = deque()

    def take(self, endpoint: Endpoint, path: Mapping[str, str]) -> dict[str, str]:
        """Count a call; returns the headers that tell how many are left.

        Raises:
            RateLimited: the bucket, or the global one, has no room.
        """
        now = self._clock()
        if endpoint.needs_token and not self._global.take(now):
            raise RateLimited(self._global.ends_at - now, scope="global")
        bucket = self._bucket(endpoint, path)
        if not bucket.take(now):
            raise RateLimited(bucket.ends_at - now)
        return self.headers(endpoint, path)

    def headers(self, endpoint: Endpoint, path: Mapping[str, str]) -> dict[str, str]:
        """The headers of the endpoint's bucket as it is now."""
        bucket = self._bucket(endpoint, path)
        return {
            "X-RateLimit-Limit": str(bucket.rate.calls),
            "X-RateLimit-Remaining": str(max(0, bucket.rate.calls - bucket.used)),
            "X-RateLimit-Reset": f"{bucket.ends_at:.3f}",
            "X-RateLimit-Reset-After": f"{max(0.0, bucket.ends_at - self._clock()):.3f}",
            "X-RateLimit-Bucket": _hash(endpoint),
        }

    def count(self, status: int, *, is_shared: bool = False) -> None:
        """Count an answer among the invalid ones, if it is one."""
        if status in _INVALID_STATUSES and not is_shared:
            self._invalid.append(self._clock())

    @property
    def invalid_count(self) -> int:
        """Invalid requests of the last ten minutes."""
        while self._invalid and self._invalid[0] <= self._clock() - limits.INVALID_WINDOW_S:
            self._invalid.popleft()
        return len(self._invalid)

    @property
    def is_banned(self) -> bool:
        """Whether there were so many that the network in front of the API answers instead of it."""
        return self.invalid_count >= limits.INVALID_REQUESTS

    def _bucket(self, endpoint: Endpoint, path: Mapping[str, str]) -> Window:
        key = (endpoint.bucket or endpoint.name, *(path.get(name, "") for name in _MAJOR))
        if key not in self._buckets:
            self._buckets[key] = Window(rate=endpoint.rate)
        return self._buckets[key]


def _hash(endpoint: Endpoint) -> str:
    return hashlib.md5((endpoint.bucket or endpoint.name).encode(), usedforsecurity=False).hexdigest()
