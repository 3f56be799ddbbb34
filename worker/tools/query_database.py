"""The tool `query_database`: one SELECT on a database that an administrator has named in the settings.

Listed in the catalogue. The walls are in `worker.databases`; an administrator should also give accounts that can only
read. What it returns was written by anybody: it is material, never an instruction.
"""

import csv
import io

from pydantic import BaseModel, Field

from worker.databases.table import QueryFailed, Table, cut
from worker.tools.folder import FileRefused, MadeFile
from worker.tools.tool import Approval, Tool, ToolContext, ToolOutcome
from worker.web.strangers import fenced

SHOWN_ROWS = 20
SHOWN_CHARS = 200


class QueryArguments(BaseModel):
    """What a model gives."""

    database: str = Field(min_length=1, max_length=100, description="The database's name.")
    sql: str = Field(min_length=1, max_length=20_000, description="One SELECT in the database's own SQL.")


async def query_database(context: ToolContext, arguments: QueryArguments) -> ToolOutcome:
    """The first rows as a table in text; all rows that were read as a file, when they are more."""
    databases = context.equipment.databases
    if databases is None:
        return ToolOutcome(text="No database can be read here: an administrator has to name one first.", ok=False)
    try:
        table = await databases.query(arguments.database, arguments.sql)
    except QueryFailed as error:
        return ToolOutcome(text=str(error), ok=False)
    if len(table.rows) <= SHOWN_ROWS:
        return ToolOutcome(text=fenced(as_text(table)))
    try:
        kept = await _keep(context, table)
    except FileRefused as error:
        return ToolOutcome(text=f"{fenced(as_text(table))}\n\nThe other rows are not kept. {error}")
    where = f"All {len(table.rows)} rows are in {kept.name}."
    return ToolOutcome(text=f"{fenced(as_text(table))}\n\n{where}", files=(kept,))


def as_text(table: Table) -> str:
    """The first rows, a line each, and how many there are."""
    lines = [" | ".join(_shown(name) for name in table.columns)]
    lines.append(" | ".join("-" * min(len(name), 20) for name in table.columns))
    lines += [" | ".join(map(_shown, row)) for row in table.rows[:SHOWN_ROWS]]
    number = len(table.rows)
    if table.more:
        lines.append(f"(the first {number} rows; there are more)")
    else:
        lines.append("(1 row)" if number == 1 else f"({number} rows)")
    return "\n".join(lines)


async def _keep(context: ToolContext, table: Table) -> MadeFile:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    taken = await context.folder.files()
    number = next(number for number in range(1, len(taken) + 2) if f"query-{number}.csv" not in taken)
    return await context.folder.write(f"query-{number}.csv", text.getvalue().encode())


def _shown(cell: str | None) -> str:
    return "NULL" if cell is None else " ".join((cut(cell, SHOWN_CHARS) or "").split())


QUERY_DATABASE = Tool(
    name="query_database",
    description=(
        "Runs one SELECT on a database of the person's organisation and returns the rows; longer results are saved as a"
        " CSV file in the working directory. It cannot change anything. Find the tables first: in PostgreSQL in"
        " information_schema.columns, in SQLite in sqlite_master. Any other name of a database is answered with those"
        " that there are."
    ),
    arguments=QueryArguments,
    run=query_database,
    approval=Approval.LOW,
    missing=lambda context: "" if context.equipment.databases else "a database that an administrator has named",
)
