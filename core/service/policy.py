"""Who may do what, and how much at once.

The front desk asks at the moment of use, with what the platform says about the person now. Refusals are `UserError`s:
sentences that say what to do.
"""

from dataclasses import dataclass

from core.domain.lifecycle import State
from core.domain.refs import Person
from core.domain.session import Session
from core.errors import UserError

MAX_TASK_CHARS = 10_000
MAX_WISH_CHARS = 500
MAX_MODEL_CHARS = 128

ACTIVE = frozenset({State.QUEUED, State.BUILDING, State.RUNNING, State.RESUMING, State.STOPPING})
"""What counts against the limits; waiting for a person costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Limits of one deployment."""

    max_active_per_user: int = 2
    max_active_per_workspace: int = 10

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

    def check_room(self, *, of_user: int, of_workspace: int) -> None:
        """Called with the new session counted, while nobody else can open one in the workspace.

        Raises:
            UserError: a limit is passed.
        """
        if of_user > self.max_active_per_user:
            raise UserError(
                f"You have {self.max_active_per_user} sessions at work already. "
                "Wait for one to end, or stop one with `/agents stop`."
            )
        if of_workspace > self.max_active_per_workspace:
            raise UserError(
                f"This workspace has {self.max_active_per_workspace} sessions at work already. "
                "Try again when one has ended."
            )

    def may_stop(self, session: Session, by: Person, *, admin: bool) -> bool:
        """Whoever started a session may stop it, and so may an admin."""
        return admin or session.starter.id == by.id

    def check_stop(self, session: Session, by: Person, *, admin: bool) -> None:
        """See `may_stop`.

        Raises:
            UserError: the person may not.
        """
        if not self.may_stop(session, by, admin=admin):
            raise UserError(f"Only {session.starter.name}, who started #{session.number}, or an admin can stop it.")
