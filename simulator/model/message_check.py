"""Owns the rules for `messages`: roles, contents, names, and that every tool call is answered once, at once.

Called by `wire_check`; never looks at tools or schemas.
"""

from typing import Any

from simulator.model.wire_errors import Refused, check_name, empty_array, invalid_value, missing, wrong_type

ROLES = ("system", "assistant", "user", "function", "tool", "developer")


def check_messages(messages: Any) -> None:
    """Raise `Refused` for the first message that a strict provider would not take."""
    if messages is None:
        raise missing("messages")
    if not isinstance(messages, list):
        raise wrong_type("messages", "an array of objects", messages)
    if not messages:
        raise empty_array("messages")
    for i, message in enumerate(messages):
        if not isinstance(message, dict):
            raise wrong_type(f"messages[{i}]", "an object", message)
        _check_message(message, f"messages[{i}]")
    _check_tool_answers(messages)


def _check_message(message: dict[str, Any], place: str) -> None:
    role = message.get("role")
    if role is None:
        raise missing(f"{place}.role")
    if role not in ROLES:
        raise invalid_value(f"{place}.role", role, ROLES)
    if message.get("name") is not None:
        check_name(message["name"], f"{place}.name")
    calls = message.get("tool_calls")
    if calls is not None:
        _check_calls(calls, role, f"{place}.tool_calls")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise missing(f"{place}.tool_call_id")
    # A tool may well have nothing to say; a message that is nothing else may not be empty.
    may_be_empty = role == "tool" or bool(calls)
    if not (message.get("content") is None and calls):
        _check_content(message.get("content"), f"{place}.content", may_be_empty=may_be_empty)


def _check_calls(calls: Any, role: str, param: str) -> None:
    if role != "assistant":
        raise Refused(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
    if not isinstance(calls, list):
        raise wrong_type(param, "an array of objects", calls)
    if not calls:
        raise empty_array(param)
    ids: set[str] = set()
    for at, call in ((f"{param}[{j}]", call) for j, call in enumerate(calls)):
        if not isinstance(call, dict):
            raise wrong_type(at, "an object", call)
        function = call.get("function")
        if not isinstance(call.get("id"), str) or not call["id"]:
            raise missing(f"{at}.id")
        if call.get("type") != "function" or not isinstance(function, dict):
            raise missing(f"{at}.function")
        check_name(function.get("name"), f"{at}.function.name")
        if not isinstance(function.get("arguments"), str):
            raise wrong_type(f"{at}.function.arguments", "a string", function.get("arguments"))
        if call["id"] in ids:
            raise Refused(f"Duplicate value for 'tool_call_id' of '{call['id']}'", param=f"{at}.id")
        ids.add(call["id"])


def _check_content(content: Any, param: str, *, may_be_empty: bool) -> None:
    if content is None:
        raise Refused("Invalid value for 'content': expected a string, got null.", param=param)
    if isinstance(content, str):
        if not content.strip() and not may_be_empty:
            raise Refused(
                f"Invalid '{param}': empty string. Expected a string with minimum length 1,"
                " but got an empty string instead.",
                param=param,
                code="empty_string",
            )
        return
    if not isinstance(content, list):
        raise wrong_type(param, "one of a string or array of objects", content)
    if not content:
        raise empty_array(param)
    for j, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise missing(f"{param}[{j}].type")
        if part["type"] == "text":
            if not isinstance(part.get("text"), str):
                raise missing(f"{param}[{j}].text")
            _check_content(part["text"], f"{param}[{j}].text", may_be_empty=may_be_empty)


def _check_tool_answers(messages: list[dict[str, Any]]) -> None:
    called: list[str] = []
    unanswered: list[str] = []
    for i, message in enumerate(messages):
        if message["role"] == "tool":
            _check_tool_answer(message["tool_call_id"], i, called, unanswered)
            unanswered.remove(message["tool_call_id"])
            continue
        if unanswered:
            raise _not_answered(unanswered, i)
        called = [call["id"] for call in message.get("tool_calls") or ()]
        unanswered = list(called)
    if unanswered:
        raise _not_answered(unanswered, len(messages))


def _check_tool_answer(call_id: str, i: int, called: list[str], unanswered: list[str]) -> None:
    if not called:
        raise Refused(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with"
            " 'tool_calls'.",
            param=f"messages.[{i}].role",
        )
    param = f"messages.[{i}].tool_call_id"
    if call_id not in called:
        raise Refused(
            f"Invalid parameter: 'tool_call_id' of '{call_id}' not found in 'tool_calls' of previous message.",
            param=param,
        )
    if call_id not in unanswered:
        raise Refused(f"Duplicate value for 'tool_call_id' of '{call_id}' in message[{i}]", param=param)


def _not_answered(ids: list[str], i: int) -> Refused:
    return Refused(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
        f" The following tool_call_ids did not have response messages: {', '.join(ids)}",
        param=f"messages.[{i}].role",
    )
