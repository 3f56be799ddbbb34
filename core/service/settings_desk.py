"""Settings of people and of workspaces: what a form shows, and what happens when it is sent.

Called by each platform's handlers, without the inbox: a key may not lie there, so it is sealed at once and everything
is kept in one transaction before the person is told. Never logs, keeps or repeats a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.domain.access import Grants, Right, Standing
from core.domain.preferences import WORKSPACE, Preferences, SealedSecret
from core.domain.refs import Person, Place, UserId
from core.errors import UserError
from core.ports import TOPIC_KEYS, Answer, UnitOfWork, Work
from core.service.decisions import Defaults
from core.service.outbound import clean, redact
from core.service.policy import Policy
from core.service.sealing import Sealer

MAX_PROMPT_CHARS = 3_000
TAVILY = "tavily"
REMOVE = "remove"
"""Typed in place of a key, it forgets the one that is there."""


class Scope(StrEnum):
    """Whom settings are for."""

    MINE = "mine"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """What the form shows."""

    scope: Scope
    chosen: Preferences  # by this owner
    effective: Preferences  # what holds with the workspace's and the deployment's
    keys: Mapping[str, str]  # name -> its end, e.g. "…abcd", and whether it is being tried
    providers: tuple[str, ...]
    models: Mapping[str, tuple[str, ...]]  # by provider, the usual one first
    may_set_workspace: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """What the form brings; the keys as they were typed."""

    preferences: Preferences
    keys: Mapping[str, str]  # name -> key; "" leaves it as it is, `REMOVE` forgets it

    def __repr__(self) -> str:
        return f"SettingsChange(preferences={self.preferences}, keys of {', '.join(self.keys) or 'nobody'})"


class SettingsDesk:
    """Where settings are looked at and changed."""

    def __init__(self, *, uow: UnitOfWork, policy: Policy, defaults: Defaults, sealer: Sealer | None) -> None:
        """
        Args:
            sealer: None where no public key is set; keys are not taken there.
        """
        self._uow = uow
        self._policy = policy
        self._defaults = defaults
        self._sealer = sealer

    async def view(self, place: Place, standing: Standing, scope: Scope) -> SettingsView:
        """What is set.

        Raises:
            UserError: the person may not see it.
            TransientError: it cannot be read now.
        """
        self._policy.check_person(restricted=standing.restricted)
        owner = _owner(standing.user, scope)
        async with self._uow.read(place.workspace) as work:
            grants = Grants(standing=standing, rules=await work.preferences.rules())
            if scope is Scope.WORKSPACE:
                self._policy.check_right(Right.ADMINISTER, grants, place.channel)
            chosen, shared = await work.preferences.of(owner), await work.preferences.of(WORKSPACE)
            counting, candidates = await work.secrets.of(owner), await work.secrets.candidates(owner)
        defaults = Preferences(
            provider=self._defaults.provider, model=self._defaults.model, system_prompt=self._defaults.system_prompt
        )
        keys = {name: _shown(secret) for name, secret in counting.items()}
        keys |= {name: f"{_shown(secret)} (being tried)" for name, secret in candidates.items()}
        return SettingsView(
            scope=scope,
            chosen=chosen,
            effective=chosen.over(shared).over(defaults),
            keys=keys,
            providers=tuple(self._defaults.models),
            models=self._defaults.models,
            may_set_workspace=grants.has(Right.ADMINISTER, place.channel),
        )

    async def save(self, place: Place, by: Person, standing: Standing, scope: Scope, change: SettingsChange) -> Answer:
        """Keep what was chosen; keys are sealed, and count once a worker has tried them.

        Raises:
            UserError: something cannot be taken; `about` names the field. Nothing was changed.
            TransientError: it could not be kept.
        """
        owner = _owner(standing.user, scope)
        preferences = self._checked(change.preferences)
        async with self._uow.begin(place.workspace, urgent=True) as work:
            grants = Grants(standing=standing, rules=await work.preferences.rules())
            self._policy.check_person(restricted=standing.restricted)
            if scope is Scope.WORKSPACE:
                self._policy.check_right(Right.ADMINISTER, grants, place.channel)
            await work.preferences.set(owner, preferences)
            said = [await self._keep_key(work, place, by, owner, name, key) for name, key in change.keys.items() if key]
            await work.audit.note(
                by=by.id, action="settings", subject=f"{scope}: {', '.join(change.keys) or 'no key'}"[:128],
                allowed=True, where=place.encode(),
            )  # fmt: skip
            work.ring(TOPIC_KEYS)
        whose = "Your settings are" if scope is Scope.MINE else "The workspace's settings are"
        return Answer(text="\n".join([f"{whose} saved: {_in_words(preferences)}.", *said]))

    def _checked(self, chosen: Preferences) -> Preferences:
        provider, model = chosen.provider.strip(), chosen.model.strip()
        if provider and provider != self._defaults.provider and provider not in self._defaults.models:
            known = ", ".join(f"`{name}`" for name in self._defaults.models)
            raise UserError(f"There is no provider of that name here. You can choose: {known}.", about="provider")
        if model:
            self._policy.check_model(model)
        prompt = redact(chosen.system_prompt).strip()
        if len(prompt) > MAX_PROMPT_CHARS:
            raise UserError(f"The system prompt has {MAX_PROMPT_CHARS:,} characters at most.", about="system_prompt")
        return Preferences(provider=provider, model=redact(model), system_prompt=prompt)

    async def _keep_key(self, work: Work, place: Place, by: Person, owner: UserId, name: str, key: str) -> str:
        field = "tavily_key" if name == TAVILY else "provider_key"
        if not name:
            raise UserError("Choose the provider that the key is for.", about="provider")
        if key.strip().casefold() == REMOVE:
            removed = await work.secrets.remove(owner, name)
            return f"The key for `{name}` is forgotten." if removed else f"There was no key for `{name}`."
        if self._sealer is None:
            raise UserError("This deployment takes no keys: whoever runs it has to set PUBLIC_KEY.", about=field)
        try:
            sealed = self._sealer.seal(key, workspace=work.workspace, owner=owner, name=name)
        except UserError as error:
            raise UserError(str(error), about=field) from None
        secret = SealedSecret(
            owner=owner,
            name=name,
            sealed=sealed.sealed,
            key_id=sealed.key_id,
            last4=sealed.last4,
            changed_at=work.now,
            told_at=place,
            told_to=by.id,
        )
        await work.secrets.offer(secret)
        return f"The key for `{name}` ({_shown(secret)}) is being tried; you will be told whether it works."


def _owner(user: UserId, scope: Scope) -> UserId:
    return WORKSPACE if scope is Scope.WORKSPACE else user


def _shown(secret: SealedSecret) -> str:
    return f"…{secret.last4}"


def _in_words(preferences: Preferences) -> str:
    parts = [
        f"provider `{preferences.provider}`" if preferences.provider else "",
        f"model `{clean(preferences.model)}`" if preferences.model else "",
        f"a system prompt of {len(preferences.system_prompt):,} characters" if preferences.system_prompt else "",
    ]
    return ", ".join(filter(None, parts)) or "what the workspace or the deployment says"
