"""Log lines hold no secret, wherever in them one was put."""

import asyncio
import io
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import structlog

from config.logging import configure, redacting
from core.service.redaction import Redactor

SECRET = "hunter2-hunter2/hunter2"
LOOKS_LIKE_ONE = "sk-" + "a1" * 12


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, level, hook = root.handlers, root.level, sys.excepthook
    yield
    root.handlers, sys.excepthook = before, hook
    root.setLevel(level)
    structlog.reset_defaults()


@dataclass
class Config:
    url: str


def _breaks(password: str) -> None:
    raise ValueError(f"cannot connect:\n{password}\n")


def _error() -> None:
    try:
        _breaks(SECRET)
    except ValueError:
        structlog.get_logger("x").exception("broke")


def _chained() -> None:
    try:
        try:
            _breaks(SECRET)
        except ValueError as error:
            raise RuntimeError("later") from error
    except RuntimeError:
        logging.getLogger("library").exception("from a library")


def _group() -> None:
    try:
        raise ExceptionGroup("many", [ValueError(SECRET), ValueError("none")])
    except ExceptionGroup:
        structlog.get_logger("x").warning("broke", exc_info=True)


WAYS: dict[str, Callable[[], None]] = {
    "event": lambda: structlog.get_logger("x").info(f"connecting with {SECRET}"),
    "field": lambda: structlog.get_logger("x").info("connecting", url=f"db://{SECRET}"),
    "field's name": lambda: structlog.get_logger("x").info("connecting", **{SECRET: 1}),
    "list": lambda: structlog.get_logger("x").info("connecting", to=["a", {"b": (SECRET,)}]),
    "bytes": lambda: structlog.get_logger("x").info("connecting", body=SECRET.encode()),
    "object": lambda: structlog.get_logger("x").info("connecting", config=Config(SECRET)),
    "repr of an error": lambda: structlog.get_logger("x").info("connecting", error=repr(ValueError(f"\n{SECRET}"))),
    "library": lambda: logging.getLogger("library").warning("body: %s", {"key": SECRET}),
    "base64": lambda: structlog.get_logger("x").info("header", basic="aHVudGVyMi1odW50ZXIyL2h1bnRlcjI="),
    "url-encoded": lambda: structlog.get_logger("x").info("call", url="https://h/?k=hunter2-hunter2%2fhunter2"),
    "traceback": _error,
    "cause": _chained,
    "group": _group,
}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("way", WAYS)
def test_a_secret_of_this_process_is_struck_out(way: str, form: str) -> None:
    lines = io.StringIO()
    configure(level="info", form=form, stream=lines, redact=Redactor([SECRET]))
    WAYS[way]()
    assert "[redacted]" in lines.getvalue()
    assert "hunter2" not in lines.getvalue()
    assert "aHVudGVy" not in lines.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_looks_like_a_key_is_struck_out_behind_a_line_s_end_too(form: str) -> None:
    lines = io.StringIO()
    configure(level="info", form=form, stream=lines)
    structlog.get_logger("x").info("one", text=f"\n{LOOKS_LIKE_ONE}\t{LOOKS_LIKE_ONE}")
    structlog.get_logger("x").info("two", error=repr(ValueError(f"\n{LOOKS_LIKE_ONE}")))
    assert lines.getvalue().count("***") == 3
    assert LOOKS_LIKE_ONE not in lines.getvalue()


async def test_a_key_opened_for_a_task_is_struck_out_of_what_it_and_its_children_log() -> None:
    lines = io.StringIO()
    configure(level="info", form="json", stream=lines, redact=Redactor(["another-secret"]))

    async def child() -> None:
        logging.getLogger("library").warning("Illegal header value %r", f"Bearer {SECRET}")

    with redacting(Redactor([SECRET])):
        await asyncio.create_task(child())
        structlog.get_logger("x").info("both", keys=f"{SECRET} another-secret")
    structlog.get_logger("x").info("after", text="hunter2 is a word again")
    assert lines.getvalue().count("[redacted]") == 3
    assert SECRET not in lines.getvalue()
    assert "hunter2 is a word again" in lines.getvalue()


def test_an_error_that_nobody_handles_is_logged_without_secrets() -> None:
    lines = io.StringIO()
    configure(level="info", form="json", stream=lines, redact=Redactor([SECRET]))
    try:
        _breaks(SECRET)
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert "process.broke" in lines.getvalue()
    assert "cannot connect" in lines.getvalue()
    assert SECRET not in lines.getvalue()


def test_tracebacks_name_no_values_of_variables() -> None:
    lines = io.StringIO()
    configure(level="info", form="text", stream=lines)
    local = "only-in-a-variable"
    try:
        _ = int(local[:0])
    except ValueError:
        structlog.get_logger("x").exception("broke")
    assert "Traceback" in lines.getvalue()
    assert "only-in-a-variable" not in lines.getvalue()
