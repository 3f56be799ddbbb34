import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots import requests
from bots.facts import Known
from bots.requests import Asked
from core.domain.commands import StopSession
from core.domain.refs import ChannelId, Person, Place, UserId, WorkspaceId
from core.ports import Query

PLACE = Place(workspace=WorkspaceId("slack:T1"), channel=ChannelId("C1"))
ADA = Known(person=Person(id=UserId("U1"), name="Ada"), restricted=False, admin=True)
MOST_CHARS = 90


@pytest.mark.parametrize("text", ["stop", "STOP 7", " stop #7 ", "status", "status 12.", "help", "", "  "])
def test_a_keyword_is_a_request(text: str) -> None:
    assert isinstance(requests.keyword(text, PLACE, ADA), StopSession | Asked)


@pytest.mark.parametrize("text", ["stop the leak", "help 7", "status report for the board", "stopwatch"])
def test_words_that_only_begin_like_a_keyword_are_a_task(text: str) -> None:
    assert requests.keyword(text, PLACE, ADA) is None


def test_the_stop_button_carries_its_session_and_the_presser_his_rights() -> None:
    assert requests.stop_pressed("12", PLACE, ADA) == StopSession(place=PLACE, by=ADA.person, number=12, admin=True)


@pytest.mark.parametrize("value", ["", "x", "-1", "1 or 1=1", "#", "9" * 40])
def test_a_forged_stop_button_asks_for_nothing(value: str) -> None:
    assert requests.stop_pressed(value, PLACE, ADA) is None


@pytest.mark.parametrize(
    "value", ["", "null", "[]", "{}", "[1]", '["a","b"]', '[-5,"a"]', "[1,2,3]", '[1e999,""]', "{" * 99]
)
def test_a_forged_older_button_asks_for_nothing(value: str) -> None:
    assert requests.older_pressed(value, PLACE, ADA) is None


@given(st.text(max_size=4_000), st.integers(0, 10_000))
def test_the_older_button_carries_its_query_within_the_platforms_limit(words: str, offset: int) -> None:
    value = requests.older_value(Query(place=PLACE, by=ADA.person, words=words, offset=offset), MOST_CHARS)
    assert len(value) <= MOST_CHARS
    asked = requests.older_pressed(value, PLACE, ADA)
    assert asked is not None
    assert asked.query.offset == offset
    assert words.startswith(asked.query.words)
