"""`/agents access ...` as people type it on Slack."""

import pytest

from bots.facts import Known
from bots.requests import Asked, SettingsWanted, Topic
from bots.slack import parse
from core.domain.commands import ChangeAccess, StartSession
from core.domain.refs import ChannelId, MessageId, Person, Place, UserId, WorkspaceId
from core.errors import UserError

PLACE = Place(workspace=WorkspaceId("slack:T1"), channel=ChannelId("C1"))
ADA = Known(person=Person(id=UserId("U1"), name="Ada"), restricted=False, admin=True, groups=frozenset({"S2", "S1"}))


def changed(**fields: object) -> ChangeAccess:
    return ChangeAccess(place=PLACE, by=ADA.person, admin=True, groups=("S1", "S2"), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("access start <@U2|ben>", changed(right="start", users=("U2",))),
        ("Access START <@U2> <@U2|ben>", changed(right="start", users=("U2",))),
        (
            "access answer <!subteam^S1|@analysts>,<#C2|random>",
            changed(right="answer", grantees=("S1",), channels=("C2",)),
        ),
        ("access operate <@W3|x>\n<!subteam^S1>", changed(right="operate", users=("W3",), grantees=("S1",))),
        ("access start <#C2|>", changed(right="start", channels=("C2",))),
        ("access administer reset", changed(right="administer", reset=True)),
    ],
)
def test_an_admin_names_people_groups_and_channels(text: str, wanted: ChangeAccess) -> None:
    assert parse.agents_command(text, PLACE, ADA, {}) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("access start", "Say who"),
        ("access start everybody", "`everybody`"),
        ("access start @nobody", "`@nobody`"),
        ("access start <!here>", "I do not know whom"),
        ("access start <@U2|ben> and friends", "`and friends`"),
        ("access start reset <@U2|ben>", "`reset`"),
        ("access strat <@U2|ben>", "There is no right `strat`"),
    ],
)
def test_what_cannot_be_made_out_gets_an_example(text: str, words: str) -> None:
    with pytest.raises(UserError, match="For example") as refused:
        parse.agents_command(text, PLACE, ADA, {})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "text", ["access the database and list its tables", "access control: explain it", "access", "accessible colours"]
)
def test_a_task_that_begins_with_the_word_is_a_task(text: str) -> None:
    wanted = parse.agents_command(text, PLACE, ADA, {})
    if text == "access":
        assert isinstance(wanted, Asked)
    else:
        assert isinstance(wanted, StartSession)


@pytest.mark.parametrize(("text", "topic"), [("usage", Topic.USAGE), ("access", Topic.ACCESS), ("audit", Topic.AUDIT)])
def test_reports_are_asked_for_with_what_is_known_of_the_person(text: str, topic: Topic) -> None:
    wanted = parse.agents_command(text, PLACE, ADA, {})
    assert isinstance(wanted, Asked)
    assert (wanted.topic, wanted.query.admin, wanted.query.groups) == (topic, True, ("S1", "S2"))


def test_settings_are_a_form() -> None:
    assert parse.agents_command("settings", PLACE, ADA, {}) == SettingsWanted(place=PLACE)


def test_a_mention_may_say_who_may_do_what() -> None:
    event = {"type": "app_mention", "channel": "C1", "user": "U1", "ts": "1.1", "text": "<@UBOT> access start <@U2>"}
    message = parse.said(event, "UBOT")
    assert message is not None
    assert parse.asked_in(message, PLACE.workspace, "UBOT", ADA, {}) == changed(right="start", users=("U2",))


@pytest.mark.parametrize("thread", [None, MessageId("1.0")])
def test_files_without_words_are_a_task_or_an_answer(thread: MessageId | None) -> None:
    file = {"id": "F1", "name": "a.csv", "mimetype": "text/csv", "size": 3, "url_private_download": "https://x/a.csv"}
    event = {"type": "message", "subtype": "file_share", "channel": "D1", "user": "U1", "ts": "1.1", "files": [file]}
    message = parse.said(event | {"thread_ts": thread, "text": ""}, "UBOT")
    assert message is not None
    [attached] = message.files
    assert (attached.name, attached.mime, attached.size_bytes, attached.source) == (
        "a.csv",
        "text/csv",
        3,
        "https://x/a.csv",
    )
    wanted = parse.asked_in(message, PLACE.workspace, "UBOT", ADA, {})
    words = wanted.task if isinstance(wanted, StartSession) else getattr(wanted, "text", None)
    assert words == (parse.ONLY_FILES if thread is None else "")


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ({"id": "F1", "file_access": "check_file_info"}, "F1"),
        ({"id": "F1", "is_external": True, "url_private": "https://drive.example/a"}, "https://drive.example/a"),
        ({"id": "F1", "mode": "tombstone"}, None),
    ],
)
def test_a_file_may_be_known_by_its_id_alone_or_be_gone(file: dict[str, object], source: str | None) -> None:
    event = {"type": "message", "subtype": "file_share", "channel": "D1", "user": "U1", "ts": "1.1", "files": [file]}
    message = parse.said(event, "UBOT")
    assert message is not None
    assert [attached.source for attached in message.files] == ([source] if source else [])
