"""The one place where Discord's errors become Muster's.

Everything in `bots.discord` that calls the REST API goes through `Rest`, and what discord.py calls for us through
`translated`. discord.py repeats a call after a pause or a server error by itself; a post carries the same nonce each
time, and whoever calls bounds the time. Source of the codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp
import discord
import structlog
import yarl
from discord.http import HTTPClient, Route

from bots.discord import limits
from bots.ports import Refusal, UnknownOutcome
from core.errors import MusterError, PermanentError, TransientError

log = structlog.get_logger(__name__)

T = TypeVar("T")

THREAD_EXISTS = 160004
UNKNOWN_MESSAGE = 10008
ARCHIVED = 50083
MISSING_PERMISSIONS = 50013
_THREAD_GONE = frozenset(
    (
        10003,  # unknown channel
        50001,  # missing access
        50007,  # cannot send messages to this user
        MISSING_PERMISSIONS,
        50024,  # cannot execute this action on this channel type
        ARCHIVED,  # of a create: it is locked as well, sending would have woken it
        160005,  # thread locked
        160006,  # maximum number of active threads
        160007,  # the same for announcement threads
    )
)
_MESSAGE_GONE = frozenset((UNKNOWN_MESSAGE, 30046, 50005, 50021))
"""Unknown, edited too often when older than an hour, another author's, Discord's own."""
_SERVER_RETRY_S = 5.0
_BAN_PAUSE_S = 60.0


class BanGuard:
    """Remembers what Discord has refused: for how long it wants to be left alone, and how often lately.

    discord.py waits by itself, but forgets that it had to when its caller gives up; and Discord bans an address for too
    many refused requests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._invalid: deque[float] = deque()
        self._alarmed = False
        self._quiet_until: dict[str, float] = {}  # by method and path; "" is for all calls

    def trace(self) -> aiohttp.TraceConfig:
        """What makes discord.py's client tell us of each answer."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._answered)
        return trace

    def count(self, status: int, scope: str = "") -> None:
        """An answer came. A 429 that others caused (*scope* `shared`) does not count."""
        if status in (401, 403) or (status == 429 and scope != "shared"):
            self._invalid.append(self._clock())

    def limited(self, call: str, headers: Mapping[str, str]) -> None:
        """*call* was answered by 429. Without `Via` it was the network in front of Discord: a ban of our address.

        Source: https://docs.discord.com/developers/topics/rate-limits
        """
        pause_s = float(headers.get("Retry-After") or 0.0)
        if "Via" not in headers:
            log.error("discord.banned")
            pause_s = max(pause_s, _BAN_PAUSE_S)
        everything = "Via" not in headers or headers.get("X-RateLimit-Global") == "true"
        now = self._clock()
        self._quiet_until = {each: until for each, until in self._quiet_until.items() if until > now}
        self._quiet_until["" if everything else call] = now + pause_s

    def pause_s(self, call: str = "") -> float:
        """Seconds for which Discord wants to hear nothing of *call*; 0 or less when it may be made."""
        return max(self._quiet_until.get("", 0.0), self._quiet_until.get(call, 0.0)) - self._clock()

    def check(self) -> None:
        """Raises:
        TransientError: too many were refused lately.
        """
        before = self._clock() - limits.INVALID_WINDOW_S
        while self._invalid and self._invalid[0] < before:
            self._invalid.popleft()
        if len(self._invalid) < limits.INVALID_MOST:
            self._alarmed = False
            return
        if not self._alarmed:
            self._alarmed = True
            log.error("discord.too_many_refused", refused=len(self._invalid), window_s=limits.INVALID_WINDOW_S)
        raise TransientError("Discord has refused too many calls lately", retry_after_s=_BAN_PAUSE_S)

    async def _answered(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        status, headers = params.response.status, params.response.headers
        self.count(status, headers.get("X-RateLimit-Scope", ""))
        if status == 429:
            self.limited(f"{params.method} {params.url.path}", headers)


class Rest:
    """Discord's REST API with the bot's token."""

    def __init__(self, http: HTTPClient, guard: BanGuard) -> None:
        self._http = http
        self._guard = guard

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str | int] | None = None,
        file: tuple[str, bytes] | None = None,
        reading: bool = False,
        editing: bool = False,
        **ids: str,
    ) -> Any:
        """Make one call and return its answer.

        Args:
            path: with the names of *ids* in braces.
            file: name and bytes, to go with *body* as its first attachment.
            reading: the call changes nothing, or the same when made twice, so an unknown outcome is no worry.
            editing: it changes a message that is there.

        Raises:
            TransientError: certainly not carried out; may work later.
            PermanentError: refused; `reason` is a `Refusal`, the words begin with Discord's code.
            UnknownOutcome: no answer came, or one that does not say what was done; never when *reading*.
        """
        self._guard.check()
        arguments: dict[str, Any] = {"params": dict(query)} if query else {}
        if file is not None:
            name, content = file
            arguments["form"] = [
                {"name": "payload_json", "value": json.dumps(body), "content_type": "application/json"},
                {"name": "files[0]", "value": content, "filename": name, "content_type": "application/octet-stream"},
            ]
        elif body is not None:
            arguments["json"] = body
        route = Route(method, path, **ids)
        await self._wait(f"{method} {yarl.URL(route.url).path}")
        try:
            return await translated(self._http.request(route, **arguments), reading=reading, editing=editing)
        except asyncio.CancelledError:
            self._http._global_over.set()  # left unset, it keeps all calls waiting for ever; for its pause we wait here
            raise

    async def _wait(self, call: str) -> None:
        """Leave Discord alone for as long as it has asked; a call whose caller gave up may have been told so.

        Raises:
            TransientError: it has asked for long.
        """
        while (pause_s := self._guard.pause_s(call)) > 0:
            if pause_s > limits.LONGEST_PAUSE_S:
                raise TransientError("Discord wants a pause", retry_after_s=pause_s)
            await asyncio.sleep(pause_s)


async def translated(request: Awaitable[T], *, reading: bool = False, editing: bool = False) -> T:
    """Await a call of discord.py; see `Rest.call` for what it raises."""
    try:
        return await request
    except discord.RateLimited as error:
        raise TransientError("Discord wants a pause", retry_after_s=error.retry_after) from None
    except discord.HTTPException as error:
        raise _refusal(error, reading=reading, editing=editing) from None
    except aiohttp.ClientConnectorError as error:
        raise TransientError(f"Discord cannot be reached: {type(error).__name__}") from None
    except (aiohttp.ClientError, discord.DiscordException, TimeoutError, OSError, ValueError) as error:
        raise _unanswered(f"Discord did not answer: {type(error).__name__}", reading=reading) from None


def code_of(error: PermanentError) -> int:
    """Discord's code in a refusal; 0 when it has none."""
    head = str(error).split(" ", 1)[0]
    return int(head) if head.isdecimal() else 0


