"""What Muster may call, read from its source: the Slack methods and Discord paths that it names.

Used by `slack` and `discord` to tell which of them the traffic left out. It reads text and imports nothing of Muster.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

BOTS = Path(__file__).parents[2] / "bots"
_VARIABLE = re.compile(r"\{[^}]*\}")


def slack_methods(methods: Iterable[str], *, folder: Path = BOTS / "slack") -> frozenset[str]:
    """Those of *methods* that the source calls, as the SDK spells them: `chat_postMessage` for `chat.postMessage`."""
    called = {node.attr for node in _nodes(folder) if isinstance(node, ast.Attribute)}
    return frozenset(method for method in methods if method.replace(".", "_") in called)


def discord_paths(paths: Iterable[str], *, folder: Path = BOTS / "discord") -> frozenset[str]:
    """Those of *paths* that the source names, whatever the variables are called there."""
    texts = {node.value for node in _nodes(folder) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = {anonymous(text) for text in texts if text.startswith("/")}
    return frozenset(path for path in paths if anonymous(path) in named)


def anonymous(path: str) -> str:
    """A path without the names of its variables."""
    return _VARIABLE.sub("{}", path)


@cache
def _nodes(folder: Path) -> tuple[ast.AST, ...]:
    """All that the source in *folder* consists of."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py")))
    return tuple(node for tree in trees for node in ast.walk(tree))
