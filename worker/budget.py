"""What a session may still spend today: an estimate is counted before each model call, so that sessions that run at the
same time cannot pass the limit together.

Made by the drive where the deployment limits costs; the journal settles estimates with the commit that keeps the real
figures. What a dead process had estimated stays counted: its call may have been made.
"""

from datetime import timedelta

from core.domain.session import Session
from core.errors import PermanentError
from core.ports import UnitOfWork, Work
from core.service.policy import Policy

OVER_BUDGET = "over_budget"
_DAY = timedelta(days=1)


class Budget:
    """The budget of one claim of one session."""

    def __init__(self, uow: UnitOfWork, policy: Policy, session: Session) -> None:
        self._uow = uow
        self._policy = policy
        self._session = session
        self._reserved: list[int] = []

    async def reserve(self, cost_usd: float | None) -> None:
        """Count *cost_usd* as spent before a call; None where no price is known counts nothing.

        Raises:
            PermanentError: a limit is reached; a sentence for people.
        """
        session, policy = self._session, self._policy
        async with self._uow.begin(session.workspace) as work:
            await work.usage.lock()  # until the end of the transaction: one at a time looks and counts
            since = work.now - _DAY
            by_user = await work.usage.spent(since, by=session.starter.id)
            by_all = await work.usage.spent(since)
            over = policy.over_budget(usd_by_user=by_user.cost_usd or 0.0, usd=by_all.cost_usd or 0.0)
            if not over and cost_usd:
                self._reserved.append(await work.usage.reserve(session.id, session.starter.id, cost_usd))
        if over:
            raise PermanentError(f"{over[0].lower()}{over[1:]}", reason=OVER_BUDGET)

    async def settle(self, work: Work) -> None:
        """Forget the estimates, in the transaction that keeps what was really used."""
        reserved, self._reserved = self._reserved, []
        for reservation in reserved:
            await work.usage.settle(reservation)
