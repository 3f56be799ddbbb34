"""The tool `run_python`: agents' own code, in the sandbox or not at all.

Listed in the catalogue. It never runs code outside the sandbox.
"""

from pydantic import BaseModel, Field

from worker.sandbox.job import Ended, PythonJob, PythonResult, SandboxFailed, SandboxLimits
from worker.tools.folder import FileRefused
from worker.tools.tool import Tool, ToolContext, ToolOutcome

NAME = "run_python"
MOST_RUNS = 20  # of one session; each may take as long as its limits say
_MB = 1024**2


class PythonArguments(BaseModel):
    """What a model gives."""

    code: str = Field(min_length=1, max_length=200_000, description="The whole program.")


async def run_python(context: ToolContext, arguments: PythonArguments) -> ToolOutcome:
    """Run the program in the session's folder; its output, why it ended, and the files that it made or changed."""
    if context.sandbox is None:
        return ToolOutcome(text="Python cannot be run here: this machine has no sandbox for it.", ok=False)
    if context.calls[NAME] >= MOST_RUNS:
        return ToolOutcome(text=f"Not run: a session has {MOST_RUNS} runs of Python, and all are used.", ok=False)
    context.calls[NAME] += 1
    try:
        workspace = await context.folder.ready()
        job = PythonJob(code=arguments.code, workspace=workspace, limits=context.python_limits)
        result = await context.sandbox.run(job)
    except FileRefused as error:
        return ToolOutcome(text=str(error), ok=False)
    except SandboxFailed:
        return ToolOutcome(text="The sandbox could not be set up, so the program was not run. Try again.", ok=False)
    files, left_out = await context.folder.made(result.changed_files)
    said = _words(result, [file.name for file in files], left_out, context.python_limits)
    return ToolOutcome(text=said, ok=result.ended is Ended.OK, files=files)


def _words(result: PythonResult, kept: list[str], left_out: tuple[str, ...], limits: SandboxLimits) -> str:
    not_kept = len(left_out) + result.changed_files_left_out
    paragraphs = [
        result.output.rstrip(),
        _ending(result.ended, limits),
        f"Files: {', '.join(kept)}" if kept else "",
        f"{not_kept} more changed files are too large or too many to keep." if not_kept else "",
    ]
    return "\n\n".join(filter(None, paragraphs)) or "(no output)"


def _ending(ended: Ended, limits: SandboxLimits) -> str:
    match ended:
        case Ended.OK:
            return ""
        case Ended.ERROR:
            return "The program ended with an error."
        case Ended.TIMED_OUT:
            return f"The program was stopped: it ran longer than {limits.wall_s:.0f} s."
        case Ended.OUT_OF_CPU_TIME:
            return f"The program was stopped: it used more than {limits.cpu_s} s of processor time."
        case Ended.OUT_OF_MEMORY:
            return f"The program was stopped: it used more than {limits.memory_bytes // _MB} MB of memory."
        case Ended.TOO_MUCH_OUTPUT:
            return "The program was stopped: it printed too much."
        case Ended.TOO_MUCH_DISK:
            return f"The program was stopped: its files took over {limits.workspace_bytes // _MB} MB, or were too many."
        case Ended.KILLED:
            return "The program was killed."


RUN_PYTHON = Tool(
    name=NAME,
    description=(
        "Runs a Python 3 program and returns what it prints. numpy, pandas and matplotlib are there, the network is"
        " not. Files in the working directory stay between runs; a plot saved there is shown to the person."
        " Print what you want to know: the value of the last line is not shown."
    ),
    arguments=PythonArguments,
    run=run_python,
    missing=lambda context: "" if context.sandbox else "a sandbox on the worker's machine",
)
