"""Guarantee: whatever an agent asks of a database, nothing in it changes, nothing but data is read, and it ends."""

import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from tests.support.postgres import PostgresServer
from worker.databases.access import Databases
from worker.databases.table import Bounds, QueryFailed

QUICK = Bounds(timeout_s=0.5, rows=50)
PATIENT = Bounds(timeout_s=10.0, rows=50)
PASSWORD = "hunter2-of-the-reader"

# What the account may do beside reading: the walls are tried with one that could do harm.
SCHEMA = """
CREATE TABLE items (id integer PRIMARY KEY, name text);
INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 120) AS n;
CREATE SEQUENCE numbers;
CREATE FUNCTION wipe() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN DELETE FROM items; RETURN 1; END $$;
CREATE FUNCTION "Wipe It"() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN DELETE FROM items; RETURN 1; END $$;
CREATE FUNCTION liar() RETURNS integer STABLE LANGUAGE plpgsql AS $$ BEGIN DELETE FROM items; RETURN 1; END $$;
CREATE FUNCTION sly() RETURNS integer STABLE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM set_config('transaction_read_only', 'off', false); RETURN 1; END $$;
CREATE PROCEDURE wipe_all() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM items; COMMIT; END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO reader;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO reader;
GRANT ALL ON SCHEMA public TO reader;
"""

ON_POSTGRESQL = {
    "a plain delete": "DELETE FROM items",
    "a delete that returns rows": "DELETE FROM items RETURNING *",
    "an insert": "INSERT INTO items VALUES (999, 'x')",
    "a delete inside WITH": "WITH gone AS (DELETE FROM items RETURNING *) SELECT * FROM gone",
    "an update inside WITH": "WITH x AS (UPDATE items SET name = 'x' RETURNING *) SELECT count(*) FROM x",
    "a merge": "MERGE INTO items i USING items j ON i.id = j.id WHEN MATCHED THEN DELETE",
    "a second statement": "SELECT 1; DELETE FROM items",
    "a second statement behind a comment": "SELECT 1 /* ; */; DELETE FROM items --",
    "closing the parenthesis": "SELECT 1) AS q(c0); DELETE FROM items; SELECT * FROM (SELECT 2",
    "closing it within one statement": "SELECT 1) AS q(c0), (SELECT 2",
    "a new table out of a select": "SELECT * INTO copied FROM items",
    "a table": "CREATE TABLE more (id integer)",
    "a temporary table": "CREATE TEMP TABLE more AS SELECT 1",
    "dropping": "DROP TABLE items",
    "emptying": "TRUNCATE items",
    "locking": "LOCK TABLE items IN ACCESS EXCLUSIVE MODE",
    "locking rows": "SELECT * FROM items FOR UPDATE",
    "another kind of transaction": "SET TRANSACTION READ WRITE",
    "another kind of session": "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "a setting, then a delete": "SET SESSION statement_timeout = 0; DELETE FROM items",
    "a setting by a function": "SELECT set_config('transaction_read_only', 'off', false)",
    "a setting by a function that says it only reads": "SELECT sly()",
    "ending the transaction": "COMMIT",
    "going back": "ROLLBACK",
    "a block of code": "DO $$ BEGIN DELETE FROM items; END $$",
    "a procedure": "CALL wipe_all()",
    "a function that deletes": "SELECT wipe()",
    "a function with a name in quotes": 'SELECT "Wipe It"()',
    "a function under an escaped name": 'SELECT U&"\\0077ipe"()',
    "a function behind a comment": "SELECT wipe/**/()",
    "a function that lies about deleting": "SELECT liar()",
    "a sequence": "SELECT nextval('numbers')",
    "setting a sequence": "SELECT setval('numbers', 9)",
    "sleeping": "SELECT pg_sleep(60)",
    "a query in a string": "SELECT query_to_xml('DELETE FROM items', true, true, '')",
    "a query in a string that says it reads": "SELECT * FROM ts_stat('DELETE FROM items RETURNING to_tsvector(name)')",
    "a file of the server": "SELECT pg_read_file('/etc/passwd')",
    "a folder of the server": "SELECT pg_ls_dir('.')",
    "writing a file of the server": "SELECT lo_export(1, '/tmp/out')",
    "reading a file into the database": "SELECT lo_import('/etc/passwd')",
    "a large object": "SELECT lo_from_bytea(0, 'x')",
    "copying to a program": "COPY items TO PROGRAM 'cat > /tmp/out'",
    "copying from a file": "COPY items FROM '/etc/passwd'",
    "copying out": "COPY items TO STDOUT",
    "ending other sessions": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    "a lock that outlives the transaction": "SELECT pg_advisory_lock(1)",
    "a notification": "NOTIFY somebody",
    "a notification by a function": "SELECT pg_notify('somebody', 'x')",
    "a prepared statement": "PREPARE p AS DELETE FROM items",
    "explaining with execution": "EXPLAIN ANALYZE DELETE FROM items",
    "rights": "GRANT ALL ON items TO public",
    "another role": "SET ROLE postgres",
    "a role by a function": "SELECT set_config('role', 'postgres', false)",
    "a program as a language": "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM items'",
    "a zero byte": "SELECT 1\0; DELETE FROM items",
    "passwords": "SELECT rolpassword FROM pg_authid",
    "no end of rows in memory": "SELECT array_agg(a) FROM generate_series(1, 100000000) AS a",
    "no end of time": "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b",
    "recursion without end": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT count(*) FROM r",
}

