"""`bots.ports.ChatSurface`, sentence by sentence, on every platform; over the wire."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.lifecycle import State
from core.domain.refs import BlobHash, FileRef, QuestionId
from core.service.narration import Tone, Words
from tests.support.chat import CODER, PNG, WRITER, Chat, Deed, Trouble, ago, spoken

pytestmark = pytest.mark.slow


def file_of(name: str, mime: str, content: bytes) -> Words:
    ref = FileRef(name=name, blob=BlobHash("0" * 64), size_bytes=len(content), mime=mime)
    return Words(seq=1, tone=Tone.FILE, text="", speaker=CODER, file=ref)


# --- post


async def test_a_root_post_stands_in_the_channel_and_a_thread_is_under_it(chat: Chat) -> None:
    root = await chat.begin()
    [shown] = await chat.read(chat.place)
    assert shown.ts == root
    assert "count the primes" in shown.text
    heard = await chat.control.person("ada").reply(shown, "I can write in its thread")
    assert heard.root_ts == root


async def test_a_post_into_the_thread_stands_there_and_nowhere_else(chat: Chat) -> None:
    root = await chat.begin()
    first = await chat.send(chat.under(root), chat.says("first"))
    second = await chat.send(chat.under(root), chat.says("second", by=WRITER))
    shown = await chat.read(chat.under(root))
    assert [(message.ts, message.text, message.speaker) for message in shown] == [
        (first, "first", "coder"),
        (second, "second", "writer"),
    ]
    assert [message.ts for message in await chat.read(chat.place)] == [root]


async def test_ids_of_messages_sort_as_text_in_the_order_of_posting(chat: Chat) -> None:
    root = await chat.begin()
    ids = [root, *[await chat.send(chat.under(root), chat.says(f"{n}")) for n in range(5)]]
    assert ids == sorted(ids)


async def test_an_agent_speaks_under_its_name_and_icon_and_muster_under_its_own(chat: Chat) -> None:
    root = await chat.begin()
    place = chat.under(root)
    by_agent = await chat.read_one(place, await chat.send(place, chat.says("mine", by=CODER)))
    by_muster = await chat.read_one(place, await chat.send(place, chat.says("ours", by=None)))
    assert by_agent.speaker == "coder"
    assert chat.icon(by_agent) in ("computer", "💻")
    assert by_muster.speaker == ""
    assert chat.icon(by_muster) == ""


async def test_a_plain_post_says_the_same_words_without_any_form(chat: Chat) -> None:
    root = await chat.begin()
    place = chat.under(root)
    plain = await chat.read_one(place, await chat.send(place, chat.says("only **words**"), plain=True))
    assert "words" in plain.text
    assert plain.speaker == ""
    assert not [name for name in ("blocks", "embeds", "components", "icons") if plain.body.get(name)]


async def test_a_plain_root_post_has_a_thread_too(chat: Chat) -> None:
    post = chat.post_of(chat.renderer.root(chat.session))
    root = await chat.send(chat.place, post, plain=True)
    await chat.send(chat.under(root), chat.says("under it"))
    assert [shown.text for shown in await chat.read(chat.under(root))] == ["under it"]


@pytest.mark.parametrize("owned", [True, False])
async def test_a_question_says_how_to_answer_it(chat: Chat, owned: bool) -> None:
    root = await chat.begin()
    asked = Words(seq=3, tone=Tone.QUESTION, text="Up to what?", speaker=WRITER, question=QuestionId("q1"))
    [rendered] = chat.rendered(asked, owned=owned)
    assert (rendered.draft.question, rendered.draft.urgent, rendered.draft.shown) == ("q1", True, 3)
    shown = await chat.read_one(chat.under(root), *await chat.send_all(chat.under(root), [rendered]))
    assert shown.text.startswith("Up to what?")
    assert "eply in this thread" in shown.text
    assert ("mention me" in shown.text) is not owned


async def test_an_ending_is_urgent_and_stands_in_the_thread_as_it_is(chat: Chat) -> None:
    root = await chat.begin()
    [rendered] = chat.rendered(Words(seq=9, tone=Tone.ENDING, text="✅ Completed. Reply here."))
    assert rendered.draft.urgent
    await chat.send_all(chat.under(root), [rendered])
    assert [shown.text for shown in await chat.read(chat.under(root))] == ["✅ Completed. Reply here."]


async def test_a_direct_message_takes_posts_edits_and_deletions(chat: Chat) -> None:
    place = await chat.direct("ada")
    message = await chat.send(place, chat.post_of(chat.renderer.root(chat.session)))
    await chat.surface.edit(place, message, chat.renderer.card(replace(chat.session, state=State.COMPLETED)))
    assert "Completed" in (await chat.read_one(place, message)).text
    assert await chat.surface.find(place, chat.says("never sent"), ago(5)) is None
    await chat.surface.delete(place, message)
    assert await chat.read(place) == []


# --- files


async def test_a_document_comes_with_its_bytes_and_its_name(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    content = b"a,b\n1,2\n" * 1_000
    [rendered] = chat.rendered(file_of("out/table.csv", "text/csv", content))
    message = await chat.send(place, chat.post_of(rendered.draft), content=content)
    shown = await chat.read_one(place, message)
    assert [file["name"] for file in shown.files] == ["table.csv"]
    assert await chat.control.download(shown.files[0]["id"]) == content
    assert "table.csv" in shown.text


async def test_an_image_is_shown_under_the_name_of_the_agent_that_made_it(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    [rendered] = chat.rendered(file_of("out/my plot.png", "image/png", PNG))
    message = await chat.send(place, chat.post_of(rendered.draft), content=PNG)
    shown = await chat.read_one(place, message)
    assert shown.speaker == "coder"
    [picture] = shown.pictures
    assert await chat.control.download(picture["id"]) == PNG
    assert shown.files == []


async def test_bytes_that_are_brought_first_are_seen_by_nobody_before_their_message(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    for words, content in ((file_of("a.csv", "text/csv", b"a"), b"a"), (file_of("a.png", "image/png", PNG), PNG)):
        [rendered] = chat.rendered(words)
        post = chat.post_of(rendered.draft)
        if not chat.surface.uploads_first:
            continue  # nothing is brought before its message
        assert await chat.surface.upload(post, content)
        assert await chat.read(place) == []


async def test_where_files_cannot_go_a_plain_post_still_says_their_names(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    [rendered] = chat.rendered(file_of("table.csv", "text/csv", b"a"))
    message = await chat.send(place, chat.post_of(rendered.draft), content=b"a", plain=True)
    shown = await chat.read_one(place, message)
    assert "table.csv" in shown.text
    assert shown.files == []


# --- find


async def test_what_was_posted_is_found_and_what_was_not_is_not(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    since = ago(1)
    arrived, absent = chat.says("the same words"), chat.says("the same words")
    message = await chat.send(place, arrived)
    assert await chat.surface.find(place, arrived, since) == message
    assert await chat.surface.find(place, absent, since) is None


async def test_a_root_post_is_found_in_its_channel(chat: Chat) -> None:
    posts = [chat.post_of(chat.renderer.root(chat.session)) for _ in range(3)]
    roots = [await chat.send(chat.place, post) for post in posts[:2]]
    found = [await chat.surface.find(chat.place, post, ago(5)) for post in posts]
    assert found == [*roots, None]


@pytest.mark.parametrize("plain", [False, True])
async def test_a_post_whose_reply_was_lost_is_found(chat: Chat, plain: bool) -> None:
    place = chat.under(await chat.begin())
    post = chat.says("  only once, with spaces about it  ")
    await chat.order(Trouble.LOSE_REPLY, Deed.POST)
    with pytest.raises(Exception, match="did not answer"):
        await chat.send(place, post, plain=plain)
    [shown] = await chat.read(place)
    assert await chat.surface.find(place, post, ago(5)) == shown.ts


async def test_a_root_post_whose_reply_was_lost_is_found_and_gets_its_thread(chat: Chat) -> None:
    post = chat.post_of(chat.renderer.root(chat.session))
    await chat.order(Trouble.LOSE_REPLY, Deed.POST)
    with pytest.raises(Exception, match="did not answer"):
        await chat.send(chat.place, post)
    root = await chat.surface.find(chat.place, post, ago(5))
    assert root is not None
    await chat.send(chat.under(root), chat.says("under it"))
    assert [shown.text for shown in await chat.read(chat.under(root))] == ["under it"]


async def test_a_post_is_found_among_what_others_said_with_the_same_words(chat: Chat) -> None:
    root = await chat.begin()
    place = chat.under(root)
    [shown_root] = await chat.read(chat.place)
    for name in ("ada", "ben"):
        await chat.control.person(name).reply(shown_root, "so be it")
    await chat.send(place, chat.says("so be it"))
    post = chat.says("so be it")
    message = await chat.send(place, post)
    await chat.send(place, chat.says("so be it"))
    assert await chat.surface.find(place, post, ago(5)) == message


async def test_a_post_is_found_behind_more_messages_than_one_page_holds(chat: Chat) -> None:
    root = await chat.begin()
    [shown_root] = await chat.read(chat.place)
    ben = chat.control.person("ben")
    for _ in range(22):
        await asyncio.gather(*(ben.reply(shown_root, "in between") for _ in range(10)))
    post = chat.says("at last")
    message = await chat.send(chat.under(root), post)
    assert await chat.surface.find(chat.under(root), post, ago(60)) == message


async def test_a_post_that_was_edited_since_is_found(chat: Chat) -> None:
    post = chat.post_of(chat.renderer.root(chat.session))
    root = await chat.send(chat.place, post)
    await chat.surface.edit(chat.place, root, chat.renderer.card(replace(chat.session, state=State.COMPLETED)))
    assert await chat.surface.find(chat.place, post, ago(5)) == root


async def test_what_was_posted_long_before_is_not_what_is_looked_for(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    post = chat.says("an hour ago, as it were")
    await chat.send(place, post)
    assert await chat.surface.find(place, post, ago(-3_600)) is None


async def test_a_post_that_somebody_deleted_is_not_found(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    post = chat.says("gone soon")
    await chat.surface.delete(place, await chat.send(place, post))
    assert await chat.surface.find(place, post, ago(5)) is None


@pytest.mark.parametrize("name", ["table.csv", "plot.png"])
async def test_a_file_that_arrived_is_found_and_one_that_did_not_is_not(chat: Chat, name: str) -> None:
    place = chat.under(await chat.begin())
    [rendered] = chat.rendered(file_of(name, "image/png" if name.endswith("png") else "text/csv", PNG))
    posts = [chat.post_of(rendered.draft) for _ in range(2)]
    if chat.surface.uploads_first:
        posts = [await chat.with_file(post, PNG) for post in posts]
    message = await chat.surface.post(place, posts[0], content=None if chat.surface.uploads_first else PNG)
    assert await chat.surface.find(place, posts[0], ago(5)) == message
    assert await chat.surface.find(place, posts[1], ago(5)) is None


async def test_a_file_that_became_plain_words_is_found_by_them(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    [rendered] = chat.rendered(file_of("table.csv", "text/csv", b"a"))
    post = chat.post_of(rendered.draft)
    if chat.surface.uploads_first:
        post = await chat.with_file(post, b"a")
    message = await chat.surface.post(place, post, plain=True)
    assert await chat.surface.find(place, post, ago(5)) == message


# --- again


async def test_a_post_that_is_sent_again_at_once_is_there_once_where_the_platform_sees_to_it(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    post = chat.says("once")
    sent = [await chat.send(place, post) for _ in range(3)]
    shown = [message.ts for message in await chat.read(place)]
    assert sorted(set(sent)) == shown
    assert len(shown) == (3 if chat.unsafe_to_resend else 1)


async def test_a_root_post_that_is_sent_again_has_one_thread(chat: Chat) -> None:
    post = chat.post_of(chat.renderer.root(chat.session))
    first, again = [await chat.send(chat.place, post) for _ in range(2)]
    assert (first == again) is not chat.unsafe_to_resend
    await chat.send(chat.under(again), chat.says("under it"))
    assert [shown.text for shown in await chat.read(chat.under(again))] == ["under it"]


async def test_copies_are_own_messages_with_one_key_the_earliest_first(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    since = ago(1)
    await chat.forget_posts()
    twice, once, thrice = chat.says("same"), chat.says("same"), chat.says("other")
    sent = {post.key: [await chat.send(place, post)] for post in (twice, once, thrice)}
    for post in (thrice, twice, thrice):
        sent[post.key].append(await chat.send(place, post))
    assert await chat.surface.copies(place, since) == [sent[twice.key], sent[thrice.key]]
    assert await chat.surface.copies(chat.place, since) == []
    for message in (sent[twice.key][1], *sent[thrice.key][1:]):
        await chat.surface.delete(place, message)
    assert await chat.surface.copies(place, since) == []
    assert [shown.ts for shown in await chat.read(place)] == [messages[0] for messages in sent.values()]


async def test_copies_of_a_root_post_are_found_in_the_channel(chat: Chat) -> None:
    await chat.forget_posts()
    post = chat.post_of(chat.renderer.root(chat.session))
    roots = [await chat.send(chat.place, post) for _ in range(2)]
    await chat.begin()
    assert await chat.surface.copies(chat.place, ago(5)) == [roots]


# --- edit and delete


async def test_a_card_is_replaced_by_what_is_so_now(chat: Chat) -> None:
    root = await chat.begin()
    before = await chat.read_one(chat.place, root)
    assert before.actions
    ended = replace(chat.session, state=State.COMPLETED, ended_at=chat.session.created_at)
    await chat.surface.edit(chat.place, root, chat.renderer.card(ended))
    for place in (chat.place, chat.under(root)):  # whoever edits may know it as the thread's root
        await chat.surface.edit(place, root, chat.renderer.card(ended))
    after = await chat.read_one(chat.place, root)
    assert "Working" in before.text
    assert "Completed" in after.text
    assert "Working" not in after.text
    assert after.actions == []


async def test_a_card_that_was_posted_in_plain_words_gets_its_form_with_the_next_edit(chat: Chat) -> None:
    root = await chat.send(chat.place, chat.post_of(chat.renderer.root(chat.session)), plain=True)
    await chat.surface.edit(chat.place, root, chat.renderer.card(replace(chat.session, state=State.WAITING)))
    shown = await chat.read_one(chat.place, root)
    assert "Waiting" in shown.text
    assert "Working" not in shown.text
    assert shown.actions
    assert not shown.body.get("flags", 0) & 1 << 2  # Discord's: its embeds are hidden


async def test_a_card_inside_the_thread_is_edited_there(chat: Chat) -> None:
    root = await chat.begin()
    place = chat.under(root)
    card = await chat.send(place, chat.post_of(chat.renderer.root(chat.session)))
    await chat.surface.edit(place, card, chat.renderer.card(replace(chat.session, state=State.STOPPED)))
    assert "Stopped" in (await chat.read_one(place, card)).text
    assert "Working" in (await chat.read_one(chat.place, root)).text


async def test_deleting_what_is_gone_is_fine(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    message = await chat.send(place, chat.says("gone"))
    for _ in range(2):
        await chat.surface.delete(place, message)
    assert await chat.read(place) == []


async def test_spoken_words_of_one_agent_are_merged_while_they_fit(chat: Chat) -> None:
    place = chat.under(await chat.begin())
    words = [spoken("a", seq=1), spoken("b", seq=2), spoken("c", seq=3, by=WRITER)]
    await chat.send_all(place, chat.rendered(*words))
    assert [(shown.speaker, shown.text) for shown in await chat.read(place)] == [("coder", "a\n\nb"), ("writer", "c")]
