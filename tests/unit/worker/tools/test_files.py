"""The file tools and the working folder: what agents read and write stays in it, whatever it is called."""

import errno
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.worker.tools.folders import context_of, folder_of, stored_file
from worker.sandbox.job import SandboxLimits
from worker.tools.folder import NAME_CHARS, NAME_PARTS, Folder, sound_name
from worker.tools.list_files import MOST_NAMES, ListArguments, list_files
from worker.tools.read_file import ReadArguments, decoded, read_file
from worker.tools.tool import ToolOutcome
from worker.tools.write_file import WriteArguments, write_file
from worker.web.strangers import WARNING

BAD_NAMES = [
    "../other/secret", "a/../../secret", "/etc/passwd", "..", ".", "", ".hidden", "a/.git/config", "__pycache__/x.pyc",
    "new\nline", "right\u202eto-left", "zero\x00byte", "x" * (NAME_CHARS + 1), "/".join("a" * (NAME_PARTS + 1)),
]  # fmt: skip


async def read(folder: Folder, name: str) -> ToolOutcome:
    """The outcome, with the text as it stands between the lines of the fence."""
    outcome = await read_file(context_of(folder), ReadArguments.model_construct(name=name, offset=0, limit=20_000))
    return replace(outcome, text=unfenced(outcome.text))


def unfenced(text: str) -> str:
    return "".join(re.split(rf"{WARNING}\n-{{5}} begin \w+ -{{5}}\n|\n-{{5}} end \w+ -{{5}}", text))


async def write(folder: Folder, name: str, content: str = "text") -> ToolOutcome:
    return await write_file(context_of(folder), WriteArguments.model_construct(name=name, content=content))


async def names(folder: Folder) -> str:
    return (await list_files(context_of(folder), ListArguments())).text


@pytest.mark.parametrize("name", BAD_NAMES)
async def test_a_name_that_leads_elsewhere_or_hides_is_neither_read_nor_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = folder_of(tmp_path / "all")
    for outcome in (await read(folder, name), await write(folder, name)):
        assert not outcome.ok
        assert outcome.text.startswith("That is not a name of a file")
        assert not outcome.files
    assert [path for path in (tmp_path / "all").rglob("*") if path.is_file()] == []


@given(st.text(max_size=40) | st.lists(st.sampled_from(["..", ".", "", "a", "b.txt", " "])).map("/".join))
def test_a_sound_name_is_plain_and_lies_inside(name: str) -> None:
    sound = sound_name(name)
    if sound is not None:
        assert os.path.normpath(f"/inside/{sound}") == f"/inside/{sound}"
        assert sound_name(sound) == sound


