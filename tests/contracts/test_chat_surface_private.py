"""`ChatSurface.tell` on every platform: in private where the person is, else directly; over the wire."""

import contextlib
from dataclasses import replace

import pytest

from bots.ports import Refusal
from core.domain.refs import MessageId, Place, UserId
from core.errors import PermanentError, TransientError
from core.ports import Answer, Listed, Query
from tests.support.chat import Chat, Deed, Shown, Trouble

pytestmark = pytest.mark.slow

MENTIONS = "@everyone @here <!channel> <!here> <@1> <@!2> <@&3> <@U1> <!subteam^S1> <#4> `@everyone`"


def listed(chat: Chat, count: int) -> tuple[Listed, ...]:
    """*count* sessions, each in a thread of its own."""
    return tuple(
        Listed(
            session=replace(chat.session, number=number, task=f"task {number} {MENTIONS}"),
            place=chat.under(
                MessageId(f"{1_700_000_000 + number}.000100" if "slack" in chat.workspace else f"{number}")
            ),
        )
        for number in range(1, count + 1)
    )


async def others_saw(chat: Chat, place: Place) -> list[Shown]:
    """What Muster has said since where others read too, the roots of threads left out."""
    in_channel = [shown for shown in await chat.read(chat.place) if shown.ts != place.root]
    return [*in_channel, *await chat.read(place), *await chat.told("ben")]


