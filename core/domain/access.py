"""Who may do what in a workspace: rights, the rules that admins set for them, and what a person is there. Pure.

Rules are kept by the preference store; `core.service.policy` decides with them at the moment of use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.domain.refs import ChannelId, UserId


class Right(StrEnum):
    """What a rule can be set for."""

    START = "start"  # sessions
    ANSWER = "answer"  # questions of a team, and steer it; the starter always may
    OPERATE = "operate"  # stop others' sessions, approve what is costly
    ADMINISTER = "administer"  # settings of the workspace, rules, audit; the platform's own admins always may


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whom and where a right is given; what is empty limits nothing."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()  # user groups on Slack, roles on Discord
    channels: frozenset[str] = frozenset()

    @property
    def names_people(self) -> bool:
        """Whether it is for some people only."""
        return bool(self.users or self.groups)


Rules = Mapping[Right, Rule]
"""A right without a rule has its default: members start and answer, admins operate and administer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person is in the workspace now, as its platform says."""

    user: UserId
    restricted: bool  # a guest, a stranger, or unknown
    admin: bool  # of the workspace, by the platform
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """What a person may do by the workspace's rules, as both are at this moment."""

    standing: Standing
    rules: Rules

    def has(self, right: Right, channel: ChannelId) -> bool:
        """Whether the person has *right* in *channel*."""
        person, rule = self.standing, self.rules.get(right, Rule())
        if person.restricted:
            return False
        if person.admin:
            return True
        if rule.channels and channel not in rule.channels:
            return False
        if rule.names_people:
            return person.user in rule.users or bool(person.groups & rule.groups)
        return right in (Right.START, Right.ANSWER)
