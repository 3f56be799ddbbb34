"""Time for tests that break things, and how large they are."""

import pytest

from tests.chaos.cluster import patience

_TEST_S = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/chaos/" in str(item.path):
            item.add_marker(pytest.mark.timeout(patience(_TEST_S)))
