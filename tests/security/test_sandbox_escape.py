"""Guarantee: agents' code reaches no secret, no network, no other session, on whichever rung it runs.

Each rung runs all probes in one job; then each probe is a test of its own. As root all of it is run once more
by an ordinary user, for whom the walls are built in another way.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests.security.figures import figure
from tests.security.sandbox_as_nobody import run_as_nobody
from tests.security.sandbox_bait import lay_bait
from tests.security.sandbox_probes import PROBES, program
from tests.security.sandbox_rungs import rungs_to_try
from worker.sandbox import bubblewrap
from worker.sandbox.job import PythonJob
from worker.sandbox.probe import probe
from worker.sandbox.workspace import read_file

_verdicts: dict[str, dict[str, str]] = {}


def _verdicts_of(rung: str, folder: Path) -> dict[str, str]:
    """Run all probes once a rung; none where the rung is not to be had."""
    if rung not in _verdicts:
        _verdicts[rung] = asyncio.run(_try_all(rung, folder))
        if _verdicts[rung]:
            _say(rung, _verdicts[rung])
    return _verdicts[rung]


def _say(rung: str, verdicts: dict[str, str]) -> None:
    contained = sum(verdicts[name].startswith("contained") for name in PROBES)
    who = "root" if os.getuid() == 0 else "an ordinary user"
    hits = "0 packets out" if verdicts["hits"] == "contained" else verdicts["hits"]
    figure("T29", f"{rung}, worker as {who}: {contained} of {len(PROBES)} probes contained, {hits}")


async def _try_all(rung: str, folder: Path) -> dict[str, str]:
    sandbox = (await probe(None, rungs=[rung])).sandbox
    if sandbox is None:
        return {}
    with lay_bait(folder) as bait:
        untouched = _state_of(bait.facts["other_workspace"])
        interpreter = _mode_and_size(bait.facts["interpreter"])
        workspace = Path(bait.facts["own_workspace"])
        result = await sandbox.run(PythonJob(code=program(list(PROBES), bait.facts), workspace=workspace))
        verdicts = dict(line.split("\t", 1) for line in result.output.splitlines() if "\t" in line)
        verdicts["the end"] = result.output[-2000:] if set(verdicts) != set(PROBES) else "contained"
        verdicts["hits"] = ", ".join(bait.hits) or "contained"
        verdicts["others' files"] = "contained" if _state_of(bait.facts["other_workspace"]) == untouched else "ESCAPED"
        same = _mode_and_size(bait.facts["interpreter"]) == interpreter
        verdicts["the interpreter"] = "contained" if same else "ESCAPED"
        linked = [each.name for each in result.changed_files if each.name.startswith("link")]
        verdicts["links as results"] = f"ESCAPED: {linked}" if linked else "contained"
    return verdicts


def _state_of(folder: str) -> dict[str, str]:
    return {path.name: path.read_text() for path in Path(folder).iterdir()}


def _mode_and_size(path: str) -> tuple[int, int]:
    state = Path(path).stat()
    return state.st_mode, state.st_size


@pytest.mark.parametrize("rung", rungs_to_try())
@pytest.mark.parametrize(
    "attempt", [*PROBES, "the end", "hits", "others' files", "the interpreter", "links as results"]
)
def test_an_escape_is_contained(rung: str, attempt: str, tmp_path: Path) -> None:
    verdicts = _verdicts_of(rung, tmp_path)
    if not verdicts:
        pytest.skip(f"no {rung} here")
    assert verdicts[attempt].startswith("contained"), verdicts[attempt]


def test_the_probes_escape_when_there_is_no_sandbox(tmp_path: Path) -> None:
    """Else they would prove nothing. Only those that harm nobody are tried."""
    harmless = ["a file of the host", "its own environment", "TCP to the host", "an abstract socket"]
    with lay_bait(tmp_path) as bait:
        code = program(harmless, bait.facts)
        lines: list[str] = []
        exec(compile(code, "probes", "exec"), {"print": lambda *words, sep: lines.append(sep.join(words))})
    assert [line.split("\t")[1] for line in lines] == ["ESCAPED"] * len(harmless)


def test_a_link_is_not_followed_when_a_result_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "file").symlink_to(tmp_path / "secret")
    (workspace / "folder").symlink_to(tmp_path)
    for name in ("file", "folder/secret", "../secret"):
        with pytest.raises(OSError):  # noqa: PT011 - the kernel's word differs
            read_file(workspace, name, most_bytes=100)


async def test_namespaces_hold_without_the_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two walls are two only if each stands alone."""
    sandbox = (await probe(None, rungs=["bubblewrap (wheel)"])).sandbox
    if sandbox is None:
        pytest.skip("no bubblewrap here")
    monkeypatch.setattr(bubblewrap, "EVERYWHERE", ())
    names = [
        *("TCP to the host", "TCP to the host over IPv6", "a socket with a path"),
        *("an abstract socket", "packets below IP", "a file of the host", "signalling the worker"),
        *("mounting", "a new root", "becoming root", "killing its parent"),
    ]
    with lay_bait(tmp_path) as bait:
        # The last one reaches the namespace's own loopback, and nobody listens there.
        code = program([*names, "UDP to the host"], bait.facts)
        job = PythonJob(code=code, workspace=Path(bait.facts["own_workspace"]))
        result = await sandbox.run(job)
    verdicts = dict(line.split("\t", 1) for line in result.output.splitlines())
    assert [name for name in names if not verdicts[name].startswith("contained")] == []
    assert bait.hits == []


async def test_what_a_run_leaves_in_the_workspace_is_not_loaded_by_the_walls_of_the_next(tmp_path: Path) -> None:
    """Modules under the names of those that build the walls would run before them."""
    names = (
        *("marshal", "os", "sys", "ctypes", "resource", "signal", "struct", "functools", "traceback", "inside"),
        *("encodings", "io", "site", "sitecustomize", "usercustomize", "builtins", "types"),
    )
    planting = f"for name in {names!r}: open(f'{{name}}.py', 'w').write('print(\"planted\", __name__)')"
    for rung in rungs_to_try():
        sandbox = (await probe(None, rungs=[rung])).sandbox
        if sandbox is None:
            continue
        await sandbox.run(PythonJob(code=planting, workspace=tmp_path))
        result = await sandbox.run(PythonJob(code="import os; print(os.getuid() > 0)", workspace=tmp_path))
        assert result.output == "True\n", rung


def test_there_are_enough_probes() -> None:
    assert len(PROBES) >= 60


async def test_at_least_one_rung_holds_here() -> None:
    (await probe(None)).require()


def test_all_of_it_holds_for_an_ordinary_user() -> None:
    run_as_nobody("tests/security/test_sandbox_escape.py")
