"""What agents say and make arrives whole: in parts that each can be read, and as files."""

import csv
import io
import re

import pytest

from tests.support.model_control import DONE, runs
from tests.support.room import COMPLETED, Room

pytestmark = pytest.mark.asyncio(loop_scope="session")

PYTHON_S = 90.0
"""The first program on a machine waits for its packages to be compiled."""

_DRAW = """
import csv
import matplotlib
matplotlib.use("Agg")
from matplotlib import pyplot
pyplot.plot([1, 4, 9])
pyplot.savefig("squares.png")
with open("squares.csv", "w", newline="") as file:
    csv.writer(file).writerows([("n", "square"), (1, 1), (2, 4), (3, 9)])
print("drawn")
"""


async def test_a_plot_is_shown_in_the_thread_and_other_files_are_attached(room: Room) -> None:
    await room.script(runs(_DRAW), f"There you are.{DONE}")
    root = await room.start()
    await room.until("drawn", root, timeout_s=PYTHON_S)
    await room.until(COMPLETED, root)
    lines = await room.lines(root)
    [picture] = [line for line in lines if line.pictures]
    assert picture.speaker == "Ana"
    assert "squares.png" in picture.text
    content = await room.download(picture.pictures[0]["id"])
    assert content.startswith(b"\x89PNG\r\n")
    [attached] = [line for line in lines if line.files]
    assert "squares.csv" in attached.text
    assert "Ana" in f"{attached.speaker} {attached.text}"
    rows = list(csv.reader(io.StringIO((await room.download(attached.files[0]["id"])).decode())))
    assert rows == [["n", "square"], ["1", "1"], ["2", "4"], ["3", "9"]]
    assert lines.index(picture) < len(lines) - 2
    assert lines.index(attached) < len(lines) - 2


async def test_files_of_one_turn_are_there_in_the_next_and_after_the_end(room: Room) -> None:
    read = "print(open('kept.txt').read())"
    await room.script(
        runs("open('kept.txt', 'w').write('kept ' * 3)\nprint('written')"), "Written.", runs(read), f"Read.{DONE}"
    )
    root = await room.start()
    await room.until("written", root, timeout_s=PYTHON_S)
    await room.until("kept kept kept", root, timeout_s=PYTHON_S)
    ending = await room.until(COMPLETED, root)
    await room.script(runs(read), f"Read again.{DONE}")
    after = room.chat.position
    await room.ada.reply(ending, "Read it again.")
    await room.until("kept kept kept", root, after=after, timeout_s=PYTHON_S)
    await room.until(COMPLETED, root, after=after)


async def test_a_long_text_comes_in_parts_that_lose_nothing(room: Room) -> None:
    paragraphs = [f"Paragraph {n}. " + "Lorem ipsum dolor sit amet. " * 12 for n in range(30)]
    await room.script("\n\n".join(paragraphs) + DONE)
    root = await room.start()
    await room.until(COMPLETED, root)
    said = [line.text for line in await room.said_by("Ana", root)]
    assert 2 < len(said) <= 5
    assert all(len(text) <= 4_000 for text in said)
    assert re.findall(r"Paragraph (\d+)\.", "".join(said)) == [str(n) for n in range(30)]
    assert all(text.startswith("Paragraph ") for text in said)


async def test_code_that_is_cut_stays_code_in_each_part(room: Room) -> None:
    code = "\n".join(f"value_{n} = {n} * 1000 < limit  # a line of a long program" for n in range(180))
    await room.script(f"Look:\n\n```python\n{code}\n```\n\nThat is all.{DONE}")
    root = await room.start()
    await room.until(COMPLETED, root)
    said = [line.text for line in await room.said_by("Ana", root)]
    assert len(said) > 2
    assert all(text.count("```") % 2 == 0 for text in said)
    assert re.findall(r"value_(\d+) =", "".join(said)) == [str(n) for n in range(180)]


async def test_what_is_too_long_for_a_thread_comes_as_a_file(room: Room) -> None:
    text = "\n".join(f"Line {n} of a very long answer, and on it goes." for n in range(800))
    assert 35_000 < len(text) < 40_000
    await room.script(text + DONE)
    root = await room.start()
    await room.until(COMPLETED, root)
    lines = await room.lines(root)
    said = await room.said_by("Ana", root)
    assert len(said) == 1
    assert "is in the file" in said[0].text
    [attached] = [line for line in lines if line.files]
    content = (await room.download(attached.files[0]["id"])).decode()
    assert text in content


async def test_an_answer_of_a_hundred_thousand_characters_says_what_is_left_out(room: Room) -> None:
    text = "".join(f"Sentence {n} goes on. " for n in range(5_000))
    await room.script(f"{text}{DONE}")
    root = await room.start()
    await room.until(COMPLETED, root)
    [attached] = [line for line in await room.lines(root) if line.files]
    content = (await room.download(attached.files[0]["id"])).decode()
    assert content.startswith("Sentence 0 goes on.")
    assert "characters left out" in content
    assert "Sentence 4999 goes on." in content


async def test_much_output_of_a_program_is_shortened_and_whole_in_the_transcript(room: Room) -> None:
    await room.script(runs("for n in range(2000): print('number', n)"), f"Counted.{DONE}")
    root = await room.start()
    shown = await room.until("number 0", root, timeout_s=PYTHON_S)
    await room.until(COMPLETED, root)
    texts = await room.texts(root)
    assert any("the rest is in the transcript" in text for text in texts)
    after = room.chat.position
    await room.history(f"{room.number(root)}")
    sent = await room.document(room.ada, after=after)
    document = (await room.download(sent.files[0]["id"])).decode()
    assert "number 1999" in document
    assert shown.speaker == "Ana"
