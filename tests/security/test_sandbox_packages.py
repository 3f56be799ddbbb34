"""Guarantee: what the tool promises to agents works inside the walls: numpy, pandas, matplotlib, their files."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from tests.security.sandbox_rungs import rungs_to_try
from worker.sandbox.interpreter import find_interpreter
from worker.sandbox.job import Ended, PythonJob
from worker.sandbox.probe import RUNGS, probe
from worker.sandbox.warm import WarmingSandbox, make_cache

_PLOT = """
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
import os

frame = pd.DataFrame({"x": np.arange(100), "y": np.random.default_rng(1).normal(size=100).cumsum()})
frame.to_csv("walk.csv", index=False)
os.makedirs("plots", exist_ok=True)
plt.plot(frame.x, frame.y)
plt.title("Größe Δ")
plt.savefig("plots/walk.png")
print(frame.y.describe().round(3).to_string())
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("rung", rungs_to_try())
async def test_a_plot_and_a_table_come_out(rung: str, cache: Path, tmp_path: Path) -> None:
    sandbox = (await probe(cache, rungs=[rung])).sandbox
    if sandbox is None:
        pytest.skip(f"no {rung} here")
    result = await sandbox.run(PythonJob(code=_PLOT, workspace=tmp_path))
    assert result.ended is Ended.OK, result.output
    assert "mean" in result.output
    plot, table = result.changed_files
    assert (plot.name, table.name) == ("plots/walk.png", "walk.csv")
    content = (tmp_path / plot.name).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert (len(content), hashlib.sha256(content).hexdigest()) == (plot.size_bytes, plot.sha256)


@pytest.mark.parametrize("rung", rungs_to_try())
async def test_the_warmed_cache_is_used_and_cannot_be_altered(rung: str, cache: Path, tmp_path: Path) -> None:
    sandbox = (await probe(cache, rungs=[rung])).sandbox
    if sandbox is None:
        pytest.skip(f"no {rung} here")
    code = """
import os, sys, numpy, matplotlib.font_manager as fonts
print(os.path.exists(numpy.__cached__), numpy.__cached__.startswith(sys.pycache_prefix))
own = os.environ["MPLCONFIGDIR"]
print(any(os.path.islink(f"{own}/{each}") for each in os.listdir(own)))
for path in (numpy.__cached__, sys.pycache_prefix + "/planted"):
    try:
        open(path, "ab")
        print("altered")
    except OSError:
        pass
"""
    result = await sandbox.run(PythonJob(code=code, workspace=tmp_path))
    assert result.output == "True True\nTrue\n"


@pytest.mark.parametrize("rung", rungs_to_try())
async def test_a_package_of_the_workers_is_missing_and_not_forbidden(rung: str, cache: Path, tmp_path: Path) -> None:
    """Else a library that would use it if it could fails; in Pythons that the code starts too."""
    sandbox = (await probe(cache, rungs=[rung])).sandbox
    if sandbox is None:
        pytest.skip(f"no {rung} here")
    code = """
import subprocess, sys
trying = '''
import numpy
try:
    import sqlalchemy
except ModuleNotFoundError as error:
    print(error)
'''
exec(trying)
print(subprocess.run([sys.executable, "-c", trying], capture_output=True, text=True))
"""
    result = await sandbox.run(PythonJob(code=code, workspace=tmp_path))
    assert result.output.count("No module named 'sqlalchemy'") == 2, result.output


async def test_two_processes_may_warm_at_once(tmp_path: Path) -> None:
    interpreter = find_interpreter(packages=())
    name = (await probe(None)).require().name
    sandbox = RUNGS[name](name, interpreter)
    first, second = await asyncio.gather(*(make_cache(sandbox, interpreter, tmp_path) for _ in range(2)))
    assert first == second
    assert first is not None
    assert os.listdir(tmp_path) == [first.name]


async def test_files_of_an_earlier_run_are_there_and_modules_among_them_can_be_imported(tmp_path: Path) -> None:
    sandbox = (await probe(None)).require()
    await sandbox.run(PythonJob(code="open('helper.py', 'w').write('answer = 42')", workspace=tmp_path))
    result = await sandbox.run(
        PythonJob(
            code="import helper, asyncio\nasyncio.run(asyncio.sleep(0))\nprint(helper.answer)", workspace=tmp_path
        )
    )
    assert (result.output, result.changed_files) == ("42\n", ())


async def test_cancelling_a_run_that_waits_for_the_cache_leaves_the_cache_in_the_making(tmp_path: Path) -> None:
    cache, workspace = tmp_path / "cache", tmp_path / "workspace"
    workspace.mkdir()
    cold = RUNGS[(await probe(None)).require().name]
    interpreter = find_interpreter(packages=())
    sandbox = cold("cold", interpreter)
    warming = WarmingSandbox(sandbox, make_cache(sandbox, interpreter, cache))
    run = asyncio.create_task(warming.run(PythonJob(code="pass", workspace=workspace)))
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    result = await warming.run(PythonJob(code="import sys; print(sys.pycache_prefix is None)", workspace=workspace))
    assert result.output == "False\n"
