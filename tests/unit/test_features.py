"""The README promises on each platform what a flow shows there."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.features import (
    DISCORD,
    FEATURES,
    SLACK,
    TOOLS,
    Feature,
    rights_table,
    settings_table,
    table,
    tools_table,
)
from worker.tools.catalog import CATALOG

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("make", [table, tools_table, settings_table, rights_table])
def test_the_readme_has_the_table_as_it_is(make: Callable[[], str]) -> None:
    assert make() in (ROOT / "README.md").read_text()


def test_every_tool_is_in_the_table() -> None:
    assert list(TOOLS) == list(CATALOG)


def _shown(feature: Feature) -> Iterator[tuple[str, str]]:
    yield from ((test, platform) for test in feature.tests for platform in (SLACK, DISCORD))
    yield from ((test, SLACK) for test in feature.on_slack)
    yield from ((test, DISCORD) for test in feature.on_discord)


@pytest.mark.parametrize(("test", "platform"), sorted({shown for feature in FEATURES for shown in _shown(feature)}))
def test_each_test_that_is_named_runs_there(test: str, platform: str) -> None:
    file, _, name = test.partition("::")
    module = ast.parse((ROOT / "tests" / "flows" / f"{file}.py").read_text())
    [function] = [node for node in module.body if isinstance(node, ast.AsyncFunctionDef) and node.name == name]
    marked = [ast.unparse(node) for node in function.decorator_list]
    marked += [ast.unparse(node.value) for node in module.body if isinstance(node, ast.Assign) and _is_mark(node)]
    limits = [mark for mark in marked if "platforms(" in mark]
    assert all(f"'{platform}'" in mark for mark in limits)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.what)
def test_what_is_promised_is_shown(feature: Feature) -> None:
    shown_on = {platform for _, platform in _shown(feature)}
    promised = {name for name, words in ((SLACK, feature.slack), (DISCORD, feature.discord)) if words != "not yet"}
    assert shown_on == promised


def _is_mark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)
