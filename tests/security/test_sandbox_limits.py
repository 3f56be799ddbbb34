"""Guarantee: whatever agents' code uses up, it is its own run that ends, whole, and the reason is told."""

import asyncio
import ctypes
import os
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.security.sandbox_as_nobody import run_as_nobody
from tests.security.sandbox_marks import alive, marked
from tests.security.sandbox_rungs import rungs_to_try
from worker.ports import Sandbox
from worker.sandbox import landlock
from worker.sandbox.job import Ended, PythonJob, PythonResult, SandboxLimits
from worker.sandbox.probe import probe

_PR_SET_CHILD_SUBREAPER = 36

_found: dict[str, Sandbox | None] = {}


@pytest.fixture(params=rungs_to_try())
async def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    if request.param not in _found:
        _found[request.param] = (await probe(None, rungs=[request.param])).sandbox
    sandbox = _found[request.param]
    if sandbox is None:
        pytest.skip(f"no {request.param} here")
    return sandbox


@pytest.fixture
async def mark() -> AsyncIterator[str]:
    """The name that the run's processes give themselves; none may be left when the test is over."""
    name = f"mu{secrets.token_hex(6)}"
    yield name
    assert alive(name) == []


async def _run(sandbox: Sandbox, code: str, workspace: Path, **limits: float) -> PythonResult:
    return await sandbox.run(
        PythonJob(code=code, workspace=workspace, limits=SandboxLimits(**limits))  # type: ignore[arg-type]
    )


async def test_a_fork_bomb_ends_with_its_run(sandbox: Sandbox, mark: str, tmp_path: Path) -> None:
    code = marked(mark, "while True:\n    try: os.fork()\n    except OSError: pass")
    result = await _run(sandbox, code, tmp_path, wall_s=1.0, cpu_s=60)
    assert result.ended in (Ended.TIMED_OUT, Ended.OUT_OF_MEMORY)


async def test_processes_that_fork_and_leave_for_ever_are_caught(sandbox: Sandbox, mark: str, tmp_path: Path) -> None:
    code = marked(mark, "while True:\n    if os.fork(): os._exit(0)")
    result = await _run(sandbox, code, tmp_path, wall_s=1.0)
    assert result.ended in (Ended.OK, Ended.TIMED_OUT)


async def test_a_child_that_makes_itself_a_daemon_does_not_outlive_its_run(
    sandbox: Sandbox, mark: str, tmp_path: Path
) -> None:
    code = marked(
        mark,
        """
import time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    for descriptor in range(3):
        os.close(descriptor)
    while True:
        open("beat", "a").write("x")
        time.sleep(0.001)
while not os.path.exists("beat"):
    time.sleep(0.001)
print("left")
""",
    )
    result = await _run(sandbox, code, tmp_path)
    assert (result.ended, result.output) == (Ended.OK, "left\n")
    (beat,) = result.changed_files
    assert (tmp_path / "beat").stat().st_size == beat.size_bytes


