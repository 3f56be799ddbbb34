"""Keys that people bring are tried before they count, and each is told once how it went."""

import asyncio
import io
import logging
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
import structlog

from config.logging import configure
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.preferences import WORKSPACE, SealedSecret
from core.domain.refs import ChannelId, Place, UserId, WorkspaceId
from core.errors import PermanentError, TransientError
from core.ports import TOPIC_RELAY, Noted, Notice
from tests.conftest import NotingBell, SetClock
from worker.key_trials import KeyTrials, TrialTimes, TryKey
from worker.keyring import Keyring, keys_for, new_key

ACME, OTHER = WorkspaceId("slack:T1"), WorkspaceId("discord:G1")
ADA = UserId("U1")
HERE = Place(workspace=ACME, channel=ChannelId("C1"))
VALUE = "of-ada-0123456789"
AT_ONCE = TrialTimes(first_wait_s=0.0)
KEYRING = Keyring([new_key()])


def candidate(
    clock: SetClock,
    value: str = VALUE,
    *,
    keyring: Keyring = KEYRING,
    name: str = "openai",
    owner: UserId = ADA,
    told_at: Place | None = HERE,
) -> SealedSecret:
    made = keyring.sealer.seal(value, workspace=ACME, owner=owner, name=name)
    return SealedSecret(
        owner=owner,
        name=name,
        sealed=made.sealed,
        key_id=made.key_id,
        last4=made.last4,
        changed_at=clock.now(),
        told_at=told_at,
        told_to=ADA,
    )


async def offer(uow: SqlUnitOfWork, *secrets: SealedSecret) -> None:
    async with uow.begin(ACME) as work:
        for secret in secrets:
            await work.secrets.offer(secret)


async def told(uow: SqlUnitOfWork) -> list[Notice]:
    async with uow.read(ACME) as work:
        return await work.notices.waiting()


async def audited(uow: SqlUnitOfWork) -> list[Noted]:
    async with uow.read(ACME) as work:
        return await work.audit.latest()


async def waiting(uow: SqlUnitOfWork) -> set[str]:
    async with uow.read(ACME) as work:
        return set(await work.secrets.candidates(ADA))


