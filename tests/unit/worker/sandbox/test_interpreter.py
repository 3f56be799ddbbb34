"""What of this machine the sandbox shows."""

import sys
from pathlib import Path

from worker.sandbox.interpreter import find_interpreter

_REPOSITORY = Path(__file__).parents[4]


def test_the_offered_packages_are_shown_and_no_others() -> None:
    names = {path.name for path in find_interpreter().readable}
    assert {"numpy", "pandas", "matplotlib", "dateutil"} <= names
    assert names.isdisjoint({"sqlalchemy", "slack_sdk", "openai", "muster", "site-packages"})


def test_neither_the_project_nor_a_folder_above_it_is_shown() -> None:
    packages = Path(sys.prefix).resolve()
    for path in find_interpreter().readable:
        assert not _REPOSITORY.is_relative_to(path)
        assert not path.is_relative_to(_REPOSITORY) or path.is_relative_to(packages)


def test_what_is_shown_exists() -> None:
    interpreter = find_interpreter()
    assert all(path.exists() for path in (interpreter.executable, *interpreter.readable))
