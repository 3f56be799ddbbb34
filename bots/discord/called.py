"""What commands and forms carry, into what people ask. Pure: names that must be looked up are passed in.

Called by `pressed` and `settings`. Reads an interaction's data and nothing else of it, so never its token.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bots import requests
from bots.discord import cards, limits
from bots.discord.markup import from_discord
from bots.discord.parse import Payload
from bots.facts import Known
from bots.requests import Asked, Topic
from core.domain.commands import Command, StartSession
from core.domain.refs import Place
from core.errors import UserError
from core.service.decisions import Defaults

RUN_ON_MESSAGE = "Run agents on this"
WHO = ("who", "who2", "who3", "who4", "who5")
"""Options of `/agents access` that name a person or a role each."""
WHERE = ("channel", "channel2", "channel3")

_SUBCOMMAND = 1
_NO_RIGHT = (
    "Choose the right that this is about, in the option `right`, or leave all options out to see who may do what."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A command of the app, with the options that were given."""

    name: str
    sub: str
    options: Mapping[str, Any]
    focused: str  # the option that is being typed, in an autocomplete
    resolved: Payload = field(default_factory=dict)  # what options name by id, by kind


def called(data: Payload) -> Called:
    """The command in an interaction's data."""
    options: Sequence[Payload] = data.get("options") or ()
    sub = ""
    if options and options[0].get("type") == _SUBCOMMAND:
        sub, options = str(options[0]["name"]), options[0].get("options") or ()
    return Called(
        name=str(data["name"]),
        sub=sub,
        options={str(option["name"]): option.get("value") for option in options},
        focused=next((str(option["name"]) for option in options if option.get("focused")), ""),
        resolved=data.get("resolved") or {},
    )


def asked_by(command: Called, place: Place, by: Known, *, names: Mapping[str, str]) -> Command | Asked:
    """What `/agents ...` and `/history ...` ask for.

    Raises:
        UserError: the options do not go together.
    """
    options = command.options
    if command.name == "history":
        words = str(options["id"]) if options.get("id") is not None else str(options.get("query") or "")
        return requests.history(from_discord(words, names), place, by)
    number = int(options["number"]) if options.get("number") is not None else None
    match command.sub:
        case "run":
            return StartSession(
                place=place,
                by=by.person,
                task=from_discord(str(options.get("task") or ""), names).strip(),
                restricted=by.restricted,
                admin=by.admin,
                groups=tuple(sorted(by.groups)),
                provider=str(options.get("provider") or "").strip(),
                model=str(options.get("model") or "").strip(),
                team=from_discord(str(options.get("team") or ""), names).strip(),
            )
        case "status":
            return requests.status(number, place, by)
        case "stop":
            return requests.stop(number, place, by)
        case "access":
            return _access(command, place, by)
        case "usage":
            return requests.report(Topic.USAGE, place, by, number=number)
        case "audit":
            return requests.report(Topic.AUDIT, place, by)
        case _:
            return requests.help_wanted(place, by)


def _access(command: Called, place: Place, by: Known) -> Command | Asked:
    """A change of who may do what; a look at it where nothing is to change."""
    options, roles = command.options, command.resolved.get("roles") or {}
    who = [str(options[name]) for name in WHO if options.get(name) is not None]
    where = [str(options[name]) for name in WHERE if options.get(name) is not None]
    reset = bool(options.get("reset"))
    if not (who or where or reset):
        return requests.report(Topic.ACCESS, place, by)
    if not options.get("right"):
        raise UserError(_NO_RIGHT, about="right")
    return requests.access_change(
        str(options["right"]),
        place,
        by,
        users=[each for each in who if each not in roles],
        grantees=[each for each in who if each in roles],
        channels=where,
        reset=reset,
    )


def attachments(command: Called) -> list[Payload]:
    """The files that come with a command."""
    known = command.resolved.get("attachments") or {}
    given = command.options.get("file")
    return [known[str(given)]] if given is not None and str(given) in known else []


def target_message(data: Payload) -> Payload:
    """The message that a message command was used on."""
    found: Payload = data["resolved"]["messages"][str(data["target_id"])]
    return found


def inputs(data: Payload) -> dict[str, str]:
    """What was typed into a form, or chosen, by the inputs' ids; the first of several that were chosen."""
    return {str(each["custom_id"]): _value(each) for each in _inputs(data) if "custom_id" in each}


def written_answer(data: Payload) -> str:
    """What was typed into the form of `cards.answer_form`."""
    return inputs(data).get(cards.ANSWER_INPUT, "")


def choices(command: Called, defaults: Defaults) -> list[str]:
    """What an autocomplete offers for what has been typed: the deployment's own first, then by the alphabet."""
    models = defaults.models or {defaults.provider: (defaults.model,)}
    typed = str(command.options.get(command.focused) or "").strip()
    if command.focused == "provider":
        offered = [defaults.provider, *sorted(models)]
    elif command.focused == "model":
        provider = str(command.options.get("provider") or "").strip() or defaults.provider
        own = [defaults.model] if provider == defaults.provider else []
        offered = [*own, *models.get(provider, ())]
    else:
        return []
    fitting = [name for name in offered if typed.casefold() in name.casefold() and len(name) <= limits.CHOICE_CHARS]
    if command.focused == "model" and 0 < len(typed) <= limits.CHOICE_CHARS:
        fitting.append(typed)  # any model's name is taken
    return list(dict.fromkeys(fitting))[: limits.CHOICES]


def _inputs(data: Payload) -> Iterator[Payload]:
    for row in data.get("components", ()):
        yield from row.get("components", ())
        if "component" in row:
            yield row["component"]


def _value(component: Payload) -> str:
    chosen = component.get("values")
    return str(component.get("value") or "") if chosen is None else str(next(iter(chosen), ""))
