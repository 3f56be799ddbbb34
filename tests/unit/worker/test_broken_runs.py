"""A session that breaks tells why, to people and in the log, without the keys that it worked with."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from config.logging import configure
from core.domain import events as ev
from core.errors import PermanentError
from core.service.redaction import Redactor
from tests.unit.worker.conftest import ACME, Bench
from worker.drive import Drive
from worker.journal import Journal

pytestmark = pytest.mark.slow  # `make test` runs them, `make check` does not

KEY = "plain-looking-key-42"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged."""
    root, hook, lines = logging.getLogger(), sys.excepthook, io.StringIO()
    before, level = root.handlers, root.level
    configure(level="debug", form="json", stream=lines)
    yield lines
    root.handlers, sys.excepthook = before, hook
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("error", [PermanentError(f"refused: {KEY}"), RuntimeError(f"broke: {KEY}")], ids=repr)
async def test_an_error_that_repeats_a_key_is_kept_and_logged_without_it(
    bench: Bench, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def breaks(_drive: Drive, journal: Journal) -> None:
        journal.redactor = Redactor([KEY])
        raise error

    monkeypatch.setattr(Drive, "run", breaks)
    session = await bench.open()
    assert await bench.runner().work(ACME, session.id)
    [failed] = await bench.of_kind(session, ev.Failed)
    assert KEY not in failed.reason
    assert "[redacted]" in lines.getvalue()
    assert KEY not in lines.getvalue()
