"""What the conformance check must find in a value; each test fails when the rule that it is about is taken out."""

from typing import Any

import pytest

from tests.conformance.samples import BLOCKS, schema_of
from tests.conformance.shapes import Finding, Schema, Shapes

DOCUMENT: Schema = {
    "components": {
        "schemas": {
            "Id": {"type": "string", "pattern": "^[0-9]+$"},
            "Color": {"type": "integer", "oneOf": [{"const": 1}, {"const": 2}]},
            "User": {
                "type": "object",
                "properties": {"id": {"$ref": "#/components/schemas/Id"}, "name": {"type": ["string", "null"]}},
                "required": ["id"],
            },
            "Button": {
                "type": "object",
                "properties": {"type": {"type": "integer", "enum": [2]}, "label": {"type": "string"}},
                "required": ["type", "label"],
            },
            "Row": {
                "type": "object",
                "properties": {
                    "type": {"type": "integer", "enum": [1]},
                    "components": {"type": "array", "items": {"$ref": "#/components/schemas/Button"}, "maxItems": 2},
                },
                "required": ["type", "components"],
            },
            "Message": {
                "type": "object",
                "properties": {
                    "author": {"$ref": "#/components/schemas/User"},
                    "at": {"type": "string", "format": "date-time"},
                    "color": {"$ref": "#/components/schemas/Color"},
                    "components": {
                        "type": "array",
                        "items": {
                            "oneOf": [{"$ref": "#/components/schemas/Row"}, {"$ref": "#/components/schemas/Button"}]
                        },
                    },
                },
                "additionalProperties": False,
            },
        }
    }
}
MESSAGE = {"$ref": "#/components/schemas/Message"}


def found(value: Any, schema: Schema = MESSAGE) -> list[tuple[str, str]]:
    return [(one.path, one.problem) for one in Shapes(DOCUMENT).compare(schema, value)]


def test_a_value_as_described_has_no_difference() -> None:
    button = {"type": 2, "label": "Stop"}
    message = {
        "author": {"id": "1", "name": None},
        "at": "2026-11-01T12:00:00+00:00",
        "color": 2,
        "components": [{"type": 1, "components": [button]}, button],
    }

    assert found(message) == []


def test_a_field_that_is_not_described_is_found_wherever_it_is() -> None:
    message = {"colour": 1, "author": {"id": "1", "nick": "A"}, "components": [{"type": 2, "label": "x", "lable": "y"}]}

    assert found(message) == [
        ("colour", "is not described"),
        ("author/nick", "is not described"),
        ("components[]/lable", "is not described"),
    ]


def test_a_required_field_that_is_missing_is_found() -> None:
    assert found({"author": {"name": "A"}}) == [("author/id", "is missing")]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (3, "is integer, described as string"),
        (True, "is boolean, described as string"),
        (None, "is null, described as string"),
        ("x1", "breaks pattern '^[0-9]+$'"),
    ],
)
def test_a_wrong_value_is_found(value: Any, problem: str) -> None:
    assert found({"author": {"id": value}}) == [("author/id", problem)]


def test_a_moment_without_a_time_zone_is_found() -> None:
    assert found({"at": "2026-11-01T12:00:00"}) == [("at", "breaks format 'date-time'")]


def test_a_number_that_is_too_large_for_its_format_is_found() -> None:
    flags = {"type": "integer", "format": "int32"}

    assert found(2**31 - 1, flags) == []
    assert found(2**31, flags) == [("", "breaks format 'int32'")]


def test_a_value_that_is_none_of_those_described_is_found() -> None:
    assert found({"color": 7}) == [("color", "has the undescribed value 7")]


def test_of_several_shapes_the_difference_from_the_one_that_was_meant_is_told() -> None:
    row = {"type": 1, "components": [{"type": 2, "label": 5}] * 3}

    assert set(found({"components": [row]})) == {
        ("components[]/components", "breaks maxItems 2"),
        ("components[]/components[]/label", "is integer, described as string"),
    }


def test_a_shape_that_no_list_names_is_found() -> None:
    assert ("components[]/type", "has the undescribed value 9") in found({"components": [{"type": 9}]})


def test_fields_of_all_parts_of_a_joined_shape_are_described() -> None:
    joined = {"allOf": [{"$ref": "#/components/schemas/User"}, {"type": "object", "properties": {"bot": {}}}]}

    assert found({"id": "1", "bot": True, "boot": True}, joined) == [("boot", "is not described")]


def test_a_map_by_ids_describes_its_values_and_any_key() -> None:
    users = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/User"}}

    assert found({"17": {"id": "17", "nick": ""}}, users) == [("17/nick", "is not described")]


def test_alternatives_in_a_list_of_items_are_read_as_slack_writes_them() -> None:
    either = {"items": [{"type": "string"}, {"type": "null"}]}

    assert found(None, either) == []
    assert found(3, {"type": "array", **either})[0] == ("", "is integer, described as array")
    assert found([3], {"type": "array", **either}) == [("[]", "is integer, described as string")]


SAMPLE = {
    "ok": False,
    "ts": "0000000000.000000",
    "count": 12345,
    "team": {"id": ""},
    "actions": [{"type": "button", "value": ""}, {"type": "overflow"}],
    "shares": {"C00000000": [{"ts": ""}]},
    "anything": {},
}


@pytest.mark.parametrize(
    ("value", "differences"),
    [
        ({"ok": True, "ts": "1.0", "count": 3, "team": None, "anything": {"x": 1}}, []),
        ({"ts": 1.5}, [("ts", "is number, described as string/null")]),
        ({"count": "3"}, [("count", "is string, described as integer/null")]),
        ({"team": {"id": "T1", "name": ""}}, [("team/name", "is not described")]),
        ({"actions": [{"type": "button", "value": "1"}]}, []),
        ({"actions": [{"type": "knob"}]}, [("actions[]/type", "has the undescribed value 'knob'")]),
        ({"shares": {"C123": [{"ts": "1.0"}]}}, []),
        ({"shares": {"C123": [{"at": "1.0"}]}}, [("shares/C123[]/at", "is not described")]),
    ],
)
def test_a_sample_tells_names_and_kinds(value: Any, differences: list[tuple[str, str]]) -> None:
    assert found(value, schema_of(SAMPLE)) == differences


def test_blocks_are_described_in_one_place_for_all_samples() -> None:
    shapes = Shapes({"definitions": {BLOCKS: schema_of([{"type": "section", "text": ""}])}})
    message = schema_of({"blocks": [{"type": "divider"}]})

    assert shapes.compare(message, {"blocks": [{"type": "section", "text": "Hello"}]}) == []
    assert shapes.compare(message, {"blocks": [{"type": "section", "txt": "Hello"}]}) == [
        Finding(path="blocks[]/txt", problem="is not described")
    ]
