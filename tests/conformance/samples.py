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
            return {"type": ["array", "null"], "items": _elements(sample)}
        case dict() if sample:
            return _object(sample)
        case _:
            return {}


def _elements(samples: list[Any]) -> Schema:
    """Any of the *samples*; those of one `type`, which show different fields or values of it, are taken together."""
    of_type: dict[str, dict[str, list[Any]]] = {}
    others: list[Schema] = []
    for sample in samples:
        if isinstance(sample, dict) and sample.get("type"):
            fields = of_type.setdefault(sample["type"], {})
            for name, inner in sample.items():
                fields.setdefault(name, []).append(inner)
        else:
            others.append(schema_of(sample))
    joined = [_joined(fields) for fields in of_type.values()]
    return {"anyOf": joined + others} if samples else {}


def _joined(fields: dict[str, list[Any]]) -> Schema:
    properties: dict[str, Schema] = {}
    for name, samples in fields.items():
        kinds = [_field(name, sample, fields["type"][0]) for sample in samples]
        different = [kind for number, kind in enumerate(kinds) if kind not in kinds[:number]]
        properties[name] = different[0] if len(different) == 1 else {"anyOf": different}
    return {"type": ["object", "null"], "properties": properties}


def _object(sample: dict[str, Any]) -> Schema:
    schema: Schema = {"type": ["object", "null"]}
    if all(_ID.fullmatch(name) for name in sample):  # not fields but things by their ids
        return schema | {"additionalProperties": {"anyOf": [schema_of(inner) for inner in sample.values()]}}
    kind = str(sample.get("type"))
    return schema | {"properties": {name: _field(name, inner, kind) for name, inner in sample.items()}}


def _field(name: str, sample: Any, kind: str) -> Schema:
    """One field of an object whose `type` is *kind*."""
    if name == "type" and isinstance(sample, str) and sample:
        return {"const": sample}
    if name == "blocks":
        return {"$ref": f"#/definitions/{BLOCKS}"}
    if name == "elements" and kind.startswith("rich_text"):
        return {"type": "array", "items": {"$ref": f"#/definitions/{RICH_TEXT}"}}
    return schema_of(sample)
