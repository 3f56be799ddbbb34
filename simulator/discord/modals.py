"""The modals that are open before people, and what a person fills into one.

Opened by `callbacks`, filled in and closed by `interactions`. A person has one open at most, as in Discord's client.
Source: https://docs.discord.com/developers/components/using-modal-components
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.discord.command_check import OptionType
from simulator.discord.components import Kind, walk
from simulator.discord.guild import Channel, Message
from simulator.discord.limits import TEXT_INPUT_CHARS
from simulator.discord.resolved import Resolved
from simulator.errors import PersonError
from simulator.truth import TruthLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Modal:
    """A form before one person."""

    id: str
    """Id of the interaction that opened it."""
    user_id: str
    channel: Channel
    custom_id: str
    title: str
    components: list[dict[str, Any]]
    source: Message | None
    """The message whose component opened it."""
    trigger: dict[str, Any]
    """What messages say of the interaction that opened it."""

    def wire(self) -> dict[str, Any]:
        """The modal as the control API shows it."""
        return {
            "id": self.id,
            "user": self.user_id,
            "channel": self.channel.id,
            "custom_id": self.custom_id,
            "title": self.title,
            "components": self.components,
        }


class Modals:
    """All that are open."""

    def __init__(self, truth: TruthLog) -> None:
        self._truth = truth
        self._open: dict[str, Modal] = {}

    def all(self) -> list[Modal]:
        """The open modals, of all people."""
        return list(self._open.values())

    def find(self, modal_id: str) -> Modal | None:
        """The open modal with that id."""
        return next((modal for modal in self._open.values() if modal.id == modal_id), None)

    def open(self, modal: Modal) -> None:
        """Show *modal*; the one before is gone."""
        self._open[modal.user_id] = modal
        self._record("modal.opened", modal, shown=modal.wire())

    def close(self, modal: Modal) -> None:
        """Take *modal* away, if it is still there."""
        if self._open.get(modal.user_id) is modal:
            del self._open[modal.user_id]
            self._record("modal.closed", modal, modal_id=modal.id)

    def _record(self, kind: str, modal: Modal, **data: Any) -> None:
        known = {"user": modal.user_id, "channel": modal.channel.id}
        self._truth.append(kind, {**known, **data}, team=modal.channel.guild_id or "")


def fill_in(modal: Modal, values: dict[str, Any], resolved: Resolved) -> list[dict[str, Any]]:
    """What Discord sends for *modal* when a person has put *values* (by custom id) into it.

    Args:
        resolved: takes the things that were chosen.

    Raises:
        PersonError: Discord's client would not let it be submitted.
    """
    inputs = {c["custom_id"] for c in walk(modal.components) if "custom_id" in c}
    if unknown := values.keys() - inputs:
        raise PersonError(f"the modal has no input {', '.join(sorted(unknown))}")
    return [_filled(component, values, resolved) for component in modal.components]


def _filled(component: dict[str, Any], values: dict[str, Any], resolved: Resolved) -> dict[str, Any]:
    kind, known = component["type"], {"type": component["type"], "id": component["id"]}
    if kind == Kind.ACTION_ROW:
        return known | {"components": [_filled(inner, values, resolved) for inner in component["components"]]}
    if kind == Kind.LABEL:
        return known | {"component": _filled(component["component"], values, resolved)}
    if "custom_id" not in component:
        return known
    known["custom_id"] = component["custom_id"]
    given = values.get(component["custom_id"])
    if kind == Kind.TEXT_INPUT:
        return known | {"value": _text(component, component.get("value", "") if given is None else given)}
    least = None if component.get("required", True) else 0
    if kind == Kind.FILE_UPLOAD:
        files = given if isinstance(given, list) else [] if given is None else [given]
        _check_count(component, len(files), least)
        return known | {"values": [resolved.option(OptionType.ATTACHMENT, file) for file in files]}
    picked = chosen(component, _chosen_before(component) if given is None else given, least=least)
    return known | {"values": resolved.selected(Kind(kind), picked)}


def _text(field: dict[str, Any], value: Any) -> str:
    name = field["custom_id"]
    if not isinstance(value, str):
        raise PersonError(f"{name}: a text is needed")
    if not value and field.get("required", True):
        raise PersonError(f"{name} is required")
    least, most = field.get("min_length") or 0, field.get("max_length") or TEXT_INPUT_CHARS
    if value and not least <= len(value) <= most:
        raise PersonError(f"{name}: {least} to {most} characters, not {len(value)}")
    return value


def _chosen_before(select: dict[str, Any]) -> list[str]:
    named = [option["value"] for option in select.get("options", ()) if option.get("default")]
    return named or [str(value["id"]) for value in select.get("default_values", ())]


def chosen(select: dict[str, Any], given: Any, *, least: int | None = None) -> list[str]:
    """The values of a select when a person has chosen *given*, one or several.

    Args:
        least: how few may be chosen; what the select says when None.

    Raises:
        PersonError: it does not offer that, or not so many.
    """
    values = [str(value) for value in given] if isinstance(given, list) else [] if given is None else [str(given)]
    _check_count(select, len(values), least)
    if select["type"] == Kind.STRING_SELECT:
        offered = {option["value"] for option in select["options"]}
        if unknown := set(values) - offered:
            raise PersonError(f"{select['custom_id']} does not offer {', '.join(sorted(unknown))}")
    return values


def _check_count(select: dict[str, Any], count: int, least: int | None) -> None:
    fewest, most = select.get("min_values", 1) if least is None else least, select.get("max_values", 1)
    if not fewest <= count <= most:
        raise PersonError(f"{select['custom_id']}: {fewest} to {most} can be chosen")