async def test_what_is_written_is_read_listed_and_comes_back_as_a_file(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    outcome = await write(folder, "./notes//plan.md", "Größe\n")
    assert (outcome.text, outcome.ok) == ("Wrote notes/plan.md (8 bytes).", True)
    (made,) = outcome.files
    assert (made.name, made.content, made.mime) == ("notes/plan.md", "Größe\n".encode(), "text/markdown")
    assert (await read(folder, "notes/plan.md")).text == "Größe\n"
    assert await names(folder) == "notes/plan.md (8 bytes)"


async def test_a_written_file_is_there_on_another_machine(tmp_path: Path) -> None:
    outcome = await write(folder_of(tmp_path / "one"), "a/b.txt", "kept")
    artifacts = {file.name: file.content for file in outcome.files}
    elsewhere = folder_of(tmp_path / "two", artifacts, epoch=2)
    assert (await read(elsewhere, "a/b.txt")).text == "kept"


@pytest.mark.parametrize("name", ["link.txt", "folder/file.txt"])
async def test_writing_follows_no_link_that_agents_code_made(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file.txt").write_text("theirs")
    folder = folder_of(tmp_path / "all")
    path = await folder.ready()
    (path / "link.txt").symlink_to(outside / "file.txt")
    (path / "folder").symlink_to(outside)
    await write(folder, name, "mine")
    assert (outside / "file.txt").read_text() == "theirs"
    assert not (await read(folder, "folder/file.txt")).ok


async def test_a_file_in_the_way_is_said_and_nothing_else_is_lost(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    await write(folder, "a", "first")
    outcome = await write(folder, "a/b", "second")
    assert (outcome.ok, outcome.text) == (False, "Not written: a/b cannot be made here: not a directory.")
    await write(folder, "dir/c", "third")
    assert (await write(folder, "dir", "fourth")).text == "Not written: dir cannot be made here: is a directory."
    assert await names(folder) == "a (5 bytes)\ndir/c (5 bytes)"


async def test_the_folder_has_a_size_and_a_number_of_files(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, limits=SandboxLimits(workspace_bytes=20_000, workspace_entries=3))
    assert (await write(folder, "a", "x" * 19_000)).ok
    assert (await write(folder, "b", "x" * 9_000)).text.startswith("Not written: the working folder is full.")
    assert (await write(folder, "a", "x" * 9_000)).ok, "what it replaces makes room"
    assert (await write(folder, "b")).ok
    assert (await write(folder, "c")).ok
    assert not (await write(folder, "d")).ok


async def test_a_full_disk_is_said_and_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path)
    await write(folder, "a.txt", "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/host/path")

    monkeypatch.setattr(os, "replace", full)  # the last step of a write
    outcome = await write(folder, "a.txt", "new")
    assert outcome.text == "Not written: a.txt cannot be made here: no space left on device."
    assert await names(folder) == "a.txt (3 bytes)"
    assert (await read(folder, "a.txt")).text == "old"
    assert os.listdir(await folder.ready()) == ["a.txt"], "no half of a file stays"


async def test_files_that_arrive_while_the_team_works_are_laid_and_count_when_it_goes_on(tmp_path: Path) -> None:
    files = {"old.txt": b"old"}
    folder = folder_of(tmp_path, files)
    arrived = [stored_file("new.csv"), stored_file("../bad"), stored_file("gone.txt")]
    assert await folder.lay(arrived) == (), "nobody works yet: they are listed when somebody does"
    files |= {"new.csv": b"1,2"}
    assert await names(folder) == "new.csv (3 bytes)\nold.txt (3 bytes)"
    files |= {"later.csv": b"3", "old.txt": b"newer"}
    missing = await folder.lay([stored_file("later.csv"), stored_file("old.txt"), *arrived[1:]])
    assert set(missing) == {"../bad", "gone.txt"}
    assert (await read(folder, "later.csv")).text == "3"
    assert (await read(folder, "old.txt")).text == "newer"


async def test_of_files_without_room_the_latest_are_laid_and_the_others_are_named(tmp_path: Path) -> None:
    files = {"first": b"1" * 8_000, "second": b"2" * 8_000, "third": b"3" * 8_000}
    folder = folder_of(tmp_path, files, limits=SandboxLimits(workspace_bytes=20_000))
    listed = await names(folder)
    assert listed == "second (8,000 bytes)\nthird (8,000 bytes)\n(not here, there was no room for it: first)"


async def test_two_kept_files_that_cannot_stand_together_do_not_keep_the_session_from_its_folder(
    tmp_path: Path,
) -> None:
    folder = folder_of(tmp_path, {"a": b"once a file", "a/b.txt": b"then a folder"})
    assert (await read(folder, "a/b.txt")).text == "then a folder"
    assert folder.missing == ("a",)


@pytest.mark.slow
async def test_a_folder_that_a_stopped_run_left_deep_and_closed_is_removed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    path = await folder.ready()
    here = os.open(path, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    await folder.remove()
    assert os.listdir(tmp_path) == []


async def test_a_long_file_comes_in_pages(tmp_path: Path) -> None:
    text = "\n".join(f"line {n}" for n in range(1_000))
    folder = folder_of(tmp_path, {"long.txt": text.encode()})
    pages, offset = "", 0
    while offset < len(text):
        outcome = await read_file(context_of(folder), ReadArguments(name="long.txt", offset=offset, limit=3_000))
        page, _, footer = unfenced(outcome.text).partition("\n\n(characters")
        pages += page
        offset += len(page)
        assert not footer or f"offset={offset}" in footer
    assert pages == text
    assert (
        "ends at character" in (await read_file(context_of(folder), ReadArguments(name="long.txt", offset=offset))).text
    )


async def test_a_line_without_end_loses_nothing_between_pages(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"one.json": b"x" * 30_000})
    assert "characters 0 to 8000 of 30000" in (await read(folder, "one.json")).text


async def test_what_is_no_text_is_left_to_code(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"plot.png": b"\x89PNG\r\n\x1a\n\0\0", "empty.txt": b""})
    outcome = await read(folder, "plot.png")
    assert (outcome.ok, outcome.text) == (
        False, "plot.png is no text (image/png, 10 bytes). Open it with run_python.",
    )  # fmt: skip
    assert (await read(folder, "empty.txt")).text == "(the file is empty)"
    assert (await read(folder, "nothing.txt")).text == "There is no file nothing.txt in the working folder."


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Größe".encode("utf-8-sig"), "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        ("Größe;€".encode("cp1252"), "Größe;€"),
        (b"%PDF-1.7\n\0\xff", None),
    ],
)
def test_text_is_recognised_by_its_marks(content: bytes, text: str | None) -> None:
    assert decoded(content) == text


async def test_a_list_is_no_longer_than_anybody_reads_and_shows_nothing_hidden(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    path = await folder.ready()
    for number in range(MOST_NAMES + 5):
        (path / f"f{number:04}").touch()
    (path / ".hidden").touch()
    listed = (await names(folder)).splitlines()
    assert len(listed) == MOST_NAMES + 1
    assert listed[-1] == "(and 5 more)"
