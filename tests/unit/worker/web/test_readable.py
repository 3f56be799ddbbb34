"""Pages made readable, in a process that can be ended."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.waiting import until
from worker.web import extract
from worker.web.errors import WebError
from worker.web.extract import CPU_S, readable
from worker.web.readable import Reader

PAGE = """<html><head><title> Fruit
 prices </title><script>alert('never')</script></head><body><nav><a href="/">Menu</a></nav><article><h1>Fruit</h1>
<p>A kilogram of apples costs 2.40 dollars at the market, and a kilogram of pears costs 3.10 dollars there.</p>
<table><tr><th>Fruit</th><th>Dollars</th></tr><tr><td>Apples</td><td>2.40</td></tr></table></article></body></html>"""


@pytest.mark.slow
async def test_a_page_gives_its_title_and_text_without_its_scripts() -> None:
    found = await Reader().read(PAGE)
    assert found.title == "Fruit prices"
    assert "2.40 dollars" in found.text
    assert "Apples" in found.text
    assert "never" not in found.text
    assert found.chars == len(found.text)


@pytest.mark.parametrize("page", ["", " ", "<", "no markup at all", "<html></html>", "\x00\ufffd<p>x", "<?xml version"])
def test_a_page_that_is_none_gives_no_error(page: str) -> None:
    assert readable(page)["chars"] <= len(page)


@pytest.mark.slow
async def test_a_page_that_takes_too_long_is_given_up_with_its_process() -> None:
    """Its attributes alone would keep the parser busy for minutes."""
    hostile = "<p " + " ".join(f"a{n}=1" for n in range(300_000)) + ">x</p>"
    children = set(_children())
    started = time.monotonic()
    with pytest.raises(WebError, match="too much time"):
        await Reader(timeout_s=1.0).read(hostile)
    assert time.monotonic() - started < CPU_S - 2, "nobody waited for its processor time to be used up"
    assert set(_children()) <= children


@pytest.mark.slow
async def test_a_cancelled_reading_ends_its_process() -> None:
    hostile = "<p " + " ".join(f"a{n}=1" for n in range(300_000)) + ">x</p>"
    children = set(_children())
    reading = asyncio.create_task(Reader().read(hostile))
    await until(lambda: bool(set(_children()) - children))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert set(_children()) <= children


async def test_no_secret_of_the_worker_is_where_a_page_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tell.py"
    program.write_text("import json, os\nprint(json.dumps({'title': '', 'text': str(dict(os.environ)), 'chars': 0}))")
    monkeypatch.setattr("worker.web.readable._PROGRAM", program)
    monkeypatch.setenv("MODEL_API_KEY", "planted")
    assert "planted" not in (await Reader().read("x")).text


def test_the_process_that_reads_pages_bounds_itself() -> None:
    folder = Path(extract.__file__).parent
    program = (
        f"import sys, resource; sys.path.insert(0, {str(folder)!r}); import extract; extract._bound();"
        "print([resource.getrlimit(getattr(resource, f'RLIMIT_{name}'))[1] for name in ('CPU', 'AS', 'FSIZE', 'CORE')])"
    )
    said = subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True).stdout
    assert json.loads(said) == [CPU_S, extract.MEMORY_BYTES, 0, 0]


def _children() -> list[str]:
    tasks = f"/proc/{os.getpid()}/task"
    if not os.path.isdir(tasks):
        pytest.skip("no /proc here to see processes in")
    found: list[str] = []
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/children") as listing:
            found += listing.read().split()
    return found
