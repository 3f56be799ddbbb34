"""The form of `/agents settings`: opened with what is set, saved when it is sent, opened again if need be.

Called by `pressed`. Keys go from the payload into `SettingsDesk.save` and nowhere else: a form never shows one, not
even again to whoever has just typed it. What else was typed is kept in memory for another try.
"""

from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import discord
import structlog

from bots import replies as neutral
from bots.attendant import Attendant
from bots.chunks import whole
from bots.discord import called, limits, parse, replies
from bots.discord.calls import translated
from bots.discord.cards import Payload, button
from bots.discord.replying import Form, Reply
from bots.facts import Known
from core.domain.preferences import Preferences
from core.domain.refs import Place
from core.errors import MusterError, UserError
from core.ports import Answer
from core.service.front_desk import FrontDesk
from core.service.policy import MAX_MODEL_CHARS
from core.service.sealing import MOST_CHARS
from core.service.settings_desk import MAX_PROMPT_CHARS, TAVILY, Scope, SettingsChange, SettingsView

log = structlog.get_logger(__name__)

SETTINGS = "muster:settings:"
"""Of the form, and of the button that opens it again; the scope comes after it."""

PROVIDER, MODEL, SYSTEM_PROMPT = "provider", "model", "system_prompt"
PROVIDER_KEY, TAVILY_KEY = "provider_key", "tavily_key"
_LABELS = {
    PROVIDER: "Provider",
    MODEL: "Model",
    SYSTEM_PROMPT: "Instructions for every agent",
    PROVIDER_KEY: "Key of that provider",
    TAVILY_KEY: "Tavily key, for searching the web",
}
_NOT_CHOSEN = {Scope.MINE: "What the server uses", Scope.WORKSPACE: "What Muster is set up with"}
_TITLES = {Scope.MINE: "Your settings", Scope.WORKSPACE: "Settings of this server"}
_NO_CHOICE = "-"
_MODEL_HINT = "Any model of the provider; empty for its usual one."
_PROMPT_HINT = "What each agent is told before its own instructions."
_KEY_HINT = "Empty keeps what is set; the word remove forgets it. Only its last four characters are ever shown."
_TYPED_KEPT = 500
_LABEL, _SELECT, _TEXT_INPUT = 18, 3, 4
_LINE, _PARAGRAPH = 1, 2


class SettingsForms:
    """Shows and takes the form."""

    def __init__(self, *, attendant: Attendant, desk: FrontDesk) -> None:
        self._attendant = attendant
        self._desk = desk
        self._typed: OrderedDict[tuple[Place, str, Scope], Preferences] = OrderedDict()

    async def open(
        self, interaction: discord.Interaction[Any], reply: Reply, scope: Scope, by: Known, *, again: bool = False
    ) -> None:
        """Answer with the form.

        Args:
            again: with what was typed in vain the last time, as far as this process remembers it.
        """
        found: list[SettingsView] = []

        async def look() -> None:
            found.append(await self._desk.settings.view(reply.place, by.standing, scope))

        if await self._done(look(), reply, neutral.NOT_ANSWERED):
            typed = self._typed.get(_key(reply, by, scope)) if again else None
            await translated(interaction.response.send_modal(Form(form(found[0], typed))), reading=True)

    async def save(self, reply: Reply, scope: Scope, by: Known, data: parse.Payload) -> None:
        """Take what was sent, and say what came of it."""
        typed = called.inputs(data)
        wanted = _preferences(typed)
        key = _key(reply, by, scope)
        self._typed[key] = wanted
        if len(self._typed) > _TYPED_KEPT:
            self._typed.popitem(last=False)
        said: list[Answer] = []

        async def record() -> None:
            keys = await self._keys(typed, wanted, reply.place, by, scope)
            change = SettingsChange(preferences=wanted, keys=keys)
            said.append(await self._desk.settings.save(reply.place, by.person, by.standing, scope, change))

        again = replies.TYPE_KEYS_AGAIN if typed.get(PROVIDER_KEY) or typed.get(TAVILY_KEY) else ""
        components = [button(f"{SETTINGS}{scope}", "Open the form again")]
        if await self._done(record(), reply, neutral.NOT_STARTED, hint=again, components=components):
            self._typed.pop(key, None)
            await reply.say(said[0].text)

    async def _done(
        self,
        work: Coroutine[Any, Any, None],
        reply: Reply,
        otherwise: str,
        *,
        hint: str = "",
        components: Sequence[Payload] = (),
    ) -> bool:
        """Await *work* in the time that there is; False when the person has been told that it failed."""
        try:
            await self._attendant.in_time(work)
        except UserError as error:
            label = f"**{_LABELS[error.about]}**: " if error.about in _LABELS else ""
            told = f"{label}{error}"
        except Exception as error:
            # Its words may hold what was typed.
            log.error("discord.settings_failed", error=type(error).__name__, known=isinstance(error, MusterError))
            told = otherwise
        else:
            return True
        await reply.say(f"{told} {hint}".strip(), components=components)
        return False

    async def _keys(
        self, typed: Mapping[str, str], wanted: Preferences, place: Place, by: Known, scope: Scope
    ) -> dict[str, str]:
        """The keys that were typed, each under whose it is: the chosen provider's, or of the one in use without."""
        keys = {TAVILY: typed[TAVILY_KEY].strip()} if typed.get(TAVILY_KEY, "").strip() else {}
        if typed.get(PROVIDER_KEY, "").strip():
            provider = wanted.provider
            if not provider:
                provider = (await self._desk.settings.view(place, by.standing, scope)).effective.provider
            keys[provider] = typed[PROVIDER_KEY].strip()
        return keys


