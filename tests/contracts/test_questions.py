"""Questions of a team: their choices, and whom they and requests for leave are for."""

from dataclasses import replace

from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.lifecycle import State
from core.domain.refs import ChannelId, MessageId, QuestionId
from core.domain.session import Session
from tests.conftest import NotingQueue
from tests.support.desk import ACME, ANA, BEN, CHLOE, Desk, World, press

CITIES = ("Oslo", "Rome", "Bern")
GONE = "This button belongs to a question that is not there any more."


async def answers(world: World, session: Session) -> list[tuple[str, str]]:
    """Who answered what, in order."""
    happened = await world.events(session)
    return [(event.by.name, event.text) for event in happened if isinstance(event, ev.QuestionAnswered)]


# --- choices


async def test_a_press_is_the_answer_and_wakes_a_worker_once(desk: Desk, world: World, queue: NotingQueue) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    queue.woken.clear()
    assert await desk.ask(press(place, question, 1, BEN)) == []
    assert (await world.session(session.id)).state is State.RESUMING
    assert (await world.events(session))[-1] == ev.QuestionAnswered(question=question.id, by=BEN, text="Rome")
    assert queue.woken == [session.id]


async def test_a_typed_reply_that_is_a_choice_or_its_number_is_that_choice(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    typed = [
        (CITIES, "2", "Rome"),
        (CITIES, " rome. ", "Rome"),
        (CITIES, "4", "4"),
        (CITIES, "Rome, or Bern", "Rome, or Bern"),
        (("2", "3", "1"), "1", "1"),  # by their words first
        (("Yes.", "No."), "yes", "Yes."),
        (("...", "No"), "👍", "👍"),
        (("10", "20"), "２", "２"),  # noqa: RUF001 - another digit
    ]
    await desk.ask(press(place, question))
    for choices, text, _ in typed:
        await world.ask(session, await world.run(await world.session(session.id)), choices=choices)
        assert await desk.ask(world.reply(place, text)) == []
    assert await answers(world, session) == [("Ana", "Oslo"), *(("Ana", counts) for _, _, counts in typed)]


async def test_files_alone_are_an_answer_and_name_no_choice(desk: Desk, world: World) -> None:
    session, place, _ = await world.waiting(desk, choices=("...", "no"))
    file = await desk.desk.keep(ACME, name="plan.txt", content=b"1", mime="text/plain")
    assert await desk.ask(replace(world.reply(place, ""), files=(file,))) == []
    [answered] = [event for event in await world.events(session) if isinstance(event, ev.QuestionAnswered)]
    assert (answered.text, answered.files) == ("", (file,))
    async with world.uow.read(ACME) as work:
        assert await work.files.of_session(session.id) == [file]


async def test_an_answer_that_is_changed_before_it_is_read_is_the_choice_that_it_names_then(
    desk: Desk, world: World
) -> None:
    session, place, _ = await world.waiting(desk, choices=CITIES)
    reply = world.reply(place, "1")
    await desk.ask(reply)
    await desk.ask(world.change(reply, "1"))  # as platforms say when they have added a preview
    assert (await answers(world, session)) == [("Ana", "Oslo")]
    assert await desk.ask(world.change(reply, "3")) == []
    assert (await world.events(session))[-1] == ev.ReplyChanged(message=reply.message, by=ANA, text="Bern")
    assert [type(event) for event in await world.events(session)].count(ev.ReplyChanged) == 1


async def test_a_press_that_names_no_choice_of_an_open_question_here_changes_nothing(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    before = await world.events(session)
    elsewhere = [
        replace(place, channel=ChannelId("C9")),
        replace(place, root=MessageId("1600000000.000100")),
        replace(place, root=None),
    ]
    forged = [press(each, question) for each in elsewhere]
    forged += [press(place, question, n) for n in (-1, 3, 99)]
    forged.append(press(place, replace(question, id=QuestionId("0" * 16))))
    for each in forged:
        assert await desk.ask(each) == [GONE]
    assert await world.events(session) == before
    assert await world.open_question(session) is not None


async def test_who_presses_too_late_is_told_who_was_first(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    assert await desk.ask(press(place, question, 2, BEN)) == []
    assert await desk.ask(press(place, question, 0, CHLOE)) == ["This is already decided: Ben chose “Bern”."]
    assert await desk.ask(press(place, question, 2, BEN)) == ["This is already decided: Ben chose “Bern”."]
    assert await answers(world, session) == [("Ben", "Bern")]


async def test_what_an_agent_named_a_choice_is_told_like_all_that_leaves(desk: Desk, world: World) -> None:
    _, place, question = await world.waiting(desk, choices=("[yes](https://evil.example/?q=1)", "no"))
    await desk.ask(press(place, question))
    [told] = await desk.ask(press(place, question, 1, BEN))
    assert told.startswith("This is already decided: Ana chose “yes")
    assert "https://" not in told


async def test_a_press_under_an_earlier_question_does_not_answer_the_next(desk: Desk, world: World) -> None:
    session, place, first = await world.waiting(desk, choices=CITIES)
    await desk.ask(press(place, first, 0))
    second = await world.ask(session, await world.run(await world.session(session.id)), choices=("a", "b"))
    assert await desk.ask(press(place, first, 1)) == ["This is already decided: Ana chose “Oslo”."]
    assert await world.open_question(session) is not None
    assert await desk.ask(press(place, second, 1)) == []
    assert await answers(world, session) == [("Ana", "Oslo"), ("Ana", "b")]


# --- whom a question is for


async def test_a_question_is_answered_by_those_it_is_for(desk: Desk, world: World) -> None:
    async with world.uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.OPERATE, Rule(users=frozenset({CHLOE.id})))
    session, place, question = await world.waiting(desk, choices=CITIES)
    await desk.ask(press(place, question, 0, BEN))
    expected = [("Ben", "Oslo")]
    for who, may_not, may in (
        (ev.Answerer.STARTER, [BEN], ANA),
        (ev.Answerer.STARTER, [BEN], CHLOE),
        (ev.Answerer.OPERATOR, [BEN, ANA], CHLOE),
    ):
        question = await world.ask(session, await world.run(await world.session(session.id)), who=who, choices=CITIES)
        for by in may_not:
            for command in (press(place, question, 0, by), world.reply(place, "Oslo", by)):
                [told] = await desk.ask(command)
                assert "This question is for Ana" in told or "Only operators" in told
        assert await world.open_question(session) is not None
        assert await desk.ask(press(place, question, 1, may)) == []
        expected.append((may.name, "Rome"))
    assert await answers(world, session) == expected


async def test_an_operator_decides_even_where_only_others_speak_to_teams(desk: Desk, world: World) -> None:
    async with world.uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.ANSWER, Rule(users=frozenset({BEN.id})))
        await work.preferences.set_rule(Right.OPERATE, Rule(groups=frozenset({"S1"})))
    session, place, question = await world.waiting(desk, who=ev.Answerer.OPERATOR, choices=("Approve", "Deny"))
    [told] = await desk.ask(press(place, question, 0, BEN))
    assert told.startswith("Only operators")
    assert await desk.ask(replace(press(place, question, 1, CHLOE), groups=("S1",))) == []
    assert await answers(world, session) == [("Chloe", "Deny")]


# --- approvals


async def test_words_never_approve_and_whoever_writes_them_is_told_what_does(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=("Approve", "Deny"), approves="f" * 64)
    for words in ("Approve", "1", "approve.", "yes"):
        assert await desk.ask(world.reply(place, words)) == [
            "Noted. To approve or deny what is asked above, use its buttons."
        ]
    early = world.reply(place, "Approve", message=MessageId("1600000000.000100"))
    await desk.ask(early)
    await desk.ask(world.change(early, "Approve!"))
    assert (await world.session(session.id)).state is State.WAITING
    assert await answers(world, session) == []
    assert await desk.ask(press(place, question, 0)) == []
    assert await answers(world, session) == [("Ana", "Approve")]


async def test_the_audit_says_who_approved_what(desk: Desk, world: World) -> None:
    _, place, question = await world.waiting(desk, choices=("Approve", "Deny"), approves="f" * 64)
    await desk.ask(replace(press(place, question, 0, BEN), restricted=True))
    await desk.ask(press(place, question, 1))
    async with world.uow.read(ACME) as work:
        denied, refused, *_ = await work.audit.latest()
    assert (denied.by, denied.action, denied.subject, denied.allowed) == (ANA.id, "approval: Deny", "f" * 64, True)
    assert (refused.by, refused.action, refused.allowed) == (BEN.id, "PressChoice", False)