def answering(*answers: str | Exception) -> tuple[TryKey, list[tuple[str, str]]]:
    """Trials that go like this, one after the other, and what was tried."""
    tried: list[tuple[str, str]] = []

    async def try_key(name: str, value: str) -> str:
        tried.append((name, value))
        answer = answers[min(len(tried), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return try_key, tried


@pytest.fixture
def trials(uow: SqlUnitOfWork, clock: SetClock) -> Callable[..., KeyTrials]:
    def make(try_key: TryKey, times: TrialTimes = AT_ONCE, keyring: Keyring = KEYRING) -> KeyTrials:
        return KeyTrials(uow=uow, clock=clock, keyring=keyring, try_key=try_key, times=times)

    return make


Trials = Callable[..., KeyTrials]


async def test_a_key_that_works_counts_and_its_owner_is_told(
    uow: SqlUnitOfWork, clock: SetClock, bell: NotingBell, trials: Trials
) -> None:
    await offer(uow, candidate(clock))
    try_key, tried = answering("")
    assert await trials(try_key).round() == 1
    assert tried == [("openai", VALUE)]
    assert await keys_for(uow, KEYRING, ACME, ADA) == {"openai": VALUE}
    [notice] = await told(uow)
    assert (notice.place, notice.user) == (HERE, ADA)
    assert notice.text == "Your key for `openai` (…6789) works and counts from now on."
    assert (TOPIC_RELAY, ACME) in bell.rings
    [noted] = await audited(uow)
    assert (noted.by, noted.action, noted.allowed, noted.where) == (ADA, "KeyAccepted", True, HERE.encode())
    assert await trials(try_key).round() == 0


async def test_a_key_that_does_not_work_is_forgotten_and_the_one_before_counts_on(
    uow: SqlUnitOfWork, clock: SetClock, trials: Trials
) -> None:
    await offer(uow, candidate(clock, "the-one-before"))
    await trials(answering("")[0]).round()
    await offer(uow, candidate(clock, "short-one"))
    await trials(answering("OpenAI does not know it.")[0]).round()
    assert await keys_for(uow, KEYRING, ACME, ADA) == {"openai": "the-one-before"}
    assert await waiting(uow) == set()
    assert (await told(uow))[-1].text == "Your new key for `openai` was not taken. OpenAI does not know it."
    assert (await audited(uow))[0].action == "KeyRefused"


async def test_a_workspace_s_key_is_called_that(uow: SqlUnitOfWork, clock: SetClock, trials: Trials) -> None:
    await offer(uow, candidate(clock, owner=WORKSPACE))
    await trials(answering("")[0]).round()
    assert (await told(uow))[0].text.startswith("The workspace's key for `openai` (…6789) works")


async def test_nobody_is_told_where_there_is_no_place_for_it(
    uow: SqlUnitOfWork, clock: SetClock, trials: Trials
) -> None:
    await offer(uow, candidate(clock, told_at=None))
    assert await trials(answering("")[0]).round() == 1
    assert await told(uow) == []
    assert (await audited(uow))[0].where == ACME


async def test_what_a_service_says_of_a_key_does_not_repeat_it(
    uow: SqlUnitOfWork, clock: SetClock, trials: Trials
) -> None:
    await offer(uow, candidate(clock), candidate(clock, name="groq"))

    async def try_key(name: str, value: str) -> str:
        if name == "groq":
            raise PermanentError(f"{value} is wrong.")
        return f"Incorrect key: {value}."

    await trials(try_key).round()
    assert len(await told(uow)) == 2
    assert all(VALUE not in notice.text and "[redacted]" in notice.text for notice in await told(uow))


@pytest.mark.parametrize("trouble", [TransientError("busy"), RuntimeError(VALUE), TimeoutError()])
async def test_a_key_that_cannot_be_tried_now_is_tried_again(
    uow: SqlUnitOfWork, clock: SetClock, trials: Trials, trouble: Exception
) -> None:
    if isinstance(trouble, TransientError):
        trouble.retry_after_s = 0.0
    await offer(uow, candidate(clock))
    try_key, tried = answering(trouble, "")
    one = trials(try_key)
    assert await one.round() == 0
    assert await waiting(uow) == {"openai"}
    assert await told(uow) == []
    one._not_before.clear()
    assert await one.round() == 1
    assert len(tried) == 2


async def test_a_key_is_not_tried_again_before_its_time(uow: SqlUnitOfWork, clock: SetClock, trials: Trials) -> None:
    await offer(uow, candidate(clock))
    try_key, tried = answering(TransientError("busy", retry_after_s=60))
    one = trials(try_key)
    for _ in range(3):
        await one.round()
    assert len(tried) == 1


async def test_a_trial_that_hangs_ends_and_holds_up_no_other(
    uow: SqlUnitOfWork, clock: SetClock, trials: Trials
) -> None:
    await offer(uow, candidate(clock), candidate(clock, name="groq"))

    async def try_key(name: str, value: str) -> str:
        if name == "openai":
            await asyncio.Event().wait()
        return ""

    assert await trials(try_key, TrialTimes(one_trial_s=0.05)).round() == 1
    assert await waiting(uow) == {"openai"}


async def test_keys_that_wait_hide_none_that_came_later(uow: SqlUnitOfWork, clock: SetClock, trials: Trials) -> None:
    async def try_key(name: str, value: str) -> str:
        if name.startswith("slow"):
            raise TransientError("busy", retry_after_s=60)
        return ""

    await offer(uow, *(candidate(clock, name=f"slow-{n}") for n in range(20)))
    one = trials(try_key)
    assert await one.round() == 0
    clock.advance(1)
    await offer(uow, candidate(clock, name="groq"))
    assert await one.round() == 1


async def test_a_key_that_cannot_be_tried_for_an_hour_is_put_away(
    uow: SqlUnitOfWork, clock: SetClock, trials: Trials
) -> None:
    await offer(uow, candidate(clock))
    clock.advance(3_601)
    assert await trials(answering(TransientError("down"))[0]).round() == 1
    assert "could not be tried for an hour" in (await told(uow))[0].text
    assert await waiting(uow) == set()


async def test_a_key_sealed_to_a_newer_public_key_waits_for_a_worker_that_has_it(
    uow: SqlUnitOfWork, clock: SetClock, trials: Trials
) -> None:
    newer = Keyring([new_key()])
    await offer(uow, candidate(clock, keyring=newer))
    try_key, tried = answering("")
    assert await trials(try_key).round() == 0
    assert tried == []
    assert await trials(try_key, AT_ONCE, newer).round() == 1


async def test_a_copied_candidate_is_refused_untried(uow: SqlUnitOfWork, clock: SetClock, trials: Trials) -> None:
    await offer(uow, replace(candidate(clock, owner=UserId("U9")), owner=ADA))
    try_key, tried = answering("")
    assert await trials(try_key).round() == 1
    assert tried == []
    assert "enter it again" in (await told(uow))[0].text
    assert await keys_for(uow, KEYRING, ACME, ADA) == {}


async def test_a_key_that_was_replaced_during_its_trial_is_not_taken(
    uow: SqlUnitOfWork, clock: SetClock, trials: Trials
) -> None:
    await offer(uow, candidate(clock, "first-of-two-keys"))

    async def try_key(name: str, value: str) -> str:
        if value == "first-of-two-keys":
            await offer(uow, candidate(clock, "second-of-two-keys"))
        return ""

    one = trials(try_key)
    assert await one.round() == 0
    assert await told(uow) == []
    assert await one.round() == 1
    assert await keys_for(uow, KEYRING, ACME, ADA) == {"openai": "second-of-two-keys"}


async def test_no_more_than_a_few_are_tried_at_once(uow: SqlUnitOfWork, clock: SetClock, trials: Trials) -> None:
    await offer(uow, *(candidate(clock, name=f"n{n}") for n in range(12)))
    now, most = 0, 0

    async def try_key(name: str, value: str) -> str:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return ""

    assert await trials(try_key).round() == 12
    assert most == 4


async def test_a_trial_logs_no_key(uow: SqlUnitOfWork, clock: SetClock, trials: Trials) -> None:
    root = logging.getLogger()
    before, hook, lines = (root.handlers, root.level), sys.excepthook, io.StringIO()
    configure(level="debug", form="json", stream=lines)
    try:

        async def try_key(name: str, value: str) -> str:
            logging.getLogger("library").error("Illegal header value %r", f"Bearer {value}")
            raise RuntimeError(f"no header {value}")

        await offer(uow, candidate(clock))
        await trials(try_key).round()
    finally:
        root.handlers, sys.excepthook = before[0], hook
        root.setLevel(before[1])
        structlog.reset_defaults()
    assert "Illegal header" in lines.getvalue()
    assert "keys.trial_broke" in lines.getvalue()
    assert VALUE not in lines.getvalue()


async def test_the_loop_goes_on_until_it_is_cancelled(uow: SqlUnitOfWork, clock: SetClock, trials: Trials) -> None:
    tried = asyncio.Event()

    async def try_key(name: str, value: str) -> str:
        tried.set()
        return ""

    running = asyncio.create_task(trials(try_key, TrialTimes(poll_s=0.01, idle_s=0.01)).run())
    await asyncio.sleep(0)
    await offer(uow, candidate(clock))
    async with asyncio.timeout(5):
        await tried.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
