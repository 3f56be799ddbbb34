"""The tool `query_database`: what a model and a person get to see of a result."""

import asyncio
import csv
import io
import sqlite3
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from tests.support.postgres import PostgresServer
from tests.unit.worker.tools.folders import context_of, folder_of
from worker.databases import sqlite, sqlite_child
from worker.databases.access import Databases
from worker.databases.table import Bounds, Table
from worker.equipment import Equipment
from worker.tools.catalog import usable
from worker.tools.query_database import SHOWN_ROWS, QueryArguments, as_text, query_database
from worker.tools.tool import Approval, Tool, ToolContext, ToolOutcome


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
    connection.executemany("INSERT INTO items VALUES (?, ?)", [(n, f'item "{n}"') for n in range(1, 61)])
    connection.execute("UPDATE items SET name = NULL WHERE id = 2")
    connection.commit()
    connection.close()
    databases = Databases({"shop": f"sqlite+aiosqlite:///{path}"}, Bounds(timeout_s=5, rows=50))
    return replace(context_of(folder_of(tmp_path / "all")), equipment=Equipment(databases=databases))


async def ask(context: ToolContext, sql: str, database: str = "shop") -> ToolOutcome:
    return await query_database(context, QueryArguments(database=database, sql=sql))


def offered(context: ToolContext) -> Tool | None:
    return usable(context).get("query_database")


async def test_a_short_result_is_a_table_in_text(context: ToolContext) -> None:
    outcome = await ask(context, "SELECT id, name FROM items ORDER BY id LIMIT 2;")
    assert 'id | name\n-- | ----\n1 | item "1"\n2 | NULL\n(2 rows)' in outcome.text
    assert (outcome.ok, outcome.files) == (True, ())


async def test_a_longer_result_is_saved_beside_the_earlier_ones(context: ToolContext) -> None:
    await context.folder.write("query-1.csv", b"earlier")
    outcome = await ask(context, "SELECT id, name FROM items ORDER BY id")
    (kept,) = outcome.files
    assert (kept.name, kept.mime) == ("query-2.csv", "text/csv")
    rows = list(csv.reader(io.StringIO(kept.content.decode())))
    assert rows[:3] == [["id", "name"], ["1", 'item "1"'], ["2", ""]]
    assert len(rows) == 1 + 50
    assert "(the first 50 rows; there are more)" in outcome.text
    assert "All 50 rows are in query-2.csv." in outcome.text
    assert f"{SHOWN_ROWS} | item" in outcome.text
    assert f"\n{SHOWN_ROWS + 1} | item" not in outcome.text
    assert await context.folder.read("query-2.csv") == kept.content


async def test_an_unknown_database_is_answered_with_those_that_there_are(context: ToolContext) -> None:
    outcome = await ask(context, "SELECT 1", database="?")
    assert outcome.text == "There is no database of that name; there are: shop (SQLite)."
    assert not outcome.ok


async def test_a_mistake_is_said_in_the_databases_words(context: ToolContext) -> None:
    outcome = await ask(context, "SELECT colour FROM items")
    assert outcome.text == "The database refused the query: no such column: colour."


async def test_the_tool_is_offered_where_a_database_is_named_and_asks_for_leave(context: ToolContext) -> None:
    tool = offered(context)
    assert tool is not None
    assert tool.approval is Approval.LOW
    bare = replace(context, equipment=Equipment())
    assert offered(bare) is None
    assert "administrator" in (await ask(bare, "SELECT 1")).text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://user:secret@host/db", "'shop' cannot be read: mysql is none of"),
        ("not a url with secret", "URL of the database 'shop' cannot be read"),
        ("sqlite://", "'shop' cannot be read: sqlite"),
    ],
)
def test_a_setting_without_sense_is_told_by_its_name_alone(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        Databases({"shop": url})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite:///shop.db", "sqlite+aiosqlite:///file:shop.db?mode=ro&uri=true"])
async def test_a_file_is_found_from_where_the_worker_was_started(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    table = await Databases({"shop": url}).query("shop", "SELECT count(*) FROM items")
    assert table.rows == (("60",),)


async def test_a_child_that_hangs_is_killed(context: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is one whose query is not wanted any more."""
    deaf = Path(__file__).with_name("deaf.py")
    monkeypatch.setattr(sqlite_child, "__file__", str(deaf))
    monkeypatch.setattr(sqlite, "_GRACE_S", 0.1)
    databases = Databases({"shop": "sqlite:///shop.db"}, Bounds(timeout_s=0.1))
    outcome = await ask(replace(context, equipment=Equipment(databases=databases)), "SELECT 1")
    assert "took longer than 0.1 s" in outcome.text
    asked = asyncio.create_task(ask(context, "SELECT 1"))
    await asyncio.wait([asked], timeout=0.1)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not _running(deaf)


def _running(script: Path) -> list[str]:
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [command.parent.name] if str(script) in command.read_text() else []
        except OSError:
            continue  # it ended while we looked
    return found


def test_text_of_a_table_is_one_line_a_row_however_it_is_written() -> None:
    table = Table(columns=("a\nb",), rows=(("x\r\ny",), ("z" * 300,)), more=False)
    lines = as_text(table).splitlines()
    assert lines[0] == "a b"
    assert lines[2] == "x y"
    assert len(lines[3]) == 200


async def test_every_type_of_postgresql_comes_as_text(postgres: PostgresServer) -> None:
    url = await postgres.create_database()
    owner = await asyncpg.connect(url.replace("+asyncpg", ""), ssl=False)
    await owner.execute("CREATE ROLE plain LOGIN")
    databases = Databases({"shop": url.replace("muster@", "plain@")})
    table = await databases.query(
        "shop",
        "SELECT 1 AS n, 1 AS n, NULL, true, 1.50::numeric, '2026-01-02'::date, '{\"a\": 1}'::jsonb, ARRAY[1, 2],"
        " row(1, 'x'), '\\x00ff'::bytea, 'a'::\"char\", interval '1 day', random() < 2 -- and a comment",
    )
    assert table.columns[:2] == ("n", "n")
    assert table.rows[0] == (
        *("1", "1", None, "true", "1.50", "2026-01-02", '{"a": 1}', "{1,2}", "(1,x)", "\\x00ff", "a", "1 day", "true"),
    )
    ordered = await databases.query("shop", "SELECT n FROM generate_series(1, 3) AS n ORDER BY n DESC")
    assert ordered.rows == (("3",), ("2",), ("1",))
    await owner.execute("DROP ROLE plain")
    await owner.close()
    await postgres.drop_database(url)
