"""Pages made readable, in a process that can be ended."""

import asyncio
import os

import pytest

from tests.support.waiting import until
from worker.web.errors import WebError
from worker.web.extract import readable
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
    with pytest.raises(WebError, match="too much time"):
        await Reader(timeout_s=1.0).read(hostile)
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


def _children() -> list[str]:
    tasks = f"/proc/{os.getpid()}/task"
    if not os.path.isdir(tasks):
        pytest.skip("no /proc here to see processes in")
    found: list[str] = []
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/children") as listing:
            found += listing.read().split()
    return found
