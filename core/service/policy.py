"""Who may do what, and how much at once.

The front desk asks at the moment of use, with what the platform says about the person now and the workspace's rules.
Refusals are `UserError`s: sentences that say what to do.
"""

from dataclasses import dataclass
from typing import Protocol

from core.domain.access import Grants, Right, Standing
from core.domain.events import Answerer
from core.domain.lifecycle import State
from core.domain.refs import ChannelId, Person
from core.domain.session import Question, Session
from core.errors import UserError
from core.ports import Work

MAX_TASK_CHARS = 10_000
MAX_WISH_CHARS = 500
MAX_MODEL_CHARS = 128

ACTIVE = frozenset({State.QUEUED, State.BUILDING, State.RUNNING, State.RESUMING, State.STOPPING})
"""What counts against the limits; waiting for a person costs nothing."""


class Asking(Protocol):
    """A command or a query: who asks, and what they are in the workspace now."""

    @property
    def by(self) -> Person: ...
    @property
    def restricted(self) -> bool: ...
    @property
    def admin(self) -> bool: ...
    @property
    def groups(self) -> tuple[str, ...]: ...


def standing_of(asking: Asking) -> Standing:
    """What the person is in the workspace, as the platform said when they asked."""
    return Standing(
        user=asking.by.id, restricted=asking.restricted, admin=asking.admin, groups=frozenset(asking.groups)
    )


