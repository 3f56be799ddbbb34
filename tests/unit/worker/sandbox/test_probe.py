"""The ladder: a rung that does not hold is passed over, and nothing runs when none does."""

import stat
from pathlib import Path

import pytest

from worker.sandbox import probe as ladder
from worker.sandbox.bubblewrap import BubblewrapSandbox
from worker.sandbox.interpreter import Interpreter, find_interpreter
from worker.sandbox.job import PythonJob, SandboxFailed, SandboxUnavailable
from worker.sandbox.probe import probe
from worker.sandbox.turnstile import Turnstile


def _rung_with(script: str, folder: Path) -> object:
    """A rung whose `bwrap` is *script*: what a broken or a hostile installation would be."""
    binary = folder / "bwrap"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)

    def make(name: str, interpreter: Interpreter) -> BubblewrapSandbox:
        return BubblewrapSandbox(name=name, binary=binary, interpreter=interpreter)

    return make


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "No permissions"),
        ("exit 0", "ended as ok"),
        ("echo hello; exit 0", "hello"),
        ("exit 3", "ended as error"),
    ],
)
async def test_a_rung_without_the_sentinel_is_refused_with_its_reason(
    script: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "RUNGS", {"broken": _rung_with(script, tmp_path)})
    report = await probe(None)
    assert report.sandbox is None
    assert why in report.refused[0].why
    with pytest.raises(SandboxUnavailable, match="broken: "):
        report.require()


async def test_a_rung_that_runs_code_without_walls_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Drops everything up to "--", and shows the real place of the program that would be mounted.
    script = (
        'while [ "$1" != "--" ]; do shift; done; shift\n'
        f'eval "set -- $(printf "\'%s\' " "$@" | sed "s#/run/muster/inside.py#{_no_walls(tmp_path)}#")"\n'
        'exec "$@"'
    )
    monkeypatch.setattr(ladder, "RUNGS", {"open": _rung_with(script, tmp_path)})
    report = await probe(None)
    assert report.sandbox is None
    assert "a file of the host can be read" in report.refused[0].why
    assert "the host's network can be reached" in report.refused[0].why


def _no_walls(folder: Path) -> Path:
    """A stand-in for `inside.py` that runs the source where it is."""
    program = folder / "program.py"
    program.write_text(
        f"import marshal, os, sys\nentry = marshal.load(sys.stdin.buffer)\nos.chdir({str(folder)!r})\nexec(entry[-1])\n"
    )
    return program


async def test_the_next_rung_is_tried_and_the_refusal_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rungs = {"broken": _rung_with("exit 1", tmp_path), **ladder.RUNGS}
    monkeypatch.setattr(ladder, "RUNGS", rungs)
    report = await probe(None)
    assert report.require().name in ladder.RUNGS
    assert report.refused[0].name == "broken"


async def test_elsewhere_than_on_linux_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert "darwin is not Linux" in (await probe(None)).why_none


async def test_a_program_that_is_gone_by_the_time_of_a_run_is_no_result(tmp_path: Path) -> None:
    sandbox = BubblewrapSandbox(name="gone", binary=tmp_path / "bwrap", interpreter=find_interpreter(packages=()))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with pytest.raises(SandboxFailed, match="not found"):
        await sandbox.run(PythonJob(code="pass", workspace=workspace))


@pytest.mark.parametrize("rung", ["bubblewrap (wheel)", "landlock+seccomp"])
async def test_an_architecture_without_a_filter_is_told_by_every_rung(
    rung: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    report = await probe(None, rungs=[rung])
    assert report.sandbox is None
    assert report.why_none == f"{rung}: no system-call filter for the architecture 'riscv64'"


async def test_as_many_run_at_once_as_the_settings_say() -> None:
    assert isinstance((await probe(None, at_once=2)).sandbox, Turnstile)