async def test_a_person_is_told_and_nobody_else(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    await chat.surface.tell(place, chat.starter.id, Answer(text="**Only** for you"))
    [told] = await chat.told("ada")
    assert "Only" in told.text
    assert await others_saw(chat, place) == []


async def test_in_a_channel_too_only_one_person_is_told(chat: Chat) -> None:
    await chat.surface.tell(chat.place, chat.starter.id, Answer(text="Only for you"))
    [told] = await chat.told("ada")
    assert told.text.startswith("Only for you")
    assert await others_saw(chat, chat.place) == []


async def test_in_direct_messages_the_person_is_told_there(chat: Chat) -> None:
    await chat.surface.tell(await chat.direct("ben"), await chat.user("ben"), Answer(text="Only for you"))
    [told] = await chat.told("ben")
    assert told.text.startswith("Only for you")
    assert await chat.told("ada") == []


async def test_somebody_who_is_not_there_is_told_directly(chat: Chat) -> None:
    await chat.control.person("ada").create_channel("elsewhere", members=("muster",))
    elsewhere = replace(chat.place, channel=await chat.channel_named("elsewhere"))
    await chat.surface.tell(elsewhere, await chat.user("chloe"), Answer(text="Only for you"))
    assert [shown.text.split("\n")[0] for shown in await chat.read(await chat.direct("chloe"))] == ["Only for you"]


async def test_where_the_channel_is_gone_the_person_is_told_all_the_same(chat: Chat) -> None:
    place = replace(chat.place, channel=type(chat.channel)("C0000009999" if "slack" in chat.workspace else "9999"))
    await chat.surface.tell(place, chat.starter.id, Answer(text="Only for you"))
    assert [shown.text.split("\n")[0] for shown in await chat.told("ada")] == ["Only for you"]


async def test_a_list_shows_each_session_with_its_task_and_a_way_to_older_ones(chat: Chat) -> None:
    older = Query(place=chat.place, by=chat.starter, words="primes", offset=5)
    answer = Answer(text="Sessions here:", sessions=listed(chat, 5), older=older)
    await chat.surface.tell(chat.place, chat.starter.id, answer)
    [told] = await chat.told("ada")
    assert [number for number in range(1, 6) if f"#{number}" in told.text and f"task {number}" in told.text] == [
        *range(1, 6)
    ]
    assert len(told.actions) == 1
    assert "older" in told.actions[0]


async def test_a_long_list_is_cut_to_what_one_message_holds(chat: Chat) -> None:
    answer = Answer(text="Sessions here:", sessions=listed(chat, 100))
    await chat.surface.tell(chat.place, chat.starter.id, answer)
    [told] = await chat.told("ada")
    assert "#1" in told.text
    assert {part: size for part, size in chat.sizes(told).items() if size[0] > size[1]} == {}


async def test_a_document_reaches_the_person_with_its_bytes_and_nobody_else(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    answer = Answer(text="The transcript of #12:", file_name="transcript-12.md", file_text="# All of it\n" * 500)
    await chat.surface.tell(place, chat.starter.id, answer)
    told = await chat.told("ada")
    assert any("transcript of #12" in shown.text for shown in told)
    [file] = [file for shown in told for file in shown.files]
    assert file["name"] == "transcript-12.md"
    assert (await chat.control.download(file["id"])).decode() == answer.file_text
    assert await others_saw(chat, place) == []


@pytest.mark.parametrize("chars", [3_000, 4_096, 50_000])
async def test_a_long_answer_is_cut_and_still_told(chat: Chat, chars: int) -> None:
    await chat.surface.tell(chat.place, chat.starter.id, Answer(text="x" * (chars - 1) + "&"))
    [told] = await chat.told("ada")
    assert "x" * 1_000 in told.text
    assert {part: size for part, size in chat.sizes(told).items() if size[0] > size[1]} == {}


async def test_what_one_person_is_told_notifies_nobody_else(chat: Chat) -> None:
    answer = Answer(text=MENTIONS, sessions=listed(chat, 3))
    await chat.surface.tell(chat.place, chat.starter.id, answer)
    assert len(await chat.told("ada")) == 1
    assert chat.notified() == []


# --- trouble


async def test_who_takes_no_direct_messages_is_told_where_they_wait_but_no_secrets(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    await chat.deny_direct()
    await chat.surface.tell(place, chat.starter.id, Answer(text="Passed on."))
    seen = [shown.text for shown in [*await chat.told("ada"), *await others_saw(chat, place)]]
    assert [text.split("\n")[0] for text in seen] == ["Passed on."]


@pytest.mark.parametrize("what", ["list", "document"])
async def test_what_is_for_one_persons_eyes_is_shown_to_nobody_else_when_it_cannot_be_sent(
    chat: Chat, what: str
) -> None:
    place = chat.under(await chat.begin())
    await chat.deny_direct()
    answer = Answer(text="The secret")
    if what == "list":
        answer = replace(answer, sessions=listed(chat, 1))
    else:
        answer = replace(answer, file_name="secret.md", file_text="The secret")
    await chat.surface.tell(place, chat.starter.id, answer)
    seen = await others_saw(chat, place)
    assert not any("secret" in shown.text or "task 1" in shown.text or shown.files for shown in seen)
    assert [*await chat.told("ada"), *seen]  # they are told something


@pytest.mark.parametrize("deed", [Deed.TELL, Deed.POST])
async def test_an_answer_of_which_nobody_knows_whether_it_came_is_not_repeated_where_others_read(
    chat: Chat, deed: Deed
) -> None:
    place = chat.under(await chat.begin())
    await chat.order(Trouble.LOSE_REPLY, deed)
    with contextlib.suppress(TransientError):
        await chat.surface.tell(place, chat.starter.id, Answer(text="Only for you"))
    assert await others_saw(chat, place) == []


async def test_with_a_revoked_token_nobody_is_told(chat: Chat) -> None:
    await chat.revoke_token()
    with pytest.raises(PermanentError) as refused:
        await chat.surface.tell(chat.place, chat.starter.id, Answer(text="Only for you"))
    assert refused.value.reason == Refusal.DISCONNECTED


async def test_somebody_whom_the_platform_does_not_know_cannot_be_told_in_private(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    nobody = UserId("U0000009999" if "slack" in chat.workspace else "9999")
    answer = Answer(text="The secret", sessions=listed(chat, 1))
    with contextlib.suppress(PermanentError):
        await chat.surface.tell(place, nobody, answer)
    assert not any("secret" in shown.text for shown in await others_saw(chat, place))
