"""The tool `list_files`: what lies in the session's folder.

Listed in the catalogue.
"""

from pydantic import BaseModel

from worker.tools.folder import FileRefused
from worker.tools.tool import Tool, ToolContext, ToolOutcome

MOST_NAMES = 300


class ListArguments(BaseModel):
    """What a model gives: nothing."""


async def list_files(context: ToolContext, arguments: ListArguments) -> ToolOutcome:
    """A line a file, with its size."""
    try:
        files = await context.folder.files()
    except FileRefused as error:
        return ToolOutcome(text=str(error), ok=False)
    lines = [f"{name} ({size_bytes:,} bytes)" for name, size_bytes in list(files.items())[:MOST_NAMES]]
    if len(files) > MOST_NAMES:
        lines.append(f"(and {len(files) - MOST_NAMES:,} more)")
    lines += [f"(not here, there was no room for it: {name})" for name in context.folder.missing]
    return ToolOutcome(text="\n".join(lines) or "(no files)")


LIST_FILES = Tool(
    name="list_files",
    description="Lists the files in the working directory with their sizes: those the person attached, and those made.",
    arguments=ListArguments,
    run=list_files,
)
