"""Tries the keys that people bring before they count, and tells each person alone how it went.

A worker process runs one `KeyTrials` beside its sessions; several workers may, and each outcome is still written and
told once. How a key is tried, with which call to which service, is the caller's to say.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from config.logging import redacting
from core.domain.preferences import WORKSPACE, SealedSecret
from core.domain.refs import WorkspaceId
from core.errors import MusterError, PermanentError, TransientError
from core.ports import TOPIC_RELAY, Clock, UnitOfWork, Work
from core.service.redaction import Redactor
from worker.keyring import UNKNOWN_KEY, Keyring

log = structlog.get_logger(__name__)

TryKey = Callable[[str, str], Awaitable[str]]
"""(name, value) -> "" when the key works, else a sentence that says why not.

Raises `TransientError` when that cannot be said now. What it says and logs may repeat the value: here it is struck out.
"""

_SUBJECT_CHARS = 128
_GIVE_UP = "It could not be tried for an hour, so it was put away. Enter it again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTimes:
    """How often, how long and how many at once."""

    poll_s: float = 5.0  # while a key waits to be tried again
    idle_s: float = 30.0  # when nobody rings
    one_trial_s: float = 20.0
    first_wait_s: float = 5.0  # before a key is tried again; doubled each time
    longest_wait_s: float = 300.0
    give_up_s: float = 3_600.0  # after so long without an answer, the key is refused
    at_once: int = 4


class KeyTrials:
    """The trials of one worker process."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        clock: Clock,
        keyring: Keyring,
        try_key: TryKey,
        times: TrialTimes | None = None,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._keyring = keyring
        self._try_key = try_key
        self._times = times or TrialTimes()
        self._awake = asyncio.Event()
        self._tries: dict[bytes, int] = {}  # of what waits to be tried again, by its sealed bytes
        self._not_before: dict[bytes, float] = {}  # the loop's time
        self._at_once = asyncio.Semaphore(self._times.at_once)

    def wake(self) -> None:
        """There may be a key that nobody has tried."""
        self._awake.set()

    async def run(self) -> None:
        """Look for untried keys until cancelled.

        Raises:
            TransientError: the database did not answer; call it again.
        """
        while True:
            await self.round()
            wait_s = self._times.poll_s if self._not_before else self._times.idle_s
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s * random.uniform(0.8, 1.2)):
                    await self._awake.wait()
            self._awake.clear()

    async def round(self) -> int:
        """Try what is due; returns how many keys have an outcome now.

        Raises:
            TransientError: the database did not answer.
        """
        # What waits must not hide what came after it.
        async with self._uow.across() as across:
            found = await across.untried(limit=20 + len(self._not_before))
        self._forget_all_but({secret.sealed for _, secret in found})
        now = asyncio.get_running_loop().time()
        due = [each for each in found if self._not_before.get(each[1].sealed, 0.0) <= now]
        outcomes = await asyncio.gather(*(self._settle(*each) for each in due), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return sum(outcome is True for outcome in outcomes)

    async def _settle(self, workspace: WorkspaceId, secret: SealedSecret) -> bool:
        """Try one key and write the outcome; False when there is none yet, or somebody else wrote it."""
        try:
            async with self._at_once, asyncio.timeout(self._times.one_trial_s):
                why_not = await self._why_not(workspace, secret)
        except (TransientError, TimeoutError) as error:
            if not self._is_given_up(secret):
                self._later(secret, error)
                return False
            why_not = _GIVE_UP
        async with self._uow.begin(workspace) as work:
            return await _write(work, secret, why_not)

    async def _why_not(self, workspace: WorkspaceId, secret: SealedSecret) -> str:
        """ "" when the key works.

        Raises:
            TransientError: that is not known yet.
        """
        try:
            value = self._keyring.open(secret, workspace)
        except PermanentError as error:
            if error.reason == UNKNOWN_KEY:  # a worker with a newer keyring may be starting
                raise TransientError(str(error)) from None
            return "It cannot be read as it was kept: enter it again."
        redact = Redactor([value])
        with redacting(redact):
            try:
                return redact(await self._try_key(secret.name, value))
            except TransientError:
                raise
            except MusterError as error:
                return redact(str(error))
            except Exception as error:
                log.warning("keys.trial_broke", workspace=workspace, name=secret.name, error=repr(error))
                raise TransientError("the trial broke") from None

    def _is_given_up(self, secret: SealedSecret) -> bool:
        return self._clock.now() - secret.changed_at > timedelta(seconds=self._times.give_up_s)

    def _later(self, secret: SealedSecret, error: Exception) -> None:
        tries = self._tries.get(secret.sealed, 0)
        wait_s = min(self._times.first_wait_s * 2**tries, self._times.longest_wait_s)
        if isinstance(error, TransientError):
            wait_s = min(max(wait_s, error.retry_after_s), self._times.longest_wait_s)
        self._tries[secret.sealed] = tries + 1
        self._not_before[secret.sealed] = asyncio.get_running_loop().time() + wait_s
        log.info("keys.trial_put_off", name=secret.name, wait_s=round(wait_s, 1), error=type(error).__name__)

    def _forget_all_but(self, untried: set[bytes]) -> None:
        self._tries = {sealed: tries for sealed, tries in self._tries.items() if sealed in untried}
        self._not_before = {sealed: at for sealed, at in self._not_before.items() if sealed in untried}


async def _write(work: Work, secret: SealedSecret, why_not: str) -> bool:
    """Count the key or forget it, and tell its owner; False when another worker, or a newer key, was first."""
    settled = await (work.secrets.refuse(secret) if why_not else work.secrets.accept(secret))
    if not settled:
        return False
    where = secret.told_at.encode() if secret.told_at is not None else work.workspace
    action = "KeyRefused" if why_not else "KeyAccepted"
    subject = f"{secret.name} of {secret.owner or 'the workspace'}"[:_SUBJECT_CHARS]
    await work.audit.note(by=secret.told_to, action=action, subject=subject, allowed=not why_not, where=where)
    if secret.told_at is not None:
        await work.notices.add(secret.told_at, secret.told_to, _told(secret, why_not))
        work.ring(TOPIC_RELAY, work.workspace)
    log.info("keys.tried", workspace=work.workspace, name=secret.name, works=not why_not)
    return True


def _told(secret: SealedSecret, why_not: str) -> str:
    whose = "The workspace's" if secret.owner == WORKSPACE else "Your"
    which = f"key for `{secret.name}`" + (f" (…{secret.last4})" if secret.last4 else "")
    if not why_not:
        return f"{whose} {which} works and counts from now on."
    return f"{whose} new {which} was not taken. {why_not}"