async def test_a_memory_bomb_is_told_as_such(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await _run(sandbox, "x = bytearray(8 << 30)", tmp_path)
    assert (result.ended, result.exit_code) == (Ended.OUT_OF_MEMORY, 1)
    assert "MemoryError" in result.output


async def test_many_processes_cannot_hold_more_memory_than_one(sandbox: Sandbox, mark: str, tmp_path: Path) -> None:
    code = marked(
        mark,
        "import time\nfor _ in range(5): os.fork() or (bytearray(b'x') * (100 << 20), time.sleep(60))\ntime.sleep(60)",
    )
    result = await _run(sandbox, code, tmp_path, memory_bytes=300 << 20)
    assert result.ended is Ended.OUT_OF_MEMORY


async def test_a_file_cannot_grow_past_its_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await _run(sandbox, "open('big', 'wb').truncate(10 << 30)", tmp_path)
    assert result.ended is Ended.ERROR
    assert "File too large" in result.output


@pytest.mark.parametrize(
    "code",
    [
        "for i in range(40): open(f'f{i}', 'wb').write(bytes(1 << 20))\nimport time; time.sleep(60)",
        "for i in range(500): open(f'f{i}', 'wb')\nimport time; time.sleep(60)",
        "import os\nfor i in range(200): os.mkdir('d'); os.chdir('d')\nimport time; time.sleep(60)",
        "import os\nfor i in range(500): open(f'{os.environ[\"TMPDIR\"]}/f{i}', 'wb')\nimport time; time.sleep(60)",
    ],
    ids=["bytes", "files", "depth", "files in the temporary folder"],
)
async def test_a_disk_bomb_ends_its_run(sandbox: Sandbox, code: str, tmp_path: Path) -> None:
    result = await _run(sandbox, code, tmp_path, workspace_bytes=20 << 20, workspace_entries=300, wall_s=20.0)
    assert result.ended is Ended.TOO_MUCH_DISK


async def test_the_temporary_folder_has_a_size(sandbox: Sandbox, tmp_path: Path) -> None:
    code = (
        "import os, time\nfor i in range(100):\n"
        "    open(f'{os.environ[\"TMPDIR\"]}/f{i}', 'wb').write(bytes(1 << 20))\ntime.sleep(60)"
    )
    result = await _run(sandbox, code, tmp_path, workspace_bytes=50 << 20, wall_s=20.0)
    assert result.ended is Ended.TOO_MUCH_DISK or "No space left" in result.output


async def test_a_flood_of_output_ends_its_run_and_its_two_ends_are_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "print('first')\nwhile True: print('x' * 1000)"
    result = await _run(sandbox, code, tmp_path)
    assert result.ended is Ended.TOO_MUCH_OUTPUT
    assert result.output_truncated
    assert result.output.startswith("first\nxxx")
    assert len(result.output) < 70_000


async def test_a_traceback_is_kept_behind_long_output(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await _run(sandbox, "print('x' * 200_000)\n\nraise ValueError('here')", tmp_path)
    assert (result.ended, result.exit_code) == (Ended.ERROR, 1)
    assert 'File "main.py", line 3, in <module>\n    raise ValueError' in result.output
    assert "bytes left out" in result.output


async def test_a_busy_loop_ends_after_its_processor_time(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await _run(sandbox, "while True: pass", tmp_path, cpu_s=1)
    assert (result.ended, result.exit_code) == (Ended.OUT_OF_CPU_TIME, None)


async def test_a_sleeper_is_timed_out_and_what_it_said_is_kept(sandbox: Sandbox, mark: str, tmp_path: Path) -> None:
    code = marked(mark, "import time\nprint('so far')\nopen('half', 'w').write('x')\ntime.sleep(60)")
    result = await _run(sandbox, code, tmp_path, wall_s=0.7)
    assert (result.ended, result.output) == (Ended.TIMED_OUT, "so far\n")
    assert [each.name for each in result.changed_files] == ["half"]


async def test_a_call_of_another_architecture_kills_the_code(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "import ctypes; ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 39)); print('alive')"
    result = await _run(sandbox, code, tmp_path)
    assert (result.ended, result.output) == (Ended.KILLED, "")


async def test_signals_to_everybody_reach_nobody_else(sandbox: Sandbox, mark: str, tmp_path: Path) -> None:
    result = await _run(sandbox, marked(mark, "os.kill(-1, 9)\nos.kill(0, 9)"), tmp_path)
    assert result.ended in (Ended.OK, Ended.ERROR, Ended.KILLED)


@pytest.mark.parametrize("after_s", [0.0, 0.003, 0.01, 0.03, 0.1])
async def test_cancelling_leaves_no_process_at_any_moment(
    sandbox: Sandbox, mark: str, tmp_path: Path, after_s: float
) -> None:
    others = _children_of_this_process()  # servers that serve a whole test process
    code = marked(mark, "os.fork()\nimport time\nwhile True: time.sleep(1)")
    run = asyncio.create_task(_run(sandbox, code, tmp_path))
    await asyncio.wait([run], timeout=after_s)
    began_s = time.monotonic()
    run.cancel()
    await asyncio.sleep(0)
    run.cancel()  # an impatient caller
    with pytest.raises(asyncio.CancelledError):
        await run
    assert time.monotonic() - began_s < 5
    assert not _children_of_this_process() - others


def _children_of_this_process() -> set[str]:
    children: set[str] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        children.update(listing.read_text().split())
    return children


async def test_ten_runs_at_once_do_not_see_each_other(sandbox: Sandbox, tmp_path: Path) -> None:
    async def one(number: int) -> PythonResult:
        workspace = tmp_path / str(number)
        workspace.mkdir()
        return await _run(sandbox, f"open('n', 'w').write('{number}'); print(open('n').read())", workspace)

    results = await asyncio.gather(*(one(number) for number in range(10)))
    assert [result.output for result in results] == [f"{number}\n" for number in range(10)]


async def test_runs_leave_no_descriptor_and_no_zombie(sandbox: Sandbox, tmp_path: Path) -> None:
    """Also where the worker is a container's first process, to whom orphans fall."""
    libc = ctypes.CDLL(None)
    await _run(sandbox, "pass", tmp_path)
    others = _children_of_this_process()
    before = len(os.listdir("/proc/self/fd"))
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        for _ in range(3):
            await _run(sandbox, "import os, time\nos.fork() or time.sleep(60)", tmp_path)
        assert not _children_of_this_process() - others
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    assert len(os.listdir("/proc/self/fd")) == before


async def test_the_filter_keeps_signals_in_where_landlock_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.getuid() == 0:
        pytest.skip("root's runs get a user of their own; this test is run again as nobody")
    sandbox = (await probe(None, rungs=["landlock+seccomp"])).sandbox
    if sandbox is None:
        pytest.skip("no Landlock here")
    monkeypatch.setattr(landlock, "landlock_version", lambda: 1)
    code = f"""
import os, signal
for target in ({os.getpid()}, os.getppid(), os.getpid(), -1):
    try:
        os.kill(target, 0)
        print("reached", target)
    except PermissionError:
        pass
os.kill(0, signal.SIGKILL)
"""
    result = await _run(sandbox, code, tmp_path)
    assert (result.ended, result.output) == (Ended.KILLED, "")


def test_an_ordinary_users_runs_end_as_whole() -> None:
    run_as_nobody(
        "tests/security/test_sandbox_limits.py",
        "-k",
        "cancelling or daemon or memory or for_ever or signals or temporary or descriptor or ten_runs",
    )
