"""Slack's numbers, each with its source, and the token buckets that enforce its rates.

Used by `web_api` (rates) and by `blocks`, `views` and the methods (sizes). Nothing else in the simulated Slack holds a
number of the platform's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

# Sizes. https://docs.slack.dev/reference/block-kit/blocks and .../block-elements unless said otherwise.
TEXT_CHARS = 40_000
"""`chat.postMessage` cuts text there. https://docs.slack.dev/reference/methods/chat.postMessage#truncating"""
UPDATE_TEXT_CHARS = 4_000
"""`chat.update` answers `msg_too_long`. https://docs.slack.dev/reference/methods/chat.update (errors)"""
EPHEMERAL_TEXT_CHARS = 40_000
MESSAGE_BLOCKS = 50
MODAL_BLOCKS = 100
SECTION_TEXT_CHARS = 3_000
SECTION_FIELDS = 10
SECTION_FIELD_CHARS = 2_000
HEADER_CHARS = 150
CONTEXT_ELEMENTS = 10
ACTIONS_ELEMENTS = 25
BUTTON_TEXT_CHARS = 75
ID_CHARS = 255
"""`action_id`, `block_id`, `callback_id`."""
BUTTON_VALUE_CHARS = 2_000
BUTTON_URL_CHARS = 3_000
MARKDOWN_CHARS = 12_000
"""Over all markdown blocks of one message."""
ALT_TEXT_CHARS = 2_000
ALL_BLOCKS_CHARS = 13_200
"""Over all blocks of one message, above which `msg_blocks_too_long` has been seen."""
LABEL_CHARS = 2_000
SELECT_OPTIONS = 100
OPTION_TEXT_CHARS = 75
OPTION_VALUE_CHARS = 150
PLACEHOLDER_CHARS = 150
INPUT_FILES = 10
INPUT_FILE_BYTES = 10 * 1024 * 1024
"""Of each file. https://docs.slack.dev/reference/block-kit/block-elements/file-input-element"""
INPUT_CHARS = 3_000
"""What a text field may hold. https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element"""
MODAL_TITLE_CHARS = 24
"""Also of a modal's submit and close. https://docs.slack.dev/reference/views/modal-views"""
PRIVATE_METADATA_CHARS = 3_000
METADATA_BYTES = 8_000
"""https://docs.slack.dev/messaging/message-metadata"""
MODAL_DEPTH = 3
"""Views on one stack. https://docs.slack.dev/surfaces/modals"""

# Lives. https://docs.slack.dev/interactivity/handling-user-interaction
ACK_S = 3.0
TRIGGER_S = 3.0
RESPONSE_URL_S = 1_800.0
RESPONSE_URL_USES = 5
REDELIVERY_S = (0.0, 60.0, 300.0)
"""Waits before each redelivery of an event. https://docs.slack.dev/apis/events-api#retries"""
CONNECTIONS = 10
"""Open at once for one app. https://docs.slack.dev/apis/events-api/using-socket-mode"""

# Rates. https://docs.slack.dev/apis/web-api/rate-limits; tiers from slackapi/java-slack-sdk's rate_limit_tiers.json.
TIER_PER_MIN = {1: 1, 2: 20, 3: 50, 4: 100}
SPECIAL_PER_MIN = 600
"""`auth.test`, `chat.getPermalink`: "hundreds of requests per minute"."""
TIER_1_BURST = 20
"""Tier 1 "tolerates a small amount of burst": enough for all connections of an app to be opened, twice."""
CHANNEL_POSTS_PER_S = 1.0
CHANNEL_POST_BURST = 4
"""One message a second and channel, "short bursts" allowed."""
WORKSPACE_POSTS_PER_MIN = 300
"""`chat.postMessage` over a whole workspace: "several hundred messages per minute"."""

TIERS = {
    "api.test": 4,
    "apps.connections.open": 1,
    "bots.info": 3,
    "chat.delete": 3,
    "chat.postEphemeral": 4,
    "chat.update": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.join": 3,
    "conversations.leave": 3,
    "conversations.list": 2,
    "conversations.members": 4,
    "conversations.open": 3,
    "conversations.replies": 3,
    "files.completeUploadExternal": 4,
    "files.getUploadURLExternal": 4,
    "files.info": 4,
    "reactions.add": 3,
    "reactions.remove": 2,
    "team.info": 3,
    "usergroups.list": 2,
    "users.conversations": 2,
    "users.info": 4,
    "users.list": 2,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}


@dataclass(slots=True)
class Bucket:
    """A token bucket: *burst* calls at once, refilled at *per_s*."""

    per_s: float
    burst: float
    tokens: float
    filled_at: float

    def wait_s(self, now: float) -> float:
        """Seconds until a call may be made; 0 when it may be made now."""
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.per_s)
        self.filled_at = now
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / self.per_s


class RateLimiter:
    """The buckets of all methods, workspaces and channels."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def retry_after_s(self, team: str, method: str, channel: str | None) -> int:
        """Whole seconds that the caller must wait; 0 counts the call as made.

        Args:
            channel: where `chat.postMessage` posts; other methods are limited for the workspace alone.
        """
        now = self._clock()
        buckets = self._buckets_of(team, method, channel, now)
        wait_s = max(bucket.wait_s(now) for bucket in buckets)
        if wait_s > 0:
            return math.ceil(wait_s)
        for bucket in buckets:
            bucket.tokens -= 1
        return 0

    def _buckets_of(self, team: str, method: str, channel: str | None, now: float) -> list[Bucket]:
        if method == "chat.postMessage":
            return [
                self._bucket((team, method, channel or ""), CHANNEL_POSTS_PER_S, CHANNEL_POST_BURST, now),
                self._bucket((team, method), WORKSPACE_POSTS_PER_MIN / 60, WORKSPACE_POSTS_PER_MIN, now),
            ]
        tier = TIERS.get(method)
        per_min = SPECIAL_PER_MIN if tier is None else TIER_PER_MIN[tier]
        return [self._bucket((team, method), per_min / 60, TIER_1_BURST if tier == 1 else per_min, now)]

    def _bucket(self, key: tuple[str, ...], per_s: float, burst: int, now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(per_s, burst, burst, now)
        return bucket
