import os
import signal
from pathlib import Path

import pytest

from tests.support.processes import Child, ChildEnded

SPEAKER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
print("ready", flush=True)
signal.pause()
"""
DOOMED = "print('what went wrong'); raise SystemExit(4)"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "speaker.py").write_text(SPEAKER)
    (tmp_path / "doomed.py").write_text(DOOMED)
    return tmp_path


async def test_a_child_can_be_used_when_it_says_so_and_ends_when_asked(program: Path) -> None:
    async with Child("speaker", ready="ready", cwd=program) as child:
        child.terminate()
        assert await child.wait() == 3
        assert not child.is_running


async def test_a_child_is_gone_after_the_block(program: Path) -> None:
    async with Child("speaker", ready="ready", cwd=program) as child:
        pid = child.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_killed_child_reports_the_signal(program: Path) -> None:
    async with Child("speaker", ready="ready", cwd=program) as child:
        await child.kill()
        assert await child.wait() == -signal.SIGKILL


async def test_a_frozen_child_answers_after_it_is_thawed(program: Path) -> None:
    async with Child("speaker", ready="ready", cwd=program) as child:
        child.freeze()
        child.terminate()
        with pytest.raises(ChildEnded, match="did not end"):
            await child.wait(timeout_s=0.1)
        child.thaw()
        assert await child.wait() == 3


async def test_a_child_that_ends_too_early_shows_what_it_printed(program: Path) -> None:
    with pytest.raises(ChildEnded, match="what went wrong"):
        await Child("doomed", ready="ready", cwd=program).__aenter__()


async def test_a_failing_test_is_told_what_its_child_printed(program: Path) -> None:
    with pytest.raises(AssertionError) as failure:
        async with Child("speaker", ready="ready", cwd=program):
            raise AssertionError("something else")
    assert "ready" in failure.value.__notes__[0]
