"""Files that come with a message: how many, how large, under which names, and what is said of the rest."""

import asyncio
import hashlib
from collections.abc import Mapping

import pytest

from bots.attachments import Attached, Attachments, Kept, TooLarge, also_told
from core.domain.refs import BlobHash, FileRef, WorkspaceId
from core.errors import PermanentError, TransientError, UserError
from core.ports import Answer
from core.service.outbound import safe_file_name

WORKSPACE = WorkspaceId("slack:T1")
MOST_BYTES = 10


class Platform:
    """Files by their source: bytes, or what happens instead; and what was asked for."""

    def __init__(self, files: Mapping[str, bytes | Exception]) -> None:
        self.files = dict(files)
        self.asked: list[str] = []
        self.refuses: Exception | None = None

    async def fetch(self, attached: Attached, most_bytes: int) -> bytes:
        self.asked.append(attached.source)
        found = self.files[attached.source]
        if isinstance(found, Exception):
            raise found
        if len(found) > most_bytes:
            raise TooLarge
        return found

    async def keep(self, workspace: WorkspaceId, *, name: str, content: bytes, mime: str) -> FileRef:
        if self.refuses is not None:
            raise self.refuses
        blob = BlobHash(hashlib.sha256(content).hexdigest())
        return FileRef(name=safe_file_name(name), blob=blob, size_bytes=len(content), mime=mime)

    def attachments(self, most_files: int = 3) -> Attachments:
        return Attachments(fetch=self.fetch, keep=self.keep, most_bytes=MOST_BYTES, most_files=most_files)


def attached(name: str, *, size_bytes: int | None = None, source: str = "") -> Attached:
    return Attached(name=name, mime="text/plain", size_bytes=size_bytes, source=source or name)


async def kept(platform: Platform, *wanted: Attached, within_s: float = 5.0) -> Kept:
    return await platform.attachments().kept(WORKSPACE, wanted, within_s=within_s)


async def test_files_of_one_name_get_numbers() -> None:
    platform = Platform({"1": b"a", "2": b"b", "3": b"c"})
    found = await kept(
        platform, attached("x/a.csv", source="1"), attached("a.csv", source="2"), attached("a", source="3")
    )
    assert [file.name for file in found.files] == ["a.csv", "a-2.csv", "a"]
    assert found.left_out == ""


async def test_what_is_too_large_is_named_and_the_rest_goes_on() -> None:
    platform = Platform({"lies.csv": b"x" * 11, "b.csv": b"b"})
    found = await kept(
        platform, attached("large.csv", size_bytes=11), attached("lies.csv", size_bytes=1), attached("b.csv")
    )
    assert [file.name for file in found.files] == ["b.csv"]
    assert found.left_out.count("larger than 10 bytes") == 2
    assert "`large.csv`" in found.left_out
    assert "`lies.csv`" in found.left_out
    assert platform.asked == ["lies.csv", "b.csv"]


async def test_what_are_too_many_are_named() -> None:
    platform = Platform(dict.fromkeys("abc", b"x"))
    found = await kept(platform, *(attached(name) for name in "abcdefghijk"))
    assert len(found.files) == 3
    assert "I take 3 files" in found.left_out
    assert "`d`, `e`, `f`, `g`, `h` and 3 more" in found.left_out


async def test_what_cannot_be_fetched_is_named_and_shows_no_address() -> None:
    platform = Platform({"a": PermanentError("gone: https://files.example/secret")})
    found = await kept(platform, attached("a"))
    assert found.files == ()
    assert "`a` could not be fetched" in found.left_out
    assert "files.example" not in found.left_out


async def test_what_a_message_does_not_say_of_a_file_is_looked_up() -> None:
    platform = Platform({"there": b"a"})

    async def look_up(wanted: Attached) -> Attached:
        return attached("a.csv", size_bytes=1 if wanted.source == "F1" else 11, source="there")

    attachments = Attachments(
        fetch=platform.fetch, keep=platform.keep, most_bytes=MOST_BYTES, most_files=3, look_up=look_up
    )
    wanted = [attached("file", source="F1"), attached("file", source="F2")]
    found = await attachments.kept(WORKSPACE, wanted, within_s=5.0)
    assert [file.name for file in found.files] == ["a.csv"]
    assert "`a.csv` is larger" in found.left_out


async def test_what_does_not_come_at_once_is_asked_for_again() -> None:
    platform = Platform({"a": TransientError("not now", retry_after_s=0.0)})
    assert (await kept(platform, attached("a"))).files == ()
    assert platform.asked == ["a"] * 3


async def test_what_never_comes_is_left_out_in_time() -> None:
    platform = Platform({"b": b"b"})
    never = asyncio.Event()

    async def fetch(wanted: Attached, most_bytes: int) -> bytes:
        if wanted.name == "a":
            await never.wait()
        return await platform.fetch(wanted, most_bytes)

    attachments = Attachments(fetch=fetch, keep=platform.keep, most_bytes=MOST_BYTES, most_files=3)
    found = await attachments.kept(WORKSPACE, [attached("b"), attached("a")], within_s=0.05)
    assert [file.name for file in found.files] == ["b"]
    assert "`a` could not be fetched" in found.left_out


async def test_a_name_says_nothing_to_the_platform() -> None:
    found = await kept(Platform({"1": PermanentError("gone")}), attached("`<!channel>`@everyone.csv", source="1"))
    assert "<!" not in found.left_out
    assert "@everyone" not in found.left_out


async def test_what_cannot_be_kept_now_lets_nothing_be_taken() -> None:
    platform = Platform({"a": b"a"})
    platform.refuses = TransientError("out of reach")
    with pytest.raises(TransientError):
        await kept(platform, attached("a"))


async def test_what_the_store_refuses_is_named() -> None:
    platform = Platform({"a": b"a"})
    platform.refuses = UserError("A file may have at most 1 MB.")
    assert "`a`: A file may have at most 1 MB." in (await kept(platform, attached("a"))).left_out


@pytest.mark.parametrize("answer", [None, Answer(text="Noted.")])
async def test_the_person_is_told_once_beside_the_answer_or_alone(answer: Answer | None) -> None:
    told: list[str] = []

    async def notify(answer: Answer) -> None:
        told.append(answer.text)

    wrapped, alone = also_told(notify, "`a` is too large.")
    assert alone is not None
    await wrapped(answer or alone)
    assert told == ["Noted.\n\n`a` is too large." if answer else "`a` is too large."]
    assert also_told(notify, "") == (notify, None)
