"""What was used, who may do what, and who did what: `/agents usage`, `/agents access`, `/agents audit`.

Called by the attendant. Changes nothing; the audit is for admins, others' usage too.
"""

from datetime import timedelta

from core.domain.access import Right
from core.domain.refs import Place
from core.domain.session import Usage
from core.ports import Answer, Conversations, Query, UnitOfWork, Used
from core.service.narration import usage_words
from core.service.policy import Policy, grants_of
from core.service.rules import in_words

_DAY, _MONTH = timedelta(days=1), timedelta(days=30)
_AUDITED = 20
_NOBODY = "Building the team and choosing speakers"


class Reports:
    """Answers for one person at a time."""

    def __init__(self, *, uow: UnitOfWork, conversations: Conversations, policy: Policy) -> None:
        self._uow = uow
        self._conversations = conversations
        self._policy = policy

    async def usage(self, query: Query) -> Answer:
        """What the person used, and for admins the workspace; or one session of the person's by agent.

        Raises:
            UserError: the person may not ask.
        """
        self._policy.check_person(restricted=query.restricted)
        if query.number is not None:
            return await self._of_session(query)
        async with self._uow.read(query.place.workspace) as work:
            me = query.by.id
            day, month = work.now - _DAY, work.now - _MONTH
            lines = [
                f"Your sessions: {usage_words(await work.usage.spent(day, by=me))} in the last 24 hours, "
                f"{usage_words(await work.usage.spent(month, by=me))} in 30 days."
            ]
            if (await grants_of(work, query)).has(Right.ADMINISTER, query.place.channel):
                lines.append(
                    f"The workspace: {usage_words(await work.usage.spent(day))} in the last 24 hours, "
                    f"{usage_words(await work.usage.spent(month))} in 30 days. By person, the dearest first:"
                )
                lines += [_line(f"`{used.name}`", used) for used in await work.usage.by_person(month)]
        return Answer(text="\n".join([*lines, *self._limits()]))

    async def access(self, query: Query) -> Answer:
        """The workspace's rules.

        Raises:
            UserError: the person may not ask.
        """
        self._policy.check_person(restricted=query.restricted)
        async with self._uow.read(query.place.workspace) as work:
            rules = await work.preferences.rules()
        return Answer(text=f"Who may do what in this workspace:\n{in_words(rules)}")

    async def audit(self, query: Query) -> Answer:
        """The newest lines of the audit, for admins.

        Raises:
            UserError: the person is none.
        """
        async with self._uow.read(query.place.workspace) as work:
            self._policy.check_right(Right.ADMINISTER, await grants_of(work, query), query.place.channel)
            noted = await work.audit.latest(_AUDITED)
        lines = [
            f"- {line.at:%Y-%m-%d %H:%M:%S} `{line.by}` {line.action}{f' `{line.subject}`' if line.subject else ''}"
            f"{'' if line.allowed else ' (refused)'}"
            for line in noted
        ]
        return Answer(text="\n".join(["Who did what, the newest first:", *lines]) if lines else "Nothing is noted yet.")

    async def _of_session(self, query: Query) -> Answer:
        async with self._uow.read(query.place.workspace) as work:
            session = await work.sessions.by_number(query.number or 0)
            thread = await work.threads.get(session.thread) if session is not None and session.thread else None
            administers = (await grants_of(work, query)).has(Right.ADMINISTER, query.place.channel)
            turns = await work.usage.by_turn(session.id) if session is not None else []
        # The agents' names tell what it was about, so it is shown to those who can see the conversation now.
        unknown = Answer(text=f"There is no session #{query.number} of yours. `/history` lists sessions.")
        if session is None or thread is None or not (session.starter.id == query.by.id or administers):
            return unknown
        place = Place(workspace=thread.workspace, channel=thread.channel, root=thread.root)
        if not await self._conversations.may_view(place, query.by.id):
            return unknown
        agents: dict[str, Usage] = {}
        for used in turns:
            agents[used.name] = agents.get(used.name, Usage()) + used.usage
        lines = [
            f"#{session.number} used {usage_words(session.usage)}. By agent:",
            *(f"- {name or _NOBODY}: {usage_words(usage)}" for name, usage in agents.items()),
            "By turn:",
            *(f"- round {used.round}, {used.name}: {usage_words(used.usage)}" for used in turns if used.name),
        ]
        return Answer(text="\n".join(lines))

    def _limits(self) -> list[str]:
        policy = self._policy
        said = [
            f"{policy.max_active_per_user} of yours at work at once",
            f"{policy.max_active_per_workspace} of the workspace at work at once",
            f"{policy.max_per_user_per_day} of yours started in 24 hours" if policy.max_per_user_per_day else "",
            f"{policy.max_per_workspace_per_day} of the workspace started in 24 hours"
            if policy.max_per_workspace_per_day
            else "",
            f"${policy.max_usd_per_user_per_day:.2f} of yours in 24 hours" if policy.max_usd_per_user_per_day else "",
            f"${policy.max_usd_per_workspace_per_day:.2f} of the workspace in 24 hours"
            if policy.max_usd_per_workspace_per_day
            else "",
        ]
        return [f"The limits: {', '.join(filter(None, said))}."]


def _line(name: str, used: Used) -> str:
    return f"- {name}: {usage_words(used.usage)} in {used.sessions} {'session' if used.sessions == 1 else 'sessions'}"
