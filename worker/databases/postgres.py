"""Reads a PostgreSQL database for agents: one SELECT at a time, in a session of its own.

Made by `access.Databases`. It must never let a query change anything, and never put the URL or the password into words.
An administrator should give it an account that can only read; these walls stand before that one:

* The query is parsed alone, so it is one statement, and then runs inside `SELECT ... FROM (query)` of a cursor, where
  PostgreSQL's grammar has no place for anything but a SELECT, not even for a WITH that deletes.
* The transaction is read-only, and has had its first snapshot, after which PostgreSQL lets nobody make it another.
* Functions that are marked VOLATILE, the mark of all that have side effects, are refused but for a few harmless ones.
* Accounts whose rights go past data, a superuser's above all, are refused: they could read the server's files.
* What a query leaves in its session ends with it: each has a connection of its own, two at a time.
* Time is limited by the server and by us; cells are cut by the server, so that no size of them reaches the worker.

Source: https://www.postgresql.org/docs/current/sql-set-transaction.html, sql-declare.html, xfunc-volatility.html
"""

import asyncio
import contextlib
import re
from typing import Any

import asyncpg
import structlog
from sqlalchemy import URL

from worker.databases.table import Bounds, QueryFailed, Table, cut, too_many_columns, took_too_long

log = structlog.get_logger(__name__)

_AT_ONCE = 2
_CONNECT_S = 5.0
_LOCK_S = 2.0
_CLOSE_S = 1.0
_GRACE_S = 2.0
_SQLALCHEMYS_OWN = {"prepared_statement_cache_size", "prepared_statement_name_func", "async_fallback"}

_BEGIN = "BEGIN READ ONLY"
_SETTINGS = """
SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
  set_config('idle_in_transaction_session_timeout', $1, true), set_config('standard_conforming_strings', 'on', true)
"""
# A member of these reads and writes the server's files, starts its programs or ends others' sessions.
_IS_MORE_THAN_A_READER = """
SELECT coalesce(bool_or(pg_has_role(session_user, oid, 'MEMBER')), false) FROM pg_roles WHERE rolname IN
  ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend')
"""
# What only the server itself can call has types of its own; its names are everyday words.
_VOLATILE_AMONG = """
SELECT DISTINCT proname::text FROM pg_proc
WHERE provolatile = 'v' AND lower(proname) = ANY($1::text[]) AND proname <> ALL($2::text[])
  AND prorettype::regtype::text NOT IN ('trigger', 'event_trigger', 'internal') AND
  prorettype::regtype::text NOT LIKE '%\\_handler' ORDER BY 1
"""
_HARMLESS = (
    *("random", "random_normal", "array_sample", "array_shuffle", "gen_random_uuid", "uuidv4", "uuidv7"),
    *("clock_timestamp", "timeofday", "pg_partition_tree", "pg_partition_ancestors"),
    *("pg_relation_size", "pg_table_size", "pg_indexes_size", "pg_total_relation_size", "pg_database_size"),
)
_WORD = re.compile(r"[^\W\d][\w$]*")
_ESCAPED_NAME = re.compile(r"u&\s*\"", re.IGNORECASE)
_ONLY_SELECT = "Only a single SELECT can be run here (also WITH ... SELECT, VALUES, TABLE)."


class PostgresReader:
    """One database."""

    def __init__(self, url: URL, bounds: Bounds) -> None:
        """Connects to nothing yet. *url* is SQLAlchemy's, for asyncpg."""
        _, options = url.get_dialect()().create_connect_args(url)
        self._connect_with = {name: value for name, value in options.items() if name not in _SQLALCHEMYS_OWN}
        self._bounds = bounds
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def query(self, sql: str) -> Table:
        """The rows of *sql*. Raises `QueryFailed`."""
        limit_s = self._bounds.timeout_s + _GRACE_S
        async with self._turn:
            try:
                async with asyncio.timeout(_CONNECT_S + limit_s):
                    return await self._query(sql)
            except TimeoutError:
                raise took_too_long(self._bounds.timeout_s) from None

    async def _query(self, sql: str) -> Table:
        try:
            connection = await asyncpg.connect(
                **self._connect_with | {"timeout": _CONNECT_S, "statement_cache_size": 0}
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            # The error's own words may hold the host, the account or the password.
            log.warning("database.not_reached", error=type(error).__name__)
            raise QueryFailed("The database cannot be reached now.") from None
        try:
            return await self._read(connection, sql)
        except asyncpg.QueryCanceledError:
            raise took_too_long(self._bounds.timeout_s) from None
        except asyncpg.LockNotAvailableError:
            raise QueryFailed("Somebody else holds a lock on what the query reads. Try again later.") from None
        except asyncpg.PostgresError as error:
            raise QueryFailed(_in_words(error)) from None
        except (asyncpg.InterfaceError, OSError) as error:
            log.warning("database.broke_off", error=repr(error))
            raise QueryFailed("The database broke the connection off.") from None
        finally:  # what was open is rolled back
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=_CLOSE_S)

    async def _read(self, connection: Any, sql: str) -> Table:
        await connection.execute(_BEGIN)
        await connection.fetchrow(_SETTINGS, _milliseconds(self._bounds.timeout_s), _milliseconds(_LOCK_S))
        if await connection.fetchval(_IS_MORE_THAN_A_READER):
            raise QueryFailed(
                "Not run: the account that Muster has for this database may do more than read data. An administrator"
                " has to give Muster one that can only read."
            )
        await _refuse_volatile(connection, sql)
        statement = await connection.prepare(sql)
        columns = tuple(str(attribute.name) for attribute in statement.get_attributes())
        if not columns:
            raise QueryFailed(f"Not run. {_ONLY_SELECT}")
        if len(columns) > self._bounds.columns:
            raise too_many_columns(len(columns), self._bounds.columns)
        try:
            await connection.execute(self._cursor(sql, len(columns)))
        except asyncpg.PostgresSyntaxError:
            raise QueryFailed(f"Not run. {_ONLY_SELECT}") from None
        most = self._bounds.rows
        records = await connection.fetch(f"FETCH FORWARD {most + 1} FROM muster_rows")
        rows = (tuple(cut(cell, self._bounds.cell_chars) for cell in record) for record in records[:most])
        return Table(columns=columns, rows=tuple(rows), more=len(records) > most)

    def _cursor(self, sql: str, columns: int) -> str:
        names = [f"c{number}" for number in range(columns)]
        cells = ", ".join(f"left(q.{name}::text, {self._bounds.cell_chars + 1})" for name in names)
        # The line's end closes a comment that the query may end in.
        return f"DECLARE muster_rows NO SCROLL CURSOR FOR SELECT {cells} FROM (\n{sql}\n) AS q({', '.join(names)})"


async def _refuse_volatile(connection: Any, sql: str) -> None:
    """Look at every word, in strings and comments too: what is a name and what is not is for PostgreSQL to say."""
    if _ESCAPED_NAME.search(sql):
        raise QueryFailed("Not run: names written with Unicode escapes are not accepted.")
    words = {word.lower() for word in (*_WORD.findall(sql), *sql.split('"'))}
    volatile = await connection.fetch(_VOLATILE_AMONG, sorted(words), list(_HARMLESS))
    if volatile:
        named = ", ".join(str(record[0]) for record in volatile)
        raise QueryFailed(f"Not run: the query names functions that may change something or wait: {named}.")


def _in_words(error: Any) -> str:
    hint = f" {error.hint}" if error.hint else ""
    return f"The database refused the query: {str(error.message).rstrip('.')}.{hint}"


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
