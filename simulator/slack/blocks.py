"""Checks Block Kit blocks as strictly as Slack does, and says what is wrong in Slack's words.

Called by the chat methods and by `views`. It knows the blocks and elements that apps use in messages and modals; a
type it has never heard of is refused, as by Slack.
Source: https://docs.slack.dev/reference/block-kit/blocks and .../block-elements
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from simulator.slack import limits

FindImage = Callable[[str], bool]
"""Whether a `slack_file` with that id may be shown."""

_BUTTON_STYLES = frozenset({"primary", "danger"})
_SELECTS = frozenset({"static_select", "multi_static_select", "radio_buttons", "checkboxes", "overflow"})
_PICKERS = frozenset(
    {
        "users_select", "multi_users_select", "conversations_select", "multi_conversations_select", "channels_select",
        "multi_channels_select", "datepicker", "timepicker", "datetimepicker", "external_select",
    }
)  # fmt: skip
_INPUTS = frozenset(
    {"plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input", "file_input"}
)
_FREE_FORM = frozenset({"divider", "rich_text", "file", "video", "table", "task_card", "plan", "context_actions"})


def check_blocks(blocks: list[Any], *, most: int, find_image: FindImage | None = None) -> list[str]:
    """What is wrong with *blocks*, each with a JSON pointer; empty when nothing is.

    Args:
        most: how many blocks there may be.
        find_image: needed where `slack_file` images may appear.
    """
    problems: list[str] = []
    if len(blocks) > most:
        problems.append(f"no more than {most} items allowed [json-pointer:/blocks]")
    for index, block in enumerate(blocks):
        pointer = f"/blocks/{index}"
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            problems.append(f"missing required field: type [json-pointer:{pointer}]")
            continue
        problems += _check_block(block, pointer, find_image)
    problems += _check_unique_ids(blocks)
    markdown = sum(len(b.get("text", "")) for b in blocks if isinstance(b, dict) and b.get("type") == "markdown")
    if markdown > limits.MARKDOWN_CHARS:
        problems.append(f"must be less than {limits.MARKDOWN_CHARS + 1} characters [json-pointer:/blocks]")
    return problems


def are_too_long(blocks: list[Any]) -> bool:
    """Whether all the texts together are above what a message may hold (`msg_blocks_too_long`)."""
    return sum(_text_chars(block) for block in blocks) > limits.ALL_BLOCKS_CHARS


def _check_block(block: dict[str, Any], pointer: str, find_image: FindImage | None) -> Iterator[str]:
    yield from _at_most(block.get("block_id"), limits.ID_CHARS, f"{pointer}/block_id")
    match block["type"]:
        case "section":
            yield from _check_section(block, pointer, find_image)
        case "header":
            yield from _text(block.get("text"), limits.HEADER_CHARS, f"{pointer}/text", only="plain_text")
        case "markdown":
            if not isinstance(block.get("text"), str) or not block["text"]:
                yield f"missing required field: text [json-pointer:{pointer}]"
        case "context":
            yield from _check_list(block, limits.CONTEXT_ELEMENTS, pointer, find_image, in_context=True)
        case "actions":
            yield from _check_list(block, limits.ACTIONS_ELEMENTS, pointer, find_image, in_context=False)
        case "image":
            yield from _check_image(block, pointer, find_image)
        case "input":
            yield from _text(block.get("label"), limits.LABEL_CHARS, f"{pointer}/label", only="plain_text")
            if block.get("hint") is not None:
                yield from _text(block["hint"], limits.LABEL_CHARS, f"{pointer}/hint", only="plain_text")
            yield from _check_element(block.get("element"), f"{pointer}/element", find_image)
        case kind if kind not in _FREE_FORM:
            yield f"unsupported type: {kind} [json-pointer:{pointer}/type]"


def _check_section(block: dict[str, Any], pointer: str, find_image: FindImage | None) -> Iterator[str]:
    fields = block.get("fields")
    if block.get("text") is not None:
        yield from _text(block["text"], limits.SECTION_TEXT_CHARS, f"{pointer}/text")
    elif not fields:
        yield f"missing required field: text or fields [json-pointer:{pointer}]"
    for index, field in enumerate(fields or []):
        yield from _text(field, limits.SECTION_FIELD_CHARS, f"{pointer}/fields/{index}")
    if fields is not None and len(fields) > limits.SECTION_FIELDS:
        yield f"no more than {limits.SECTION_FIELDS} items allowed [json-pointer:{pointer}/fields]"
    if block.get("accessory") is not None:
        yield from _check_element(block["accessory"], f"{pointer}/accessory", find_image)


def _check_list(
    block: dict[str, Any], most: int, pointer: str, find_image: FindImage | None, *, in_context: bool
) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not elements:
        yield f"no fewer than 1 item allowed [json-pointer:{pointer}/elements]"
        return
    if len(elements) > most:
        yield f"no more than {most} items allowed [json-pointer:{pointer}/elements]"
    for index, element in enumerate(elements):
        place = f"{pointer}/elements/{index}"
        if in_context and isinstance(element, dict) and element.get("type") in ("mrkdwn", "plain_text"):
            yield from _text(element, limits.SECTION_TEXT_CHARS, place)
        else:
            yield from _check_element(element, place, find_image)


def _check_image(block: dict[str, Any], pointer: str, find_image: FindImage | None) -> Iterator[str]:
    if not block.get("alt_text"):
        yield f"missing required field: alt_text [json-pointer:{pointer}]"
    yield from _at_most(block.get("alt_text"), limits.ALT_TEXT_CHARS, f"{pointer}/alt_text")
    slack_file = block.get("slack_file")
    if isinstance(slack_file, dict):
        file_id = slack_file.get("id") or ""
        if find_image is None or not find_image(file_id):
            yield f"invalid slack file [json-pointer:{pointer}/slack_file]"
    elif not block.get("image_url"):
        yield f"missing required field: image_url or slack_file [json-pointer:{pointer}]"


def _check_element(element: Any, pointer: str, find_image: FindImage | None) -> Iterator[str]:
    if not isinstance(element, dict) or not isinstance(element.get("type"), str):
        yield f"missing required field: type [json-pointer:{pointer}]"
        return
    kind = element["type"]
    yield from _at_most(element.get("action_id"), limits.ID_CHARS, f"{pointer}/action_id")
    if element.get("placeholder") is not None:
        yield from _text(element["placeholder"], limits.PLACEHOLDER_CHARS, f"{pointer}/placeholder", only="plain_text")
    if kind == "button":
        yield from _check_button(element, pointer)
    elif kind == "image":
        yield from _check_image(element, pointer, find_image)
    elif kind in _SELECTS:
        yield from _check_options(element, pointer)
    elif kind == "plain_text_input":
        yield from _check_text_input(element, pointer)
    elif kind == "file_input":
        most = element.get("max_files", limits.INPUT_FILES)
        if not isinstance(most, int) or not 1 <= most <= limits.INPUT_FILES:
            yield f"must be between 1 and {limits.INPUT_FILES} [json-pointer:{pointer}/max_files]"
    elif kind not in _PICKERS | _INPUTS:
        yield f"unsupported type: {kind} [json-pointer:{pointer}/type]"


def _check_button(element: dict[str, Any], pointer: str) -> Iterator[str]:
    yield from _text(element.get("text"), limits.BUTTON_TEXT_CHARS, f"{pointer}/text", only="plain_text")
    yield from _at_most(element.get("value"), limits.BUTTON_VALUE_CHARS, f"{pointer}/value")
    yield from _at_most(element.get("url"), limits.BUTTON_URL_CHARS, f"{pointer}/url")
    if element.get("style") is not None and element["style"] not in _BUTTON_STYLES:
        yield f"must be one of: primary, danger [json-pointer:{pointer}/style]"


def _check_text_input(element: dict[str, Any], pointer: str) -> Iterator[str]:
    most = element.get("max_length", limits.INPUT_CHARS)
    if not isinstance(most, int) or not 1 <= most <= limits.INPUT_CHARS:
        yield f"must be between 1 and {limits.INPUT_CHARS} [json-pointer:{pointer}/max_length]"
    else:
        yield from _at_most(element.get("initial_value"), most, f"{pointer}/initial_value")


def _check_options(element: dict[str, Any], pointer: str) -> Iterator[str]:
    options = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        options += group.get("options", [])
    if not options:
        yield f"no fewer than 1 item allowed [json-pointer:{pointer}/options]"
    if len(options) > limits.SELECT_OPTIONS:
        yield f"no more than {limits.SELECT_OPTIONS} items allowed [json-pointer:{pointer}/options]"
    for index, option in enumerate(options):
        place = f"{pointer}/options/{index}"
        yield from _text(option.get("text"), limits.OPTION_TEXT_CHARS, f"{place}/text")
        yield from _at_most(option.get("value"), limits.OPTION_VALUE_CHARS, f"{place}/value")
    initial = [element["initial_option"]] if element.get("initial_option") else element.get("initial_options") or []
    if any(option not in options for option in initial):
        yield f"the initial option must be one of the options [json-pointer:{pointer}/initial_option]"


def _text(value: Any, most: int, pointer: str, *, only: str | None = None) -> Iterator[str]:
    """What is wrong with a text object."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        yield f"missing required field: text [json-pointer:{pointer}]"
        return
    allowed = (only,) if only else ("mrkdwn", "plain_text")
    if value.get("type") not in allowed:
        yield f"must be one of: {', '.join(allowed)} [json-pointer:{pointer}/type]"
    if not value["text"]:
        yield f"must be more than 0 characters [json-pointer:{pointer}/text]"
    yield from _at_most(value["text"], most, f"{pointer}/text")


def _at_most(value: Any, most: int, pointer: str) -> Iterator[str]:
    if isinstance(value, str) and len(value) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{pointer}]"


def _check_unique_ids(blocks: list[Any]) -> Iterator[str]:
    """Block ids must differ, and so must the action ids inside one block."""
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        if (block_id := block.get("block_id")) is not None:
            if block_id in seen:
                yield f"`block_id` already exists [json-pointer:/blocks/{index}/block_id]"
            seen.add(block_id)
        elements = block.get("elements") if block.get("type") == "actions" else None
        action_ids = [e.get("action_id") for e in elements or [] if isinstance(e, dict) and e.get("action_id")]
        if len(action_ids) != len(set(action_ids)):
            yield f"`action_id` already exists [json-pointer:/blocks/{index}/elements]"


def _text_chars(value: Any) -> int:
    """Characters of all texts in a block."""
    if isinstance(value, str):
        return 0
    if isinstance(value, list):
        return sum(_text_chars(item) for item in value)
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_text_chars(item) for item in value.values())
    return 0


def json_chars(value: Any) -> int:
    """Length of *value* as JSON, which is what Slack's size limits of whole structures count."""
    return len(json.dumps(value, ensure_ascii=False))
