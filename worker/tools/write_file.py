"""The tool `write_file`: a text file in the session's folder, which the person gets to see.

Listed in the catalogue. It writes nowhere else.
"""

from pydantic import BaseModel, Field

from worker.tools.folder import FileRefused
from worker.tools.tool import Tool, ToolContext, ToolOutcome


class WriteArguments(BaseModel):
    """What a model gives."""

    name: str = Field(min_length=1, max_length=300, description="Relative path, for example report.md.")
    content: str = Field(max_length=500_000, description="The whole text of the file.")


async def write_file(context: ToolContext, arguments: WriteArguments) -> ToolOutcome:
    """Make the file or replace its content."""
    try:
        made = await context.folder.write(arguments.name, arguments.content.encode("utf-8", "replace"))
    except FileRefused as error:
        return ToolOutcome(text=str(error), ok=False)
    return ToolOutcome(text=f"Wrote {made.name} ({len(made.content):,} bytes).", files=(made,))


WRITE_FILE = Tool(
    name="write_file",
    description=(
        "Writes a text file into the working directory, replacing what it held, and shows it to the person: a report,"
        " a table, source code. It is there for run_python too."
    ),
    arguments=WriteArguments,
    run=write_file,
)
