"""Compares a JSON value with a published JSON Schema, and says of each difference where it is and what it is.

Used by `slack` and `discord`. It knows JSON Schema and no platform. Other than a validator it also finds fields that no
description names: those are how a misspelt field shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Schema = dict[str, Any]
_DOCUMENT = "urn:published"
_HAS_SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "definitions", "schemas"})
_IS_NO_SCHEMA = frozenset({"enum", "const", "default", "example", "examples", "required"})
_FORMATS = FormatChecker(formats=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a value differs from its description."""

    path: str
    """Names from the top down, joined by `/`; `[]` is any element of a list."""
    problem: str


class Shapes:
    """The schemas of one published document, and what they say of values."""

    def __init__(self, document: Schema) -> None:
        """
        Args:
            document: whatever `$ref`s such as `#/components/schemas/User` point into.
        """
        self._document = plain(document)
        resource = DRAFT202012.create_resource(self._document)
        self._registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)

    def compare(self, schema: Schema, value: Any) -> list[Finding]:
        """All differences between *value* and *schema*, each once."""
        schema = plain(schema)
        found = [_finding(error) for error in self._leaves(self._errors(schema, value))]
        found += self._undescribed(schema, value, "")
        return list(dict.fromkeys(found))

    # -- what a validator finds -------------------------------------------------------------------------------

    def _validator(self, schema: Schema) -> Draft202012Validator:
        return Draft202012Validator(schema, registry=self._registry, format_checker=_FORMATS)

    def _errors(self, schema: Schema, value: Any) -> Iterable[ValidationError]:
        return self._validator(schema).iter_errors(value)

    def _leaves(self, errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
        """The errors that say something: of several shapes none of which fits, those of the one that is nearest."""
        for error in errors:
            if error.validator == "anyOf" and error.context:
                parts: Any = error.validator_value
                for inner in self._errors(self._nearest(parts, error.instance), error.instance):
                    inner.parent = error
                    yield from self._leaves([inner])
            else:
                yield error

    # -- fields that nothing describes ------------------------------------------------------------------------

    def _undescribed(self, schema: Schema, value: Any, path: str) -> Iterator[Finding]:
        if isinstance(value, list):
            parts = [part["items"] for part in self._applying(schema, value) if isinstance(part.get("items"), dict)]
            for element in value if parts else ():
                yield from self._undescribed({"allOf": parts}, element, f"{path}[]")
        elif isinstance(value, dict):
            applying = list(self._applying(schema, value))
            is_open = not any("properties" in part for part in applying)
            for name, inner in value.items():
                known = [part["properties"][name] for part in applying if name in part.get("properties", {})]
                others = [part["additionalProperties"] for part in applying if part.get("additionalProperties")]
                below = f"{path}/{name}" if path else name
                if known or others:
                    schemas = [part for part in known or others if isinstance(part, dict)]
                    yield from self._undescribed({"allOf": schemas}, inner, below)
                elif not is_open:
                    yield Finding(path=below, problem="is not described")

    def _applying(self, schema: Schema, value: Any) -> Iterator[Schema]:
        """The schemas that speak of *value*: this one, those it is made of, and of several the ones that fit."""
        yield schema
        if "$ref" in schema:
            yield from self._applying(self._resolve(schema["$ref"]), value)
        for part in schema.get("allOf", ()):
            yield from self._applying(part, value)
        if "anyOf" in schema:
            for part in self._fitting(schema["anyOf"], value):
                yield from self._applying(part, value)

    def _fitting(self, parts: list[Schema], value: Any) -> list[Schema]:
        fitting = [part for part in parts if self._validator(part).is_valid(value)]
        return fitting or [self._nearest(parts, value)]

    # -- of several shapes, the one that is meant ---------------------------------------------------------------

    def _nearest(self, parts: list[Schema], value: Any) -> Schema:
        """The shape that *value*, which fits none, was probably meant to have."""
        return min(parts, key=lambda part: self._distance(part, value))

    def _distance(self, schema: Schema, value: Any) -> tuple[bool, bool, int]:
        """How far a value is from a shape: another kind of value, then another `type`, then the number of errors."""
        errors = list(self._errors(schema, value))
        other_kind = any(error.validator == "type" and not error.path for error in errors)
        other_type = any(error.validator in ("const", "enum") and list(error.path) == ["type"] for error in errors)
        known = len(self._names(schema) & set(value)) if isinstance(value, dict) else 0
        return other_kind, other_type, len(errors) - known

    def _names(self, schema: Schema) -> set[str]:
        """The fields that a shape has in any case."""
        names = set(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            names |= self._names(part)
        return names | self._names(self._resolve(schema["$ref"])) if "$ref" in schema else names

    def _resolve(self, ref: str) -> Schema:
        found: Any = self._document
        for name in ref.removeprefix(f"{_DOCUMENT}#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        return found if isinstance(found, dict) else {}


def plain(schema: Any) -> Any:
    """*schema* as this module reads it, with what older or looser descriptions say put into words of JSON Schema.

    - `oneOf` becomes `anyOf`: which of several shapes is meant is rarely marked, so that one fits has to do;
    - a list of alternatives in `items`, as Slack writes it, becomes `anyOf`;
    - an empty `enum`, which nothing could satisfy, goes, and so does `additionalProperties: false`: fields that are not
      described are found in another way.
    """
    if isinstance(schema, list):
        return [plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result: Schema = {}
    for key, inner in schema.items():
        if key == "$ref" and isinstance(inner, str):
            result["$ref"] = f"{_DOCUMENT}{inner}" if inner.startswith("#") else inner
        elif key in _HAS_SCHEMAS_BY_NAME and isinstance(inner, dict):
            result[key] = {name: plain(part) for name, part in inner.items()}
        elif key == "items" and isinstance(inner, list):
            result |= {"items": {"anyOf": plain(inner)}} if schema.get("type") == "array" else {"anyOf": plain(inner)}
        elif key == "oneOf":
            result["anyOf"] = plain(inner)
        elif (key == "enum" and not inner) or (key == "additionalProperties" and inner is False):
            continue
        else:
            result[key] = inner if key in _IS_NO_SCHEMA else plain(inner)
    return result


def _finding(error: ValidationError) -> Finding:
    path = "/".join("[]" if isinstance(step, int) else step for step in error.absolute_path).replace("/[]", "[]")
    allowed = error.validator_value
    match error.validator:
        case "required":
            missing = re.sub(r"^'(.*)' is a required property$", r"\1", error.message)
            return Finding(path=f"{path}/{missing}" if path else missing, problem="is missing")
        case "type":
            described = "/".join(allowed) if isinstance(allowed, list) else allowed
            return Finding(path=path, problem=f"is {_kind(error.instance)}, described as {described}")
        case "enum" | "const":
            return Finding(path=path, problem=f"has the undescribed value {error.instance!r}")
        case _:
            return Finding(path=path, problem=f"breaks {error.validator} {allowed!r}")


def _kind(value: Any) -> str:
    """What JSON calls such a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31
