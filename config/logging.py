"""How log lines look: an event's name plus fields, as text for people or as JSON for machines.

Called once by each entry point. Anything that looks like a token or key is struck out, as a second line of defence.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_SECRET = re.compile(
    r"xox[abeprs]-[\w-]+|xapp-[\w-]+|\bsk-[\w-]{16,}|[?&]ticket=[^\s&]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}"  # Discord: the bot's token, and those of interactions
    r"|(?<=/webhooks/)\d+/[\w-]{20,}|(?<=/interactions/)\d+/[\w-]{20,}"
)


def _struck_out(value: Any) -> Any:
    return _SECRET.sub("***", value) if isinstance(value, str) else value


def _strike_out(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _struck_out(value) for name, value in entry.items()}


def configure(*, level: str, form: str, stream: TextIO | None = None) -> None:
    """Set up logging for the process.

    Args:
        level: debug, info, warning or error.
        form: `text` or `json`.
        stream: default standard error.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _strike_out,
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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "slack_bolt",
        "slack_sdk",
        "discord",
        "arq",
        "httpx",
        "httpx2",
        "openai",
        "aiohttp.access",
        "alembic",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
