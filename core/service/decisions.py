"""What a request does to sessions: start, reply, stop. The front desk's rules, each decided inside one transaction.

Called by the front desk with a locked row of the inbox. Reads and writes through `Work` alone; speaks to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from core.domain import events as ev
from core.domain.access import Right
from core.domain.commands import ChangeAccess, ChangeReply, PostReply, PressChoice, StartSession, StopSession
from core.domain.preferences import WORKSPACE, Preferences
from core.domain.refs import MessageId, Person, SessionId, new_id
from core.errors import TransientError, UserError
from core.ports import (
    TOPIC_RELAY,
    Answer,
    InboxRow,
    NewSession,
    Renderer,
    SessionQuery,
    Thread,
    Work,
)
from core.service.answers import Answers
from core.service.changes import Changes
from core.service.outbound import redact
from core.service.policy import ACTIVE, Policy, Room, grants_of
from core.service.rules import RuleChanges
from core.service.stops import Stops

log = structlog.get_logger(__name__)

_SAME_AGAIN_S = 30.0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a session gets when nobody says otherwise."""

    provider: str
    model: str
    max_rounds: int
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Providers that people may choose, each with the models known of it, the usual one first."""
    system_prompt: str = ""
    max_file_bytes: int = 10 * 1024 * 1024
    max_files: int = 10  # that one message may bring


class Decisions:
    """What happens for each command."""

    def __init__(self, *, policy: Policy, defaults: Defaults, renderer: Renderer) -> None:
        self._policy = policy
        self._defaults = defaults
        self._renderer = renderer
        self._stops = Stops(policy)
        self._changes = Changes(policy, self._stops)
        self._answers = Answers(policy)
        self._rules = RuleChanges(policy)

    def check(self, command: StartSession) -> None:
        """What can be said about a start without looking at anything.

        Raises:
            UserError: it is refused.
        """
        self._policy.check_person(restricted=command.restricted)
        self._policy.check_task(command.task)
        self._policy.check_wish(command.team)
        self._chosen(command)

    async def decide(self, work: Work, row: InboxRow) -> Answer | None:
        """Carry the row's command out.

        Returns:
            What the person is told in private, if anything.

        Raises:
            UserError: it is refused.
            Conflict: somebody else moved the session first; look again.
            TransientError: it cannot be decided yet.
        """
        match row.command:
            case StartSession() as command:
                again = await work.inbox.repeats(row, _SAME_AGAIN_S)
                if again is not None:
                    return Answer(text=f"You have just started this: it is #{again}.")
                await self._start(work, command)
                return None
            case PostReply() as command:
                return await self._reply(work, command)
            case ChangeReply() as command:
                return await self._changes.carry_out(work, command, received_at=row.received_at)
            case StopSession() as command:
                return await self._stops.carry_out(work, command)
            case PressChoice() as command:
                return await self._answers.press(work, command)
            case ChangeAccess() as command:
                return await self._rules.carry_out(work, command)

    # --- start

    async def _start(self, work: Work, command: StartSession) -> None:
        self.check(command)
        place = command.place
        thread = await work.threads.open(place.channel, place.root, owned=place.root is None)
        await self._open_session(work, thread, command, card=True)

    def _chosen(self, command: StartSession) -> Preferences:
        """What the command itself says of the provider and the model; any model's name is taken.

        Raises:
            UserError: there is no such provider here.
        """
        provider, model = command.provider.strip(), command.model.strip()
        if model:
            self._policy.check_model(model)
        if provider and provider != self._defaults.provider and provider not in self._defaults.models:
            there_is = ", ".join(f"`{name}`" for name in self._defaults.models or (self._defaults.provider,))
            raise UserError(f"There is no provider of that name here. You can choose: {there_is}.", about="provider")
        return Preferences(provider=provider, model=model)

    async def _preferred(self, work: Work, command: StartSession) -> Preferences:
        """What the session gets: what the command says, else the person, else the workspace, else the deployment."""
        chosen = self._chosen(command)
        own, shared = await work.preferences.of(command.by.id), await work.preferences.of(WORKSPACE)
        defaults = Preferences(
            provider=self._defaults.provider, model=self._defaults.model, system_prompt=self._defaults.system_prompt
        )
        if chosen.model and not chosen.provider:  # of the provider that would be taken anyway
            chosen = replace(chosen, provider=own.over(shared).over(defaults).provider)
        preferred = chosen.over(own).over(shared).over(defaults)
        if preferred.model:
            return preferred
        usual = self._defaults.models.get(preferred.provider) or ("",)
        return replace(preferred, model=usual[0])

    async def _open_session(
        self,
        work: Work,
        thread: Thread,
        command: StartSession,
        *,
        parent: SessionId | None = None,
        message: MessageId | None = None,
        card: bool,
    ) -> None:
        by, task = command.by, command.task
        self._policy.check_right(Right.START, await grants_of(work, command), thread.channel)
        preferred = await self._preferred(work, command)
        newest = await work.sessions.newest_in(thread.id)
        if newest is not None and not newest.finished:
            raise UserError(f"#{newest.number} is still at work in this thread. Reply there, or stop it first.")
        new = NewSession(
            id=SessionId(new_id()),
            thread=thread.id,
            task=task,
            starter=by,
            provider=preferred.provider,
            model=preferred.model,
            system_prompt=redact(preferred.system_prompt),  # the deployment's comes as it was set
            max_rounds=self._defaults.max_rounds,
            parent=parent,
        )
        given = ev.TaskGiven(
            task=task, by=by, parent=parent, team=command.team.strip(), files=command.files, message=message
        )
        session = await work.sessions.open(new, given)
        await self._check_room(work, by)
        for file in command.files:
            await work.files.attach(session.id, file)
        await work.deliveries.add(session.id, thread.id, shown_seq=0)
        if card:
            await work.posts.add(thread.id, self._renderer.root(session))
        await work.audit.note(
            by=by.id, action="start", subject=session.id, allowed=True, where=f"{work.workspace}/{thread.channel}"
        )
        work.wake(session.id)
        work.ring(TOPIC_RELAY, work.workspace)
        log.info("session.opened", session=session.id, number=session.number, workspace=work.workspace)

    async def _check_room(self, work: Work, by: Person) -> None:
        """Nobody else can open a session of the workspace before this transaction ends: it holds the row of numbers."""
        limit = self._policy.max_active_per_workspace + 1
        active = await work.sessions.search(SessionQuery(states=ACTIVE, limit=limit))
        of_user = await work.sessions.search(SessionQuery(states=ACTIVE, starter=by.id, limit=limit))
        room = Room(active_of_user=len(of_user), active=len(active))
        day_ago = work.now - _DAY
        if self._policy.max_per_user_per_day or self._policy.max_per_workspace_per_day:
            room = replace(
                room,
                today_of_user=await work.sessions.count(day_ago, starter=by.id),
                today=await work.sessions.count(day_ago),
            )
        if self._policy.limits_cost:
            spent, by_user = await work.usage.spent(day_ago), await work.usage.spent(day_ago, by=by.id)
            room = replace(room, usd=spent.cost_usd or 0.0, usd_by_user=by_user.cost_usd or 0.0)
        self._policy.check_room(room)

    # --- reply

    async def _reply(self, work: Work, command: PostReply) -> Answer | None:
        thread = await work.threads.at(command.place)
        session = await work.sessions.newest_in(thread.id) if thread is not None else None
        if thread is None or session is None:
            await self._reply_elsewhere(work, command)
            return None
        if not thread.owned and not command.addressed:
            return None
        self._policy.check_person(restricted=command.restricted)
        if not command.text.strip() and not command.files:
            return Answer(text="There is nothing in it that I can read: please write your reply, or attach a file.")
        if command.text.strip().casefold() == "stop":
            grants = await grants_of(work, command)
            return await self._stops.stop(work, session, command.by, grants, command.place.channel)
        if session.finished:
            follow_up = _start_by(command)
            self._policy.check_task(follow_up.task)
            await self._open_session(
                work, thread, follow_up, parent=session.id, message=command.message, card=thread.card is None
            )
            return None
        return await self._answers.reply(work, session, command)

    async def _reply_elsewhere(self, work: Work, command: PostReply) -> None:
        """A reply in a thread that Muster does not know: a start when it is addressed, else nothing."""
        if await work.threads.opening_in(command.place.channel):
            raise TransientError("the reply may be under a root post whose id is not known yet")
        if command.addressed:
            await self._start(work, _start_by(command))


def _start_by(command: PostReply) -> StartSession:
    """The start that a reply is where no team is at work."""
    return StartSession(
        place=command.place,
        by=command.by,
        task=command.text.strip() or ("Look at the attached files." if command.files else ""),
        files=command.files,
        restricted=command.restricted,
        admin=command.admin,
        groups=command.groups,
    )