def scope_of(value: Any) -> Scope:
    """The scope that an option or an id names; one's own when it names none."""
    return Scope(value) if value in list(Scope) else Scope.MINE


def form(view: SettingsView, typed: Preferences | None = None) -> Payload:
    """The form as Discord takes it.

    Args:
        typed: what was typed in vain, instead of what is set.

    Source: https://docs.discord.com/developers/components/using-modal-components
    """
    shown = typed or view.chosen
    return {
        "custom_id": f"{SETTINGS}{view.scope}",
        "title": _TITLES[view.scope],
        "components": [
            _labelled(PROVIDER, "", _providers(view, shown.provider)),
            _labelled(MODEL, _MODEL_HINT, _model(view, shown)),
            _labelled(SYSTEM_PROMPT, _PROMPT_HINT, _prompt(shown)),
            _labelled(PROVIDER_KEY, _KEY_HINT, _secret(PROVIDER_KEY, _provider_keys(view))),
            _labelled(TAVILY_KEY, _KEY_HINT, _secret(TAVILY_KEY, view.keys.get(TAVILY, ""))),
        ],
    }


def _key(reply: Reply, by: Known, scope: Scope) -> tuple[Place, str, Scope]:
    return reply.place, by.person.id, scope


def _preferences(typed: Mapping[str, str]) -> Preferences:
    provider = typed.get(PROVIDER, _NO_CHOICE)
    return Preferences(
        provider="" if provider == _NO_CHOICE else provider,
        model=typed.get(MODEL, "").strip(),
        system_prompt=typed.get(SYSTEM_PROMPT, "").strip(),
    )


def _labelled(name: str, hint: str, component: Payload) -> Payload:
    described = {"description": hint} if hint else {}
    return {"type": _LABEL, "label": _LABELS[name], **described, "component": component}


def _providers(view: SettingsView, chosen: str) -> Payload:
    """Source: https://docs.discord.com/developers/components/reference#string-select"""
    first = [chosen] if chosen in view.providers else []
    names = list(dict.fromkeys([*first, *view.providers]))[: limits.SELECT_OPTIONS - 1]
    labels = {_NO_CHOICE: _NOT_CHOSEN[view.scope], **{name: name for name in names}}
    marked = chosen if chosen in labels else _NO_CHOICE
    options = [{"label": label, "value": value, "default": value == marked} for value, label in labels.items()]
    return {"type": _SELECT, "custom_id": PROVIDER, "options": options, "required": False}


def _model(view: SettingsView, shown: Preferences) -> Payload:
    """In the empty field stand the models that are known of the provider."""
    provider = shown.provider or view.effective.provider
    usual = [view.effective.model] if provider == view.effective.provider and view.effective.model else []
    known = ", ".join(dict.fromkeys([*usual, *view.models.get(provider, ())]))
    return _input(MODEL, shown.model, most=MAX_MODEL_CHARS, placeholder=known)


def _prompt(shown: Preferences) -> Payload:
    return _input(SYSTEM_PROMPT, shown.system_prompt, style=_PARAGRAPH, most=MAX_PROMPT_CHARS)


def _secret(name: str, kept: str) -> Payload:
    return _input(name, most=MOST_CHARS, placeholder=kept or "not set")


def _provider_keys(view: SettingsView) -> str:
    return ", ".join(f"{name} {shown}" for name, shown in view.keys.items() if name != TAVILY)


def _input(name: str, value: str = "", *, style: int = _LINE, most: int, placeholder: str = "") -> Payload:
    """Source: https://docs.discord.com/developers/components/reference#text-input"""
    return {
        "type": _TEXT_INPUT,
        "custom_id": name,
        "style": style,
        "required": False,
        "max_length": most,
        **({"value": value[:most]} if value else {}),
        **({"placeholder": _cut(placeholder, limits.PLACEHOLDER_CHARS)} if placeholder else {}),
    }


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: whole(text, chars - 2)] + " …"
