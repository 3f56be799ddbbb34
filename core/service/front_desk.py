"""What people ask, taken and carried out: each request once, those of one place in the platform's order.

A platform's handlers call `take` before they acknowledge; `run` carries out what a dead process left behind. What a
request does to sessions is decided in `decisions`, in the transaction that also closes its row of the inbox. Never
speaks to a platform inside a transaction.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import structlog

from core.domain.commands import ChangeReply, Command, PostReply, StartSession
from core.domain.refs import FileRef, Place, Platform, WorkspaceId
from core.errors import Conflict, TransientError, UserError
from core.ports import Answer, Clock, Conversations, InboxRow, Notify, Renderer, Tell, UnitOfWork, Work
from core.service.decisions import Decisions, Defaults
from core.service.outbound import redact, safe_file_name
from core.service.policy import Policy
from core.service.reports import Reports
from core.service.sealing import Sealer
from core.service.settings_desk import SettingsDesk

__all__ = ["Defaults", "FrontDesk"]

log = structlog.get_logger(__name__)

_UNTAKEN_AFTER_S = 5.0
_MIME_CHARS = 128  # that the stores hold; it is whatever the person's program says
_MOST_CONFLICTS = 20
_MOST_FAILURES = 3
_BROKEN = "Something in Muster went wrong with this request, so it was not carried out. Please try it in another way."


class FrontDesk:
    """The one place where a person's request becomes what happens to a session."""

    def __init__(
        self,
        *,
        platform: Platform,
        uow: UnitOfWork,
        clock: Clock,
        conversations: Conversations,
        renderer: Renderer,
        policy: Policy,
        defaults: Defaults,
        tell: Tell,
        sealer: Sealer | None = None,
    ) -> None:
        """
        Args:
            sealer: for keys that people bring; without one they are refused.
        """
        self._platform = platform
        self._uow = uow
        self._clock = clock
        self._conversations = conversations
        self._defaults = defaults
        self._decisions = Decisions(policy=policy, defaults=defaults, renderer=renderer)
        self.settings = SettingsDesk(uow=uow, policy=policy, defaults=defaults, sealer=sealer)
        """Where people's settings are looked at and changed."""
        self.reports = Reports(uow=uow, conversations=conversations, policy=policy)
        """What was used, who may do what, who did what."""
        self._tell = tell
        self._notify: dict[Place, dict[int, tuple[Notify, Answer | None]]] = {}  # by the inbox row
        self._failures: Counter[int] = Counter()
        self._wanted: set[Place] = set()
        self._at_work: set[Place] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(
        self, command: Command, *, dedupe_key: str, order: str, notify: Notify, otherwise: Answer | None = None
    ) -> bool:
        """Keep the command and carry it out soon; once this returns, it will happen.

        Args:
            dedupe_key: the same for every delivery of the same request.
            order: sorts the requests of one place, as text, in the platform's order.
            notify: told at most once, when the person should read something in private.
            otherwise: what *notify* is told when there is nothing to say, where a request must be answered.

        Returns:
            False when the request is known already.

        Raises:
            TransientError: it could not be kept, so nothing will happen.
        """
        command = _fit_to_keep(command)
        async with self._uow.begin(command.place.workspace, urgent=True) as work:
            row = await work.inbox.put(command, dedupe_key=dedupe_key, order=order)
        if row is None:
            return False
        self._notify.setdefault(command.place, {})[row] = notify, otherwise
        self._soon(command.place)
        return True

    @property
    def defaults(self) -> Defaults:
        """What people may choose, for forms and completions."""
        return self._defaults

    def check(self, command: StartSession) -> None:
        """What can be said about a start at once, before it is taken; whether there is room is seen later.

        Raises:
            UserError: it would be refused; `about` names the field.
        """
        self._decisions.check(command)

    async def keep(self, workspace: WorkspaceId, *, name: str, content: bytes, mime: str) -> FileRef:
        """Keep the bytes of a file that comes with a request, before the request itself.

        Args:
            name: as the person named it.

        Raises:
            UserError: it is too large.
            TransientError: it could not be kept.
        """
        async with self._uow.begin(workspace, urgent=True) as work:
            blob = await work.files.put(content)
        return FileRef(name=safe_file_name(name), blob=blob, size_bytes=len(content), mime=redact(mime)[:_MIME_CHARS])

    async def run(self, *, only: WorkspaceId | None = None) -> None:
        """Carry out what other processes took and did not finish; runs until cancelled.

        Args:
            only: the workspace that this process speaks for, where its token serves one: to others it can say nothing.
        """
        while True:
            try:
                await self.sweep(only=only)
            except TransientError as error:
                log.warning("front_desk.sweep_failed", error=str(error))
            except Exception:
                log.exception("front_desk.sweep_broken")
            await asyncio.sleep(_UNTAKEN_AFTER_S)

    async def sweep(self, *, only: WorkspaceId | None = None) -> None:
        """One round of `run`: begin to carry out what has waited too long."""
        async with self._uow.across() as across:
            places = await across.untaken(self._clock.now() - timedelta(seconds=_UNTAKEN_AFTER_S))
        for place in places:
            if place.workspace == only if only else place.workspace.startswith(f"{self._platform}:"):
                self._soon(place)

    async def drain(self) -> None:
        """Wait until everything taken so far is carried out."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _soon(self, place: Place) -> None:
        self._wanted.add(place)
        if place not in self._at_work:
            self._at_work.add(place)
            task = asyncio.create_task(self._carry_out(place))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, place: Place) -> None:
        try:
            while place in self._wanted:
                self._wanted.discard(place)
                while await self._carry_out_next(place):
                    pass
        except TransientError as error:
            log.warning("front_desk.later", place=place.encode(), error=str(error))  # `run` comes back to it
        except Exception:
            log.exception("front_desk.broken", place=place.encode())
        finally:
            self._at_work.discard(place)

    async def _carry_out_next(self, place: Place) -> bool:
        """Carry out the place's next row; False when there is none."""
        async with self._uow.read(place.workspace) as work:
            row = await work.inbox.next_of(place, lock=False)
        if row is None:
            if place not in self._wanted:
                self._notify.pop(place, None)  # other processes carried out what is left here
            return False
        try:
            carried_out, answer = await self._outcome(row)
        except TransientError:
            raise
        except Exception:
            self._failures[row.id] += 1
            if self._failures[row.id] < _MOST_FAILURES:
                raise
            # It would hold up everything behind it for ever.
            log.exception("front_desk.given_up", place=place.encode(), row=row.id)
            carried_out, answer = await self._close(row, "broken"), Answer(text=_BROKEN)
        self._failures.pop(row.id, None)
        if carried_out:
            await self._say(row, answer)
        return True

    async def _outcome(self, row: InboxRow) -> tuple[bool, Answer | None]:
        """Whether this process closed the row, and what the person is told.

        Raises:
            Conflict: the session moved each of many times that this looked at it.
        """
        refusal = await self._admission(row.command)
        conflicts = 0
        while True:
            try:
                async with self._uow.begin(row.command.place.workspace) as work:
                    if not await _is_next(work, row):
                        return False, None
                    if refusal:
                        raise UserError(refusal)
                    answer = await self._decisions.decide(work, row)
                    await work.inbox.done(row.id, "done")
                return True, answer
            except UserError as error:
                return await self._close(row, "refused"), Answer(text=str(error))
            except Conflict:
                conflicts += 1
                if conflicts == _MOST_CONFLICTS:
                    raise

    async def _admission(self, command: Command) -> str:
        """Why the command cannot be carried out, as far as that is known before its transaction; or ""."""
        if not isinstance(command, StartSession):
            return ""  # Muster was there to hear it
        try:
            self._decisions.check(command)  # first: to be admitted is visible to others
        except UserError as error:
            return str(error)
        return await self._conversations.admit(command.place)

    async def _close(self, row: InboxRow, outcome: str) -> bool:
        """Close the row without effect; False when another process has carried it out, or must do others first."""
        command = row.command
        async with self._uow.begin(command.place.workspace) as work:
            if not await _is_next(work, row):
                return False
            await work.inbox.done(row.id, outcome)
            await work.audit.note(
                by=command.by.id,
                action=type(command).__name__,
                subject="",
                allowed=False,
                where=command.place.encode(),
            )
        return True

    async def _say(self, row: InboxRow, answer: Answer | None) -> None:
        notify, otherwise = self._notify.get(row.command.place, {}).pop(row.id, (None, None))
        answer = answer or otherwise
        if answer is None:
            return
        try:
            if notify is not None:
                await notify(answer)
            else:
                await self._tell(row.command.place, row.command.by.id, answer)
        except Exception:
            log.warning("front_desk.answer_not_delivered", place=row.command.place.encode(), exc_info=True)


async def _is_next(work: Work, row: InboxRow) -> bool:
    """Lock the place's first row; False when that is another: one was faster, or an earlier one came in."""
    locked = await work.inbox.next_of(row.command.place)
    return locked is not None and locked.id == row.id


def _fit_to_keep(command: Command) -> Command:
    """The command without secrets, and without characters that no database takes."""
    by = replace(command.by, name=redact(command.by.name))
    match command:
        case StartSession(task=task, team=team):
            return replace(command, by=by, task=redact(task), team=redact(team))
        case PostReply(text=text) | ChangeReply(text=text):
            return replace(command, by=by, text=redact(text))
        case _:
            return replace(command, by=by)
