"""Checks the components of messages and modals and brings them into the form in which Discord keeps them.

Called by `message_form` and, for modals, by interactions.
Source: https://docs.discord.com/developers/components/reference
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

from simulator.discord import limits
from simulator.discord.checks import REQUIRED, Where, address_in, list_in, one_of, text_in, whole_in
from simulator.discord.errors import Problems


class Kind(IntEnum):
    """The components' types."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18
    FILE_UPLOAD = 19


_SELECTS = (Kind.STRING_SELECT, Kind.USER_SELECT, Kind.ROLE_SELECT, Kind.MENTIONABLE_SELECT, Kind.CHANNEL_SELECT)
_V2_TOP = (
    Kind.ACTION_ROW,
    Kind.SECTION,
    Kind.TEXT_DISPLAY,
    Kind.MEDIA_GALLERY,
    Kind.FILE,
    Kind.SEPARATOR,
    Kind.CONTAINER,
)
_CONTAINED = tuple(kind for kind in _V2_TOP if kind is not Kind.CONTAINER)
_LABELLED = (Kind.TEXT_INPUT, *_SELECTS, Kind.FILE_UPLOAD)
_LINK, _PREMIUM = 5, 6
_DEFAULTS: dict[int, dict[str, Any]] = {
    **{kind: {"min_values": 1, "max_values": 1} for kind in _SELECTS},
    Kind.CONTAINER: {"accent_color": None, "spoiler": False},
    Kind.SEPARATOR: {"divider": True, "spacing": 1},
    Kind.THUMBNAIL: {"description": None, "spoiler": False},
    Kind.FILE: {"name": None, "size": None, "spoiler": False},
}
"""What Discord says of a component that its maker did not say."""
_NESTED = ("components", "accessory", "component")


