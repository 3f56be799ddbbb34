"""Reads sample payloads, such as Slack's SDKs publish them, as schemas: names and kinds of values, nothing required.

Used by `slack`. A sample's values are blanks of the right kind (`""`, `123`, `false`); only a `type` that is filled in
says what the value must be. Where a sample is empty (`{}`, `[]`), anything may be.
"""

from __future__ import annotations

import re
from typing import Any

from tests.conformance.shapes import Schema

BLOCKS = "sample_blocks"
"""Name under which the blocks of all samples are described once: samples show different ones in different places."""
RICH_TEXT = "sample_rich_text"
"""Name under which all that a rich text is made of is described once: samples nest everything in everything."""
_ID = re.compile(r"[A-Z][A-Z0-9]{7,}_*")


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
            elements = {"anyOf": [schema_of(part) for part in sample]} if sample else {}
            return {"type": ["array", "null"], "items": elements}
        case dict() if sample:
            return _object(sample)
        case _:
            return {}


def _object(sample: dict[str, Any]) -> Schema:
    schema: Schema = {"type": ["object", "null"]}
    if all(_ID.fullmatch(name) for name in sample):  # not fields but things by their ids
        return schema | {"additionalProperties": {"anyOf": [schema_of(inner) for inner in sample.values()]}}
    fields = {name: _field(name, inner) for name, inner in sample.items()}
    if str(sample.get("type")).startswith("rich_text") and "elements" in sample:
        fields["elements"] = {"type": "array", "items": {"$ref": f"#/definitions/{RICH_TEXT}"}}
    return schema | {"properties": fields}


def _field(name: str, sample: Any) -> Schema:
    if name == "type" and isinstance(sample, str) and sample:
        return {"const": sample}
    if name == "blocks":
        return {"$ref": f"#/definitions/{BLOCKS}"}
    return schema_of(sample)