def _refusal(error: discord.HTTPException, *, reading: bool, editing: bool) -> Exception:
    status, code = error.status, error.code
    words = f"{code} {error.text}".strip()
    if status == 429:
        return TransientError("Discord wants a pause", retry_after_s=_SERVER_RETRY_S)
    if status >= 500:
        return _unanswered(f"Discord answered {status}", reading=reading)
    if status == 401:
        return PermanentError(words, reason=Refusal.DISCONNECTED)
    if editing and code == ARCHIVED:
        return PermanentError(words, reason=Refusal.MESSAGE_GONE)  # a new one wakes the thread, unless it is locked
    if status in (403, 404) and "json" not in error.response.headers.get("Content-Type", ""):
        # Not Discord, but what stands in front of it: that says nothing of the thread.
        return TransientError(f"the network in front of Discord answered {status}", retry_after_s=_BAN_PAUSE_S)
    if code in _THREAD_GONE or (code == 0 and status in (403, 404)):
        return PermanentError(words, reason=Refusal.THREAD_GONE)
    if code in _MESSAGE_GONE:
        return PermanentError(words, reason=Refusal.MESSAGE_GONE)
    return PermanentError(words, reason=Refusal.CONTENT)


def _unanswered(message: str, *, reading: bool) -> MusterError | UnknownOutcome:
    return TransientError(message, retry_after_s=_SERVER_RETRY_S) if reading else UnknownOutcome(message)
