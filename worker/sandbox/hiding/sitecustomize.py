"""Makes packages that may not be read be missing, where they can be seen in their folder: behind Landlock.

Loaded by `inside.py` and, under this name, by every Python that the code starts. Without it a library that tries for
another one, which Muster happens to have installed, would fail on a refusal instead of doing without. It must need the
standard library alone.
"""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class ReadableOnly:
    """Finds modules as `PathFinder` does; one whose file is closed is not there."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of a module. Raises `ModuleNotFoundError` for a closed one."""
        if path is not None:
            return None  # a part of a package that could be read
        spec = PathFinder.find_spec(name, None, target)
        if spec is not None and spec.has_location and spec.origin is not None:
            try:
                os.close(os.open(spec.origin, os.O_RDONLY))
            except PermissionError:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name) from None
        return spec


sys.meta_path.insert(sys.meta_path.index(PathFinder), ReadableOnly)
