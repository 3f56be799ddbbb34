"""Models as the team uses them: one call in, one reply out, with all patience and all errors dealt with here.

A worker process has one `ModelPool`; the runner takes one `Model` from it for each session that it drives. This is the
only place that tries a call again, and a caller sees no error of a provider but `PermanentError`.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx2
import structlog
from pydantic import BaseModel

from config.providers import Provider, ProviderNotReady, Structured, chosen
from core.domain.session import Usage
from core.errors import PermanentError
from worker.team.engine import Answer, PooledConfig, ask, schema_of
from worker.team.faults import (
    NO_KEY,
    NO_SCHEMA,
    NO_THOUGHTS,
    UNKNOWN_PROVIDER,
    Fault,
    NothingSaid,
    fault_of,
    surface_error,
)
from worker.team.messages import Call, Message, Offered, size_chars
from worker.team.usage import Bill, billed, price_of, read_bill, usage_of

log = structlog.get_logger(__name__)

Before = Callable[[float | None], Awaitable[None]]
"""Told what the next call may cost, in US dollars, or None; raises `PermanentError` where that is too much."""

Notice = Callable[[str], Awaitable[None]]
"""Tells people, in a sentence, that a call takes long."""

_CHARS_A_TOKEN = 3  # fewer than the usual four: an estimate shall not be too low
_TOKENS_AN_ANSWER = 2_000
JSON_OBJECT: Mapping[str, object] = {"response_format": {"type": "json_object"}}
MOST_CONFIGS = 256
MOST_LEARNED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long and how often a model call is tried."""

    call_timeout_s: float = 150.0  # one attempt
    total_s: float = 300.0  # all attempts and the waits between them
    attempts: int = 6
    first_wait_s: float = 1.0  # doubled each time
    longest_wait_s: float = 30.0  # unless the provider asks for more
    notice_after_s: float = 10.0  # then people are told that it takes long


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model said: words, tool calls, or both."""

    text: str
    calls: tuple[Call, ...] = ()


class ModelPool:
    """The providers of a worker process and the one HTTP client to them all."""

    def __init__(self, providers: Mapping[str, Provider], patience: Patience | None = None) -> None:
        """Connects nothing yet; `close` must be called at the end."""
        self._providers = providers
        self._patience = patience or Patience()
        self._configs: OrderedDict[tuple[Provider, str, bool, bool], PooledConfig] = OrderedDict()
        self._learned: dict[tuple[str, str], set[str]] = {}
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(self._patience.call_timeout_s, connect=10.0),
            limits=httpx2.Limits(max_connections=400, max_keepalive_connections=100),
            event_hooks={"response": [surface_error, read_bill]},
            # A proxy in the environment never leads to this machine itself.
            mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None},
        )

    async def close(self) -> None:
        """Drop all connections."""
        await self._http.aclose()

    def model(
        self, provider: str, model: str, *, key: str = "", notice: Notice | None = None, before: Before | None = None
    ) -> "Model":
        """The *model* (empty: the provider's default) at the provider called *provider*.

        Args:
            key: a person's or a workspace's own, instead of the deployment's.
            notice: told once for each call that is tried for longer than `Patience.notice_after_s`.
            before: awaited before each attempt.

        Raises:
            PermanentError: this deployment has no such provider, or nobody has a key for it; says what to set.
        """
        try:
            found = chosen(self._providers, provider, key=key)
        except ProviderNotReady as error:
            reason = NO_KEY if provider in self._providers else UNKNOWN_PROVIDER
            raise PermanentError(str(error), reason=reason) from error
        return Model(self, found, model or found.default_model, self._patience, notice, before)

    def config(self, provider: Provider, model: str, *, json_object: bool, thoughts: bool) -> PooledConfig:
        """The engine's config for one model and key, made once while it is in use.

        Args:
            json_object: ask for a JSON object.
            thoughts: False: the model shall not think before it answers.
        """
        key = (provider, model, json_object, thoughts)
        config = self._configs.pop(key, None)
        if config is None:
            body = {**(JSON_OBJECT if json_object else {}), **({} if thoughts else provider.thinking_off)}
            config = PooledConfig(
                model=model,
                # The SDK refuses an empty key; servers that want none ignore this one.
                api_key=provider.api_key or "none",
                base_url=provider.base_url,
                max_retries=0,  # `Model` tries again, nobody else
                timeout=self._patience.call_timeout_s,
                http_client=self._http,
                extra_body=body or None,
            )
        self._configs[key] = config
        if len(self._configs) > MOST_CONFIGS:
            self._configs.popitem(last=False)
        return config

    def learned(self, provider: Provider, model: str) -> frozenset[str]:
        """What this model has refused so far: `faults.NO_SCHEMA`, `faults.NO_THOUGHTS`."""
        return frozenset(self._learned.get((provider.name, model), ()))

    def learn(self, refused: str, provider: Provider, model: str, *, known: frozenset[str]) -> bool:
        """This model *refused* something: ask it without from now on.

        Args:
            known: what it was asked without when it refused; another call may have learned the same meanwhile.

        Returns:
            Whether there is another way to ask.
        """
        if refused not in (NO_SCHEMA, NO_THOUGHTS) or refused in known:
            return False
        if refused == NO_SCHEMA and provider.structured is Structured.PROMPT:
            return False
        log.info("model.asked_otherwise", provider=provider.name, model=model, refused=refused)
        if len(self._learned) >= MOST_LEARNED:  # names come from people; what is forgotten is learned again
            self._learned.clear()
        self._learned.setdefault((provider.name, model), set()).add(refused)
        return True


class Model:
    """One model for one session; counts what it used."""

    def __init__(
        self,
        pool: ModelPool,
        provider: Provider,
        name: str,
        patience: Patience,
        notice: Notice | None = None,
        before: Before | None = None,
    ) -> None:
        self.name = name
        self._before = before
        self._pool = pool
        self._provider = provider
        self._patience = patience
        self._notice = notice
        self._used: Usage | None = None

    def take_usage(self) -> Usage | None:
        """What was used since this was last called; None for nothing."""
        used, self._used = self._used, None
        return used

    def price_of(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """What a call with so many tokens would cost, in US dollars; None when that is not known."""
        return price_of(self._provider, self.name, prompt_tokens, completion_tokens)

    async def reply(
        self,
        system: str,
        messages: Sequence[Message],
        *,
        offered: Sequence[Offered] = (),
        form: type[BaseModel] | None = None,
    ) -> Reply:
        """Call the model until it answers or patience ends.

        Args:
            form: the answer shall be JSON of this form, asked for in the way that the provider knows; what comes may
                still be anything.

        Raises:
            PermanentError: with a sentence for people that says what happened and what to do; `reason` is one of the
                words in `faults`.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        told = False
        attempt = 0
        while True:
            attempt += 1
            left_s = self._patience.total_s - (loop.time() - started)
            known = self._pool.learned(self._provider, self.name)
            if self._before is not None:
                await self._before(self._estimate(system, messages))
            try:
                return await self._attempt(left_s, known, system, messages, offered, form)
            except Exception as error:
                fault = fault_of(error, self._provider, self.name)
            log.warning("model.failed", provider=self._provider.name, reason=fault.reason, attempt=attempt)
            if self._pool.learn(fault.reason, self._provider, self.name, known=known):
                continue
            waited_s = loop.time() - started
            wait_s = self._wait_s(fault, attempt, self._patience.total_s - waited_s)
            if not told and self._notice is not None and waited_s + wait_s >= self._patience.notice_after_s:
                told = True
                await self._notice(f"The model provider `{self._provider.name}` is slow to answer; still trying.")
            await asyncio.sleep(wait_s)

    async def _attempt(
        self,
        left_s: float,
        known: frozenset[str],
        system: str,
        messages: Sequence[Message],
        offered: Sequence[Offered],
        form: type[BaseModel] | None,
    ) -> Reply:
        way = Structured.PROMPT if NO_SCHEMA in known else self._provider.structured
        config = self._pool.config(
            self._provider,
            self.name,
            json_object=form is not None and way is Structured.JSON,
            thoughts=not (offered and NO_THOUGHTS in known),
        )
        schema = schema_of(form, in_prompt=way is not Structured.SCHEMA) if form is not None else None
        bill = Bill()
        billed.set(bill)
        async with asyncio.timeout(min(self._patience.call_timeout_s, left_s)):
            answer = await ask(config, system, messages, offered=offered, schema=schema)
        self._count(answer, bill)
        if answer.finish_reason == "error" or not (answer.text.strip() or answer.calls):
            raise NothingSaid(answer.finish_reason)
        return Reply(text=answer.text, calls=answer.calls)

    def _estimate(self, system: str, messages: Sequence[Message]) -> float | None:
        chars = len(system) + sum(map(size_chars, messages))
        return self.price_of(chars // _CHARS_A_TOKEN, _TOKENS_AN_ANSWER)

    def _count(self, answer: Answer, bill: Bill) -> None:
        used = usage_of(answer, self._provider, self.name, bill)
        self._used = used if self._used is None else self._used + used

    def _wait_s(self, fault: Fault, attempt: int, left_s: float) -> float:
        """How long to wait before the next attempt.

        Raises:
            PermanentError: there will be none.
        """
        patience = self._patience
        backed_off_s: float = min(patience.first_wait_s * 2.0 ** (attempt - 1), patience.longest_wait_s)
        wait_s = backed_off_s * random.uniform(0.8, 1.2)
        if fault.retry_after_s is not None:
            wait_s = max(wait_s, fault.retry_after_s)
        if not fault.passing or attempt >= (fault.attempts or patience.attempts) or wait_s >= left_s:
            raise PermanentError(fault.sentence, reason=fault.reason)
        return wait_s
