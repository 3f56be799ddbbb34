"""Who may do what in a workspace, as its admins say: `/agents access`.

Called by the front desk's decisions, inside their transaction, and by the reports, which show the rules to everybody.
"""

from core.domain.access import Right, Rule, Rules
from core.domain.commands import ChangeAccess
from core.errors import UserError
from core.ports import Answer, Work
from core.service.policy import Policy, grants_of

MOST_NAMES = 50

RIGHTS_IN_WORDS = {
    Right.START: "start sessions",
    Right.ANSWER: "answer and steer others' teams",
    Right.OPERATE: "stop others' sessions and approve what is costly (operators)",
    Right.ADMINISTER: "change the workspace's settings and these rules (admins)",
}
DEFAULTS = {
    Right.START: "every full member",
    Right.ANSWER: "every full member who sees the thread",
    Right.OPERATE: "admins",
    Right.ADMINISTER: "admins of the platform",
}


class RuleChanges:
    """What happens for `/agents access <right> ...`."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def carry_out(self, work: Work, command: ChangeAccess) -> Answer:
        """Replace the right's rule, or go back to its default.

        Raises:
            UserError: the person is no admin, or the rule is none.
        """
        self._policy.check_right(Right.ADMINISTER, await grants_of(work, command), command.place.channel)
        try:
            right = Right(command.right.strip().casefold())
        except ValueError:
            known = ", ".join(f"`{each}`" for each in Right)
            raise UserError(f"There is no right of that name. There are: {known}.", about="right") from None
        rule = Rule(
            users=frozenset(command.users), groups=frozenset(command.grantees), channels=frozenset(command.channels)
        )
        if len(rule.users) + len(rule.groups) + len(rule.channels) > MOST_NAMES:
            raise UserError(f"A rule names {MOST_NAMES} people, groups and channels at most: name a group instead.")
        if not command.reset and rule == Rule():
            raise UserError("Name people, groups or channels that the rule is for, or `reset`.")
        if right in (Right.OPERATE, Right.ADMINISTER) and not command.reset and not rule.names_people:
            raise UserError(f"Name the people or groups that may {RIGHTS_IN_WORDS[right]}.")
        await work.preferences.set_rule(right, None if command.reset else rule)
        await work.audit.note(
            by=command.by.id,
            action="access",
            subject=f"{right}{': reset' if command.reset else ''}",
            allowed=True,
            where=command.place.encode(),
        )
        return Answer(text=f"From now on: {in_words(await work.preferences.rules())}")


def in_words(rules: Rules) -> str:
    """The rules as a list; people, groups and channels as the platform's ids in backticks."""
    return "\n".join(f"- {RIGHTS_IN_WORDS[right]}: {_who(right, rules.get(right))}" for right in Right)


def _who(right: Right, rule: Rule | None) -> str:
    if rule is None:
        return f"{DEFAULTS[right]} (default)"
    named = [
        _listed("people", rule.users),
        _listed("groups", rule.groups),
        _listed("only in", rule.channels),
    ]
    return "; ".join(filter(None, named)) + ("; and admins" if rule.names_people else "")


def _listed(label: str, ids: frozenset[str]) -> str:
    return f"{label} {', '.join(f'`{each}`' for each in sorted(ids))}" if ids else ""
