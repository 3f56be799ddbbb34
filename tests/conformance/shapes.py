"""Compares a JSON value with a published JSON Schema, and says of each difference where it is and what it is.

Used by `slack` and `discord`. It knows JSON Schema and no platform. Other than a validator it also finds fields that no
description names: those are how a misspelt field shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
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
        self._validator: Any = validators.extend(  # type: ignore[no-untyped-call]
            Draft202012Validator, {"anyOf": self._any_of}
        )

    def compare(self, schema: Schema, value: Any) -> list[Finding]:
        """All differences between *value* and *schema*, each once."""
        schema = plain(schema)
        found = [_finding(error) for error in self._errors(schema, value)]
        found += self._undescribed(schema, value, "")
        return list(dict.fromkeys(found))

    def _errors(self, schema: Schema, value: Any) -> Iterator[ValidationError]:
        validator = self._validator(schema, registry=self._registry, format_checker=_FORMATS)
        errors: Iterator[ValidationError] = validator.iter_errors(value)
        return errors

    # -- of several shapes, the one that is meant ---------------------------------------------------------------

    def _any_of(self, validator: Any, parts: list[Schema], value: Any, _: Schema) -> Iterator[ValidationError]:
        """What a validator says of `anyOf`: nothing when a shape fits, else what is wrong with the nearest."""
        wrong = [(part, list(validator.descend(value, part))) for part in self._meant(parts, value)]
        if all(errors for _, errors in wrong):
            yield from min(wrong, key=lambda one: self._distance(one[0], one[1], value))[1]

    def _meant(self, parts: list[Schema], value: Any) -> list[Schema]:
        """The shapes whose `type` the value has; all when no shape says so."""
        kind = value.get("type") if isinstance(value, dict) else None
        named = [part for part in parts if kind in self._types(part)] if kind is not None else []
        return named or parts

    def _fitting(self, parts: list[Schema], value: Any) -> list[Schema]:
        """The shapes that fit; the nearest when none does."""
        meant = self._meant(parts, value)
        if len(meant) == 1:
            return meant
        wrong = [(part, list(self._errors(part, value))) for part in meant]
        fitting = [part for part, errors in wrong if not errors]
        return fitting or [min(wrong, key=lambda one: self._distance(one[0], one[1], value))[0]]

    def _distance(self, schema: Schema, errors: list[ValidationError], value: Any) -> tuple[bool, int]:
        """How far a value is from a shape: another kind of value, then the number of errors, less what it has of it."""
        other_kind = any(error.validator == "type" and error.instance is value for error in errors)
        known = len(self._fields(schema).keys() & value.keys()) if isinstance(value, dict) else 0
        return other_kind, len(errors) - known

    def _types(self, schema: Schema) -> list[Any]:
        described = self._fields(schema).get("type", {})
        return [described["const"]] if "const" in described else described.get("enum", [])

    def _fields(self, schema: Schema) -> dict[str, Schema]:
        """The fields that a shape has in any case."""
        fields: dict[str, Schema] = dict(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            fields |= self._fields(part)
        return fields | self._fields(self._resolve(schema["$ref"])) if "$ref" in schema else fields

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