ON_SQLITE = {
    "a plain delete": "DELETE FROM items",
    "a delete that returns rows": "DELETE FROM items RETURNING *",
    "an insert": "INSERT INTO items VALUES (999, 'x')",
    "a WITH before a delete": "WITH x AS (SELECT 1) DELETE FROM items",
    "replacing": "REPLACE INTO items VALUES (1, 'x')",
    "a second statement": "SELECT 1; DELETE FROM items",
    "a table": "CREATE TABLE more (id)",
    "a temporary table": "CREATE TEMP TABLE more (id)",
    "a trigger": "CREATE TEMP TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM items; END",
    "dropping": "DROP TABLE items",
    "the schema itself": "UPDATE sqlite_master SET sql = ''",
    "another file": "ATTACH '{folder}/other.db' AS other",
    "a new file": "ATTACH '{folder}/new.db' AS fresh",
    "a copy of the file": "VACUUM INTO '{folder}/copy.db'",
    "vacuuming": "VACUUM",
    "writing the schema": "PRAGMA writable_schema = ON",
    "writing again": "PRAGMA query_only = OFF",
    "another journal": "PRAGMA journal_mode = DELETE",
    "a number of the file": "PRAGMA user_version = 9",
    "a number by a function": "SELECT * FROM pragma_user_version(9)",
    "where the file is": "PRAGMA database_list",
    "where the file is, as a table": "SELECT file FROM pragma_database_list",
    "another folder for temporary files": "PRAGMA temp_store_directory = '{folder}'",
    "a library": "SELECT load_extension('/lib/x86_64-linux-gnu/libm.so.6')",
    "a pointer to code": "SELECT fts3_tokenizer('simple')",
    "beginning": "BEGIN IMMEDIATE",
    "a savepoint": "SAVEPOINT s",
    "indexing anew": "REINDEX",
    "analysing": "ANALYZE",
    "explaining": "EXPLAIN DELETE FROM items",
    "a zero byte": "SELECT 1\0; DELETE FROM items",
    "a huge value": "SELECT zeroblob(1000000000)",
    # SQLite cannot be interrupted in there: only the end of the process ends it.
    "a value that grows": "SELECT printf('%.*c', 900000000, 'x')",
    "no end of rows in memory": (
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r ORDER BY -n LIMIT 5"
    ),
    "no end of time": "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    "a pattern too long": f"SELECT 'a' LIKE '{'%a' * 100}'",
}


ENDLESS = {"no end of rows in memory", "no end of time", "recursion without end", "a value that grows"}


@dataclass(frozen=True)
class Shop:
    """One database, for queries that must end by their time and for those that must not."""

    patient: Databases
    quick: Databases

    async def refuses(self, name: str, sql: str) -> str:
        """The words in which the query of the list is refused."""
        return await refusal(self.quick if name in ENDLESS else self.patient, sql)


def shop(url: str) -> Shop:
    return Shop(patient=Databases({"shop": url}, PATIENT), quick=Databases({"shop": url}, QUICK))


@pytest.fixture
async def on_postgres(postgres: PostgresServer) -> AsyncIterator[tuple[Shop, asyncpg.Connection]]:
    """The database as an agent has it, and a look at it from outside."""
    url = await postgres.create_database()
    owner = await asyncpg.connect(url.replace("+asyncpg", ""), ssl=False)
    await owner.execute("DROP ROLE IF EXISTS reader")
    await owner.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'; {SCHEMA}")
    yield shop(url.replace("muster@", f"reader:{PASSWORD}@")), owner
    await owner.execute("DROP OWNED BY reader; DROP ROLE reader")
    await owner.close()
    await postgres.drop_database(url)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Shop:
    for name in ("shop", "other"):
        with sqlite3.connect(tmp_path / f"{name}.db") as connection:
            connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
            connection.executemany("INSERT INTO items VALUES (?, ?)", [(n, f"item {n}") for n in range(1, 121)])
        connection.close()
    return shop(f"sqlite+aiosqlite:///{tmp_path}/shop.db")


async def refusal(databases: Databases, sql: str) -> str:
    """The words in which *sql* is refused; fails when it is not, or takes long."""
    began_s = time.monotonic()
    with pytest.raises(QueryFailed) as refused:
        await databases.query("shop", sql)
    assert time.monotonic() - began_s < PATIENT.timeout_s
    return str(refused.value)