class ComponentCheck:
    """One check of one message's or modal's components."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._custom_ids: dict[str, Where] = {}

    def message(self, body: dict[str, Any], *, is_v2: bool) -> list[dict[str, Any]]:
        """The components of a message, each with an `id`.

        Args:
            is_v2: the message has the flag IS_COMPONENTS_V2.
        """
        most = limits.V2_COMPONENTS if is_v2 else limits.ROWS
        given = list_in(body, "components", (), self._problems, most=most)
        allowed = _V2_TOP if is_v2 else (Kind.ACTION_ROW,)
        for index, component in enumerate(given):
            self._component(component, ("components", index), allowed)
        if is_v2:
            self._check_sums(given)
        return with_ids(given)

    def modal(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """The components of a modal, each with an `id`; *data* is the callback's."""
        where: Where = ("data",)
        text_in(data, "title", where, self._problems, most=limits.MODAL_TITLE_CHARS, least=1, is_required=True)
        text_in(data, "custom_id", where, self._problems, most=limits.CUSTOM_ID_CHARS, least=1, is_required=True)
        given = list_in(data, "components", where, self._problems, most=limits.MODAL_ROWS, least=1)
        for index, component in enumerate(given):
            allowed = (Kind.ACTION_ROW, Kind.LABEL, Kind.TEXT_DISPLAY)
            self._component(component, ("data", "components", index), allowed, in_modal=True)
        return with_ids(given)

    def _check_sums(self, components: list[dict[str, Any]]) -> None:
        every = list(walk(components))
        if len(every) > limits.V2_COMPONENTS:
            told = f"The total number of components must be {limits.V2_COMPONENTS} or fewer."
            self._problems.add(("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", told)
        if len(text_of(components)) > limits.V2_TEXT_CHARS:
            told = f"The total length of displayed text must be {limits.V2_TEXT_CHARS} or fewer."
            self._problems.add(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", told)

    def _component(
        self, component: dict[str, Any], where: Where, allowed: tuple[Kind, ...], *, in_modal: bool = False
    ) -> None:
        kind = component.get("type")
        if kind not in allowed:
            told = f'Value of field "type" must be one of {tuple(int(k) for k in allowed)}.'
            self._problems.add((*where, "type"), "UNION_TYPE_CHOICES", told)
            return
        match Kind(kind):
            case Kind.ACTION_ROW:
                self._row(component, where, in_modal=in_modal)
            case Kind.BUTTON:
                self._button(component, where)
            case Kind.TEXT_INPUT:
                self._text_input(component, where)
            case Kind.SECTION:
                self._section(component, where)
            case Kind.TEXT_DISPLAY:
                text_in(
                    component, "content", where, self._problems, most=limits.V2_TEXT_CHARS, least=1, is_required=True
                )
            case Kind.CONTAINER:
                self._inside(component, where, _CONTAINED, most=limits.V2_COMPONENTS)
            case Kind.LABEL:
                self._label(component, where)
            case Kind.MEDIA_GALLERY:
                list_in(component, "items", where, self._problems, most=limits.GALLERY_ITEMS, least=1)
            case Kind.FILE_UPLOAD:
                self._custom_id(component, where)
            case kind if kind in _SELECTS:
                self._select(component, where)

    def _inside(self, component: dict[str, Any], where: Where, allowed: tuple[Kind, ...], *, most: int) -> None:
        for index, inner in enumerate(list_in(component, "components", where, self._problems, most=most, least=1)):
            self._component(inner, (*where, "components", index), allowed)

    def _row(self, row: dict[str, Any], where: Where, *, in_modal: bool) -> None:
        held = row.get("components")
        if in_modal:
            self._inside(row, where, (Kind.TEXT_INPUT,), most=1)
        elif isinstance(held, list) and any(isinstance(c, dict) and c.get("type") in _SELECTS for c in held):
            self._inside(row, where, _SELECTS, most=1)
        else:
            self._inside(row, where, (Kind.BUTTON, *_SELECTS), most=limits.ROW_BUTTONS)

    def _button(self, button: dict[str, Any], where: Where) -> None:
        style = one_of(button, "style", where, self._problems, choices=(1, 2, 3, 4, _LINK, _PREMIUM))
        if button.get("style") is None:
            self._problems.add((*where, "style"), *REQUIRED)
        text_in(button, "label", where, self._problems, most=limits.BUTTON_LABEL_CHARS)
        if not button.get("label") and not button.get("emoji") and style != _PREMIUM:
            self._problems.add(where, "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji.")
        if style == _LINK:
            if button.get("custom_id"):
                told = "A custom id and url cannot both be specified"
                self._problems.add((*where, "custom_id"), "COMPONENT_CUSTOM_ID_AND_URL", told)
            if address_in(
                button, "url", where, self._problems, schemes=("http", "https", "discord"), most=limits.URL_CHARS
            ) is None and not button.get("url"):
                self._problems.add((*where, "url"), "BUTTON_COMPONENT_URL_REQUIRED", "A url is required")
        elif style != _PREMIUM:
            self._custom_id(button, where)

    def _select(self, select: dict[str, Any], where: Where) -> None:
        self._custom_id(select, where)
        text_in(select, "placeholder", where, self._problems, most=limits.PLACEHOLDER_CHARS)
        least = whole_in(select, "min_values", where, self._problems, least=0, most=limits.SELECT_OPTIONS)
        most = whole_in(select, "max_values", where, self._problems, least=1, most=limits.SELECT_OPTIONS)
        if (1 if least is None else least) > (1 if most is None else most):
            self._problems.add((*where, "min_values"), "NUMBER_TYPE_MAX", "min_values must not be above max_values.")
        if select["type"] != Kind.STRING_SELECT:
            return
        values: set[str] = set()
        options = list_in(select, "options", where, self._problems, most=limits.SELECT_OPTIONS, least=1)
        for index, option in enumerate(options):
            place = (*where, "options", index)
            for name in ("label", "value"):
                text_in(option, name, place, self._problems, most=limits.OPTION_CHARS, least=1, is_required=True)
            text_in(option, "description", place, self._problems, most=limits.OPTION_CHARS)
            if option.get("value") in values:
                told = "The specified option value is already used"
                self._problems.add((*place, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", told)
            values.add(str(option.get("value")))

    def _text_input(self, field: dict[str, Any], where: Where) -> None:
        self._custom_id(field, where)
        one_of(field, "style", where, self._problems, choices=(1, 2))
        if field.get("style") is None:
            self._problems.add((*where, "style"), *REQUIRED)
        if "component" not in where:
            label_chars = limits.TEXT_INPUT_LABEL_CHARS
            text_in(field, "label", where, self._problems, most=label_chars, least=1, is_required=True)
        text_in(field, "placeholder", where, self._problems, most=limits.TEXT_INPUT_PLACEHOLDER_CHARS)
        text_in(field, "value", where, self._problems, most=limits.TEXT_INPUT_CHARS)
        whole_in(field, "min_length", where, self._problems, least=0, most=limits.TEXT_INPUT_CHARS)
        whole_in(field, "max_length", where, self._problems, least=1, most=limits.TEXT_INPUT_CHARS)

    def _label(self, label: dict[str, Any], where: Where) -> None:
        text_in(label, "label", where, self._problems, most=limits.LABEL_CHARS, least=1, is_required=True)
        text_in(label, "description", where, self._problems, most=limits.LABEL_DESCRIPTION_CHARS)
        inner = label.get("component")
        if isinstance(inner, dict):
            self._component(inner, (*where, "component"), _LABELLED)
        else:
            self._problems.add((*where, "component"), *REQUIRED)

    def _section(self, section: dict[str, Any], where: Where) -> None:
        self._inside(section, where, (Kind.TEXT_DISPLAY,), most=limits.SECTION_TEXTS)
        accessory = section.get("accessory")
        if isinstance(accessory, dict):
            self._component(accessory, (*where, "accessory"), (Kind.BUTTON, Kind.THUMBNAIL))
        else:
            self._problems.add((*where, "accessory"), *REQUIRED)

    def _custom_id(self, component: dict[str, Any], where: Where) -> None:
        custom_id = text_in(
            component, "custom_id", where, self._problems, most=limits.CUSTOM_ID_CHARS, least=1, is_required=True
        )
        if custom_id is None:
            return
        if custom_id in self._custom_ids:
            told = "Component custom id cannot be duplicated"
            self._problems.add((*where, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", told)
        self._custom_ids[custom_id] = where


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """*components* and all inside of them, in the order in which they are shown."""
    for component in components:
        yield component
        for name in _NESTED:
            inner = component.get(name, [])
            yield from walk(inner if isinstance(inner, list) else [inner])


def text_of(components: list[dict[str, Any]]) -> str:
    """All text that *components* display."""
    shown = (str(c.get("content", "")) for c in walk(components) if c.get("type") == Kind.TEXT_DISPLAY)
    return "\n".join(shown)


def find_component(components: list[dict[str, Any]], custom_id: str) -> dict[str, Any] | None:
    """The component with that custom id."""
    return next((c for c in walk(components) if c.get("custom_id") == custom_id), None)


def with_ids(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A copy of *components* in which each has an `id`: what it had, or the next free number."""
    taken = {c["id"] for c in walk(components) if c.get("id")}
    free = (number for number in range(1, 10_000) if number not in taken)

    def numbered(component: dict[str, Any]) -> dict[str, Any]:
        kept = dict(component)
        kept["id"] = component.get("id") or next(free)
        kept = _DEFAULTS.get(component.get("type", 0), {}) | kept
        for name in _NESTED:
            inner = component.get(name)
            if isinstance(inner, list):
                kept[name] = [numbered(part) for part in inner]
            elif isinstance(inner, dict):
                kept[name] = numbered(inner)
        return kept

    return [numbered(component) for component in components]