async def grants_of(work: Work, asking: Asking) -> Grants:
    """What the person may do by the rules as they are in this transaction."""
    return Grants(standing=standing_of(asking), rules=await work.preferences.rules())


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a person and a workspace have taken; the new session is counted."""

    active_of_user: int
    active: int
    today_of_user: int = 0
    today: int = 0
    usd_by_user: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Limits of one deployment; 0 is no limit where a day is counted."""

    max_active_per_user: int = 2
    max_active_per_workspace: int = 10
    max_per_user_per_day: int = 0
    max_per_workspace_per_day: int = 0
    max_usd_per_user_per_day: float = 0.0
    max_usd_per_workspace_per_day: float = 0.0

    def check_person(self, *, restricted: bool) -> None:
        """Guests and people from other companies may read along, and that is all.

        Raises:
            UserError: the person is one of them, or could not be looked up.
        """
        if restricted:
            raise UserError(
                "Only full members of this workspace can do this. "
                "If you are one, Slack or Discord did not say so just now: please try again."
            )

    def check_right(self, right: Right, grants: Grants, channel: ChannelId) -> None:
        """The person has *right* in *channel*.

        Raises:
            UserError: not now.
        """
        self.check_person(restricted=grants.standing.restricted)
        if not grants.has(right, channel):
            raise UserError(_MAY_NOT[right])

    def check_task(self, task: str) -> None:
        """A task has 1 to `MAX_TASK_CHARS` characters.

        Raises:
            UserError: it has none, or more.
        """
        if not task.strip():
            raise UserError("Say what the team should do, for example: compare three ways to store logs.", about="task")
        if len(task) > MAX_TASK_CHARS:
            raise UserError(
                f"A task may have {MAX_TASK_CHARS:,} characters at most; this one has {len(task):,}. "
                "Put the long part into a reply in the thread.",
                about="task",
            )

    def check_wish(self, team: str) -> None:
        """What is said about the team's make-up is short.

        Raises:
            UserError: it is longer than `MAX_WISH_CHARS`.
        """
        if len(team) > MAX_WISH_CHARS:
            raise UserError(
                f"Say in {MAX_WISH_CHARS} characters who should be in the team, for example: a researcher, a critic.",
                about="team",
            )

    def check_model(self, model: str) -> None:
        """A model's name fits where names are kept.

        Raises:
            UserError: it is longer than `MAX_MODEL_CHARS`.
        """
        if len(model) > MAX_MODEL_CHARS:
            raise UserError(f"A model's name has {MAX_MODEL_CHARS} characters at most.", about="model")

    def check_room(self, room: Room) -> None:
        """Called with the new session counted, while nobody else can open one in the workspace.

        Raises:
            UserError: a limit is passed.
        """
        if room.active_of_user > self.max_active_per_user:
            raise UserError(
                f"You have {self.max_active_per_user} sessions at work already. "
                "Wait for one to end, or stop one with `/agents stop`."
            )
        if room.active > self.max_active_per_workspace:
            raise UserError(
                f"This workspace has {self.max_active_per_workspace} sessions at work already. "
                "Try again when one has ended."
            )
        if 0 < self.max_per_user_per_day < room.today_of_user:
            raise UserError(
                f"You have started {self.max_per_user_per_day} sessions in the last 24 hours, which is the limit. "
                "Try again later, or go on in the thread of one that has ended."
            )
        if 0 < self.max_per_workspace_per_day < room.today:
            raise UserError(
                f"This workspace has started {self.max_per_workspace_per_day} sessions in the last 24 hours, "
                "which is the limit. Try again later."
            )
        if over := self.over_budget(usd_by_user=room.usd_by_user, usd=room.usd):
            raise UserError(over)

    @property
    def limits_cost(self) -> bool:
        """Whether anybody's cost is limited at all."""
        return self.max_usd_per_user_per_day > 0 or self.max_usd_per_workspace_per_day > 0

    def over_budget(self, *, usd_by_user: float, usd: float) -> str:
        """Why nothing more may be spent today, as a sentence; or ""."""
        of_user, of_all = self.max_usd_per_user_per_day, self.max_usd_per_workspace_per_day
        if 0 < of_user <= usd_by_user:
            return f"Your sessions have cost ${of_user:.2f} in the last 24 hours, which is the limit. {_LATER}"
        if 0 < of_all <= usd:
            return (
                f"This workspace's sessions have cost ${of_all:.2f} in the last 24 hours: that is the limit. {_LATER}"
            )
        return ""

    def may_stop(self, session: Session, grants: Grants, channel: ChannelId) -> bool:
        """Whoever started a session may stop it, and so may operators and admins."""
        return session.starter.id == grants.standing.user or grants.has(Right.OPERATE, channel)

    def check_stop(self, session: Session, grants: Grants, channel: ChannelId) -> None:
        """See `may_stop`.

        Raises:
            UserError: the person may not.
        """
        self.check_person(restricted=grants.standing.restricted)
        if not self.may_stop(session, grants, channel):
            raise UserError(
                f"Only {session.starter.name}, who started #{session.number}, an operator or an admin can stop it."
            )

    def check_steer(self, session: Session, grants: Grants, channel: ChannelId) -> None:
        """The starter may speak to a team in any case, others as the rules say.

        Raises:
            UserError: the person may not.
        """
        self.check_person(restricted=grants.standing.restricted)
        if session.starter.id != grants.standing.user:
            self.check_right(Right.ANSWER, grants, channel)

    def check_answer(self, session: Session, question: Question, grants: Grants, channel: ChannelId) -> None:
        """Whom the question is for; what is costly or cannot be taken back is for operators alone.

        Raises:
            UserError: the person may not answer it.
        """
        self.check_person(restricted=grants.standing.restricted)
        is_starter = session.starter.id == grants.standing.user
        match question.who:
            case Answerer.ANYONE:
                self.check_steer(session, grants, channel)
            case Answerer.STARTER if not (is_starter or grants.has(Right.OPERATE, channel)):
                raise UserError(f"This question is for {session.starter.name}, who started #{session.number}.")
            case Answerer.OPERATOR:
                self.check_right(Right.OPERATE, grants, channel)


_LATER = "Try again later, or ask an admin to raise it."
_MAY_NOT = {
    Right.START: "You cannot start sessions here: `/agents access` says who can, and where. An admin can change it.",
    Right.ANSWER: "You cannot speak to this team: `/agents access` says who can. An admin can change it.",
    Right.OPERATE: "Only operators and admins of this workspace can do this: `/agents access` says who they are.",
    Right.ADMINISTER: "Only admins can do this: `/agents access` says who they are.",
}