@pytest.mark.slow
async def test_nothing_that_an_agent_asks_changes_a_postgresql_database(
    on_postgres: tuple[Shop, asyncpg.Connection],
) -> None:
    databases, owner = on_postgres
    before = await _state(owner)
    for name, sql in ON_POSTGRESQL.items():
        words = await databases.refuses(name, sql)
        assert PASSWORD not in words, name
        assert "127.0.0.1" not in words, name
        assert await _state(owner) == before, name
    table = await databases.patient.query("shop", "SELECT count(*) FROM items")
    assert table.rows == (("120",),)


async def _state(owner: asyncpg.Connection) -> object:
    return (
        await owner.fetchval("SELECT array_agg(i ORDER BY id)::text FROM items AS i"),
        await owner.fetchval("SELECT last_value::text || is_called::text FROM numbers"),
        await owner.fetchval("SELECT array_agg(relname ORDER BY relname)::text FROM pg_class WHERE relkind = 'r'"),
        await owner.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
        await owner.fetchval("SELECT count(*) FROM pg_largeobject_metadata"),
    )


async def test_the_read_only_transaction_is_a_wall_of_its_own(
    on_postgres: tuple[Shop, asyncpg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a function is not known for what it does."""
    databases, owner = on_postgres
    monkeypatch.setattr("worker.databases.postgres._VOLATILE_AMONG", "SELECT 1 WHERE $1::text[] = $2::text[]")
    for sql in ("SELECT wipe()", "SELECT nextval('numbers')", "SELECT sly(), wipe()"):
        assert "read" in await refusal(databases.patient, sql)
    assert "took longer" in await refusal(databases.quick, "SELECT pg_sleep(60)")
    assert await owner.fetchval("SELECT count(*) FROM items") == 120


@pytest.mark.slow
async def test_the_grammar_is_a_wall_of_its_own(
    on_postgres: tuple[Shop, asyncpg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the transaction could write: no statement that does has a place in a cursor."""
    databases, owner = on_postgres
    monkeypatch.setattr("worker.databases.postgres._BEGIN", "BEGIN")
    before = await _state(owner)
    for name, sql in ON_POSTGRESQL.items():
        if not {"liar()", "sly()"} & set(sql.split()) and name not in ENDLESS and name != "locking rows":
            await refusal(databases.patient, sql)
            assert await _state(owner) == before, name


@pytest.mark.parametrize("right", ["SUPERUSER", "IN ROLE pg_read_server_files", "IN ROLE pg_signal_backend"])
async def test_an_account_that_may_do_more_than_read_data_is_refused(postgres: PostgresServer, right: str) -> None:
    url = await postgres.create_database()
    owner = await asyncpg.connect(url.replace("+asyncpg", ""), ssl=False)
    await owner.execute(f"CREATE ROLE strong LOGIN {right}")
    try:
        databases = Databases({"shop": url.replace("muster@", "strong@")}, PATIENT)
        assert "only read" in await refusal(databases, "SELECT 1")
    finally:
        await owner.execute("DROP ROLE strong")
        await owner.close()
        await postgres.drop_database(url)


async def test_a_result_of_any_size_reaches_the_worker_in_small_pieces(
    on_postgres: tuple[Shop, asyncpg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.databases.postgres.cut", lambda cell, _: cell)  # the server has cut it already
    databases = on_postgres[0].patient
    table = await databases.query("shop", "SELECT repeat('x', 20000000), n FROM generate_series(1, 2) AS n")
    assert [len(row[0] or "") for row in table.rows] == [PATIENT.cell_chars + 1] * 2
    table = await databases.query("shop", "SELECT * FROM generate_series(1, 100000)")
    assert (len(table.rows), table.more) == (50, True)
    columns = ", ".join(f"{n} AS c{n}" for n in range(200))
    assert "200 columns" in await refusal(databases, f"SELECT {columns}")


async def test_a_database_that_cannot_be_reached_is_told_without_its_address(postgres: PostgresServer) -> None:
    databases = Databases(
        {"shop": f"postgresql+asyncpg://reader:{PASSWORD}@127.0.0.1:{postgres.port}/nowhere"}, PATIENT
    )
    assert await refusal(databases, "SELECT 1") == "The database cannot be reached now."


@pytest.mark.slow
async def test_nothing_that_an_agent_asks_changes_an_sqlite_file(on_sqlite: Shop, tmp_path: Path) -> None:
    before = _contents(tmp_path)
    for name, sql in ON_SQLITE.items():
        words = await on_sqlite.refuses(name, sql.format(folder=tmp_path))
        assert str(tmp_path) not in words, name
        assert _contents(tmp_path) == before, name
    assert (await on_sqlite.patient.query("shop", "SELECT count(*) FROM items")).rows == (("120",),)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
