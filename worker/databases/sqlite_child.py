"""Reads one query from an SQLite file, in a process of its own that can be killed.

Started by `sqlite.py` as a script, with an empty environment. SQLite cannot be stopped in the middle of some functions,
and its limits on memory count for a whole process: neither may be the worker's. It must need the standard library
alone, and must not be able to write: the file is opened read-only, SQLite refuses writes, and an authorizer lets
nothing through but reading.

Source: https://www.sqlite.org/c3ref/c_alter_table.html, https://www.sqlite.org/security.html
"""

import json
import resource
import signal
import sqlite3
import sys
from typing import Any
from urllib.parse import quote

_MEMORY_BYTES = 512 * 1024 * 1024
_FILE_BYTES = 64 * 1024 * 1024
_CELL_BYTES = 16 * 1024 * 1024
_BUSY_S = 2.0

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
_PRAGMAS = {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
_FUNCTIONS_REFUSED = {"load_extension", "fts3_tokenizer"}
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _CELL_BYTES,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    # A pattern with many wildcards takes time that nothing interrupts.
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


def main() -> None:
    """Answer the one job on standard input, with `{columns, rows, more}`, `{wide}` or `{error}`; or die of SIGALRM."""
    job = json.load(sys.stdin)
    signal.setitimer(signal.ITIMER_REAL, job["timeout_s"])  # nobody handles it: it ends the process, wherever that is
    for limit, most in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_FSIZE, _FILE_BYTES)):
        resource.setrlimit(limit, (most, most))
    try:
        answer = _query(job)
    except (sqlite3.Error, sqlite3.Warning) as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "it needs too much memory"}
    json.dump(answer, sys.stdout)


def _query(job: dict[str, Any]) -> dict[str, Any]:
    connection = sqlite3.connect(f"file:{quote(job['path'])}?mode=ro", uri=True, timeout=_BUSY_S, isolation_level=None)
    connection.text_factory = lambda content: content.decode("utf-8", "replace")
    for limit, most in _LIMITS.items():
        connection.setlimit(limit, most)
    for setting in ("query_only = ON", "trusted_schema = OFF", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {setting}")
    connection.set_authorizer(_may)
    cursor = connection.execute(job["sql"])
    columns = [str(column[0]) for column in cursor.description or ()]
    if len(columns) > job["columns"]:
        return {"wide": len(columns)}
    rows: list[list[str | None]] = []
    for row in cursor:
        if len(rows) == job["rows"]:
            return {"columns": columns, "rows": rows, "more": True}
        rows.append([_text(value, job["cell_chars"]) for value in row])
    return {"columns": columns, "rows": rows, "more": False}


def _may(action: int, first: str | None, second: str | None, _database: str | None, _source: str | None) -> int:
    allowed = (
        action in _READING
        or (action == sqlite3.SQLITE_FUNCTION and str(second).lower() not in _FUNCTIONS_REFUSED)
        or (action == sqlite3.SQLITE_PRAGMA and str(first).lower() in _PRAGMAS)
    )
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _text(value: object, most_chars: int) -> str | None:
    """*value* with one character more than fits, if there is more, so that the cut can be seen."""
    match value:
        case None:
            return None
        case bytes():
            return f"x'{value[:most_chars].hex()}'"[: most_chars + 1]
        case _:
            return str(value)[: most_chars + 1]


if __name__ == "__main__":
    main()
