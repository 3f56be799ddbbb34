"""Owns the strict subset of JSON Schema that structured outputs and strict tools take.

Called by `wire_check`; never looks at messages.
Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from typing import Any

from simulator.model.wire_errors import Refused

FORBIDDEN = ("default", "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")


def check_strict_schema(schema: Any, prefix: str, param: str) -> None:
    """Raise `Refused` unless *schema* is an object schema in the strict subset.

    Args:
        prefix: how the message begins, such as "Invalid schema for response_format 'Team'".
        param: the request's parameter that the error names.
    """
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind != "object":
        raise Refused(
            f"{prefix}: schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.", param=param
        )
    _check_node(schema, (), prefix, param)


def _check_node(node: Any, context: tuple[str, ...], prefix: str, param: str) -> None:
    if not isinstance(node, dict):
        return

    def refuse(words: str) -> Refused:
        return Refused(f"{prefix}: In context={context!r}, {words}", param=param)

    for keyword in FORBIDDEN:
        if keyword in node:
            raise refuse(f"'{keyword}' is not permitted.")
    if "$ref" in node:
        if beside := {key for key in node if key != "$ref"}:
            raise refuse(f"$ref cannot have keywords {beside!r}.")
        return
    if node.get("type") == "object":
        if node.get("additionalProperties") is not False:
            raise refuse("'additionalProperties' is required to be supplied and to be false.")
        for name in node.get("properties", {}):
            if name not in node.get("required", ()):
                raise refuse(
                    "'required' is required to be supplied and to be an array including every key in properties."
                    f" Missing '{name}'."
                )
    if not {"type", "anyOf", "enum", "const"} & node.keys():
        raise refuse("schema must have a 'type' key.")
    for group in ("properties", "$defs", "definitions"):
        for name, child in node.get(group, {}).items():
            _check_node(child, (*context, group, name), prefix, param)
    for i, child in enumerate(node.get("anyOf", ())):
        _check_node(child, (*context, "anyOf", str(i)), prefix, param)
    _check_node(node.get("items"), (*context, "items"), prefix, param)


def check_parameters(function: dict[str, Any]) -> None:
    """Raise `Refused` unless the tool *function* has parameters that are an object schema, strict if it says so."""
    prefix = f"Invalid schema for function '{function['name']}'"
    parameters = function.get("parameters")
    if parameters is None:
        return
    kind = parameters.get("type") if isinstance(parameters, dict) else None
    if kind != "object":
        raise Refused(
            f"{prefix}: schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.",
            param="tools",
            code="invalid_function_parameters",
        )
    if function.get("strict"):
        _check_node(parameters, (), prefix, "tools")
