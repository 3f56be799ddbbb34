"""Reads sample payloads, such as Slack's SDKs publish them, as schemas: names and kinds of values, nothing required.

Used by `slack`. A sample's values are blanks of the right kind (`""`, `123`, `false`); only a `type` that is filled in
says what the value must be. Where a sample is empty (`{}`, `[]`), anything may be.
"""

from __future__ import annotations

from typing import Any

from tests.conformance.shapes import Schema


def schema_of(sample: Any) -> Schema:
    """What *sample* tells about values like it. Any of them may be null: samples do not tell."""
    match sample:
        case bool():
            return {"type": ["boolean", "null"]}
        case int():
            return {"type": ["integer", "null"]}
        case float():
            return {"type": ["number", "null"]}
        case str():
            return {"type": ["string", "null"]}
        case list():
            return {
                "type": ["array", "null"],
                "items": {"anyOf": [schema_of(part) for part in sample]} if sample else {},
            }
        case dict() if sample:
            return {"type": ["object", "null"], "properties": {name: _field(name, sample[name]) for name in sample}}
        case _:
            return {}


def _field(name: str, sample: Any) -> Schema:
    if name == "type" and isinstance(sample, str) and sample:
        return {"const": sample}
    return schema_of(sample)
