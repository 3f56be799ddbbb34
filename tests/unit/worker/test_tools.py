"""The tools themselves: what a model is told of them, real Python, and the working folder."""

import json
import shutil
from pathlib import Path

import pytest

from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import SessionId
from tests.unit.worker.conftest import ACME, Bench, NotingSandbox
from tests.unit.worker.tools.folders import folder_of
from worker.ports import Sandbox
from worker.sandbox.job import ChangedFile, Ended, PythonJob, PythonResult, SandboxFailed, SandboxLimits
from worker.sandbox.probe import probe
from worker.tools.catalog import CATALOG
from worker.tools.folder import MOST_FILE_BYTES, MOST_FILES, Folder
from worker.tools.run_python import MOST_RUNS, PythonArguments, run_python
from worker.tools.tool import ToolContext


async def run(sandbox: Sandbox | None, folder: Folder, code: str = "print(1)") -> tuple[str, bool]:
    context = ToolContext(session=SessionId("s"), folder=folder, sandbox=sandbox)
    outcome = await run_python(context, PythonArguments(code=code))
    return outcome.text, outcome.ok


def files_in(path: Path) -> list[str]:
    return [str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()]


def test_every_tool_is_described_in_a_schema_that_needs_no_explanation() -> None:
    for name, tool in CATALOG.items():
        offered = tool.offered
        assert (tool.name, offered.name) == (name, name)
        assert len(offered.description) > 40
        assert offered.parameters["type"] == "object"
        assert "title" not in json.dumps(offered.parameters)


@pytest.mark.parametrize("ended", [ended for ended in Ended if ended is not Ended.OK])
async def test_every_bad_end_is_told_to_the_model(tmp_path: Path, ended: Ended) -> None:
    text, ok = await run(NotingSandbox(output="half", ended=ended, files={}), folder_of(tmp_path))
    assert not ok
    assert text.startswith("half\n\nThe program")


async def test_a_program_without_output_is_said_to_have_none(tmp_path: Path) -> None:
    assert await run(NotingSandbox(output="", files={}), folder_of(tmp_path)) == ("(no output)", True)


async def test_a_sandbox_that_cannot_be_set_up_is_no_crash(tmp_path: Path) -> None:
    class Broken:
        name = "broken"

        async def run(self, job: PythonJob) -> PythonResult:
            raise SandboxFailed("no user namespaces")

    text, ok = await run(Broken(), folder_of(tmp_path))
    assert not ok
    assert "could not be set up" in text


async def test_a_session_has_so_many_runs_and_no_more(tmp_path: Path) -> None:
    sandbox = NotingSandbox(output="done", files={})
    context = ToolContext(session=SessionId("s"), folder=folder_of(tmp_path), sandbox=sandbox)
    outcomes = [await run_python(context, PythonArguments(code="pass")) for _ in range(MOST_RUNS + 1)]
    assert [outcome.ok for outcome in outcomes] == [True] * MOST_RUNS + [False]
    assert len(sandbox.jobs) == MOST_RUNS


async def test_the_limits_of_the_deployment_are_those_of_a_run_and_of_its_words(tmp_path: Path) -> None:
    sandbox = NotingSandbox(output="", ended=Ended.TIMED_OUT, files={})
    limits = SandboxLimits.of(memory_mb=512, wall_s=7, cpu_s=3, processes=9, disk_mb=64)
    context = ToolContext(session=SessionId("s"), folder=folder_of(tmp_path), sandbox=sandbox, python_limits=limits)
    outcome = await run_python(context, PythonArguments(code="pass"))
    assert "longer than 7 s" in outcome.text
    (job,) = sandbox.jobs
    assert job.limits == limits
    assert (limits.memory_bytes, limits.address_space_bytes) == (512 << 20, 512 << 20)
    assert (limits.workspace_bytes, limits.file_bytes, limits.processes, limits.cpu_s) == (64 << 20, 8 << 20, 9, 3)


async def test_too_many_and_too_large_files_are_counted_and_not_kept(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    path = await folder.ready()
    changed = []
    for n in range(MOST_FILES + 2):
        (path / f"{n}.txt").write_bytes(b"x")
        changed.append(ChangedFile(name=f"{n}.txt", size_bytes=1, sha256=""))
    large = ChangedFile(name="large", size_bytes=MOST_FILE_BYTES + 1, sha256="")
    gone = ChangedFile(name="gone", size_bytes=1, sha256="")
    kept, left_out = await folder.made([large, gone, *changed])
    assert len(kept) == MOST_FILES
    assert left_out == ("large", "gone", f"{MOST_FILES}.txt", f"{MOST_FILES + 1}.txt")


async def test_a_folder_is_made_from_what_was_kept_and_from_nothing_else(tmp_path: Path) -> None:
    old = await folder_of(tmp_path, epoch=1).ready()
    (old / "uncommitted").write_bytes(b"x")
    folder = folder_of(tmp_path, {"a/b.txt": b"kept", "../escape": b"x", "/etc/x": b"x"}, epoch=2)
    path = await folder.ready()
    assert files_in(path) == ["a/b.txt"]
    assert files_in(tmp_path) == [f"{path.name}/a/b.txt"], f"what {old.name} had is gone, and nothing came elsewhere"
    await folder.remove()
    assert files_in(tmp_path) == []


async def test_a_link_that_agents_code_made_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    folder = folder_of(tmp_path / "w")
    path = await folder.ready()
    (path / "link").symlink_to(tmp_path / "secret")
    kept, left_out = await folder.made([ChangedFile(name="link", size_bytes=1, sha256="")])
    assert (kept, left_out) == ((), ("link",))


@pytest.mark.slow
async def test_the_demo_runs_real_python_and_its_plot_is_kept(bench: Bench) -> None:
    report = await probe(None)
    if report.sandbox is None:
        pytest.skip(f"no sandbox on this machine: {report.why_none}")
    bench.sandbox = report.sandbox  # type: ignore[assignment]
    session = await bench.open("Compare 3 apples with 4 pears. Which ones?")
    await bench.runner().work(ACME, session.id)
    (result,) = await bench.of_kind(session, ev.ToolFinished)
    assert result.ok, result.output
    assert "words: " in result.output
    (plot,) = result.files
    assert (plot.name, plot.mime) == ("plot.png", "image/png")
    async with bench.uow.read(ACME) as work:
        content = await work.files.content(plot.blob)
    assert content is not None
    assert content.startswith(b"\x89PNG")
    assert (await bench.session(session)).state is State.WAITING
    shutil.rmtree(bench.workspaces, ignore_errors=True)
