"""How log lines look: an event's name plus fields, as text for people or as JSON for machines.

Called once by each entry point. Anything that looks like a token or key, and every secret that this process knows, is
struck out of whole lines, tracebacks too, as a second line of defence. Tracebacks name no values of variables.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TextIO

import structlog

_BEGIN = r"(?:\b|(?<=\\[nrt]))"  # a line's end may be written as \n by now
_SECRET = re.compile(
    r"xox[abeprs]-[\w-]+|xapp-[\w-]+|muster-private-[\w-]{20,}|[?&]ticket=[^\s&]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    rf"|{_BEGIN}sk-[\w-]{{16,}}"
    rf"|{_BEGIN}[MNO][\w-]{{23,27}}\.[\w-]{{6}}\.[\w-]{{27,}}"  # Discord: the bot's token, and those of interactions
    r"|(?<=/webhooks/)\d+/[\w-]{20,}|(?<=/interactions/)\d+/[\w-]{20,}"
)

Redact = Callable[[str], str]

_OF_TASK: ContextVar[Redact | None] = ContextVar("muster_log_redact", default=None)


@contextmanager
def redacting(redact: Redact) -> Iterator[None]:
    """Inside the block, *redact* is applied to what this task, and tasks that it starts, log: keys opened for it."""
    token = _OF_TASK.set(redact)
    try:
        yield
    finally:
        _OF_TASK.reset(token)


def configure(*, level: str, form: str, stream: TextIO | None = None, redact: Redact = str) -> None:
    """Set up logging for the process; errors that nobody handles are logged too.

    Args:
        level: debug, info, warning or error.
        form: `text` or `json`.
        stream: default standard error.
        redact: strikes the secrets that this process holds out of a line.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    target = stream or sys.stderr
    last: Any = structlog.processors.JSONRenderer()
    if form == "text":
        last = structlog.dev.ConsoleRenderer(colors=target.isatty())
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # What is struck out is struck out of the finished line: nothing that was put into it gets around that.
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last, _struck_out(redact)],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    sys.excepthook = _log_unhandled
    for noisy in (
        "slack_bolt",
        "slack_sdk",
        "discord",
        "arq",
        "httpx",
        "httpx2",
        "httpcore",
        "httpcore2",
        "aiosqlite",  # tells each statement with all its values
        "openai",
        "aiohttp.access",
        "alembic",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def _struck_out(redact: Redact) -> Callable[[Any, str, Any], str]:
    def strike_out(_logger: Any, _method: str, line: Any) -> str:
        text = redact(str(line))
        of_task = _OF_TASK.get()
        return _SECRET.sub("***", of_task(text) if of_task is not None else text)

    return strike_out


def _log_unhandled(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    structlog.get_logger(__name__).critical("process.broke", exc_info=(kind, error, traceback))
