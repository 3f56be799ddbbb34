"""Between a platform's handlers and the front desk: records in the time that the platform gives, and answers questions.

Made by each platform's app, called by its handlers. Speaks to people only through the `Notify` that it is handed.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Coroutine
from typing import Any

import structlog

from bots import replies
from bots.requests import Asked, Topic
from core.domain.commands import Command
from core.errors import MusterError
from core.ports import Answer, Notify
from core.service.front_desk import FrontDesk
from core.service.history import History

log = structlog.get_logger(__name__)


class Attendant:
    """Takes what people ask of one workspace, or of several of one platform."""

    def __init__(self, *, desk: FrontDesk, history: History, help_text: str, record_s: float) -> None:
        """
        Args:
            help_text: what `/agents help` answers, in the platform's own words.
            record_s: time to record a request in; what is later than that is told "not started".
        """
        self._desk = desk
        self._history = history
        self._help = help_text
        self._record_s = record_s
        self._answering: set[asyncio.Task[None]] = set()

    async def take(
        self,
        wanted: Command | Asked,
        *,
        key: str,
        order: str,
        notify: Notify,
        otherwise: Answer | None = None,
    ) -> None:
        """Record a command; answer a question soon.

        Args:
            key: the same for every delivery of the same request.
            order: sorts the requests of one place, as text, in the platform's order.
            otherwise: what *notify* is told when there is nothing to say, where a request must be answered.

        Raises:
            TransientError: a command could not be recorded, so nothing will happen.
        """
        if isinstance(wanted, Asked):
            self.answer_soon(wanted, notify)
            return
        opaque = hashlib.sha256(key.encode()).hexdigest()  # the ids that platforms give may open doors
        await self._desk.take(wanted, dedupe_key=opaque, order=order, notify=notify, otherwise=otherwise)

    async def in_time(self, recording: Coroutine[Any, Any, None]) -> None:
        """Await *recording* for `record_s` at most; then it is cancelled, and goes on letting go by itself.

        Letting go of a database that keeps silent takes seconds as well, and by then the person would have been told
        that Muster did not answer.

        Raises:
            TimeoutError: it took too long, so nothing will come of it.
        """
        task = asyncio.create_task(recording)
        self._answering.add(task)
        task.add_done_callback(self._recorded)
        try:
            await asyncio.wait({task}, timeout=self._record_s)
        finally:
            task.cancel()
        if not task.done():
            raise TimeoutError
        await task

    def answer_soon(self, asked: Asked, notify: Notify) -> None:
        """Answer what changes nothing, after the acknowledgement."""
        self.soon(self._answer(asked, notify))

    def soon(self, answering: Awaitable[None]) -> None:
        """Await *answering* aside; its failure is logged and hurts nobody."""
        task = asyncio.ensure_future(_logged(answering))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def drain(self) -> None:
        """Wait until what was asked so far is answered."""
        while self._answering:
            await asyncio.wait(self._answering)

    def _recorded(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has been told

    async def _answer(self, asked: Asked, notify: Notify) -> None:
        try:
            match asked.topic:
                case Topic.HELP:
                    answer = Answer(text=self._help)
                case Topic.STATUS:
                    answer = await self._history.status(asked.query)
                case Topic.HISTORY:
                    answer = await self._history.answer(asked.query)
                case Topic.USAGE:
                    answer = await self._desk.reports.usage(asked.query)
                case Topic.ACCESS:
                    answer = await self._desk.reports.access(asked.query)
                case Topic.AUDIT:
                    answer = await self._desk.reports.audit(asked.query)
        except MusterError as error:
            answer = Answer(text=replies.in_words(error))
        await notify(answer)


async def _logged(answering: Awaitable[None]) -> None:
    try:
        await answering
    except Exception:
        log.warning("attendant.answer_not_delivered", exc_info=True)
