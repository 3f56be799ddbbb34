import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refs import ChannelId, MessageId, Place, Platform, WorkspaceId, new_id, workspace_id

IDS = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=30)
PLACES = st.builds(
    Place,
    workspace=st.builds(workspace_id, st.sampled_from(Platform), IDS),
    channel=IDS.map(ChannelId),
    root=st.none() | IDS.map(MessageId),
)


@given(PLACES)
def test_a_place_is_read_back_as_it_was_written(place: Place) -> None:
    assert Place.parse(place.encode()) == place


@given(PLACES, PLACES)
def test_two_places_are_never_written_alike(one: Place, other: Place) -> None:
    assert (one == other) == (one.encode() == other.encode())


@pytest.mark.parametrize("text", ["", "slack:T1", "T1/C1", "slack:T1/", "/C1", "slack:T1//1.0", "slack:T1/C1/1.0/x"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a place"):
        Place.parse(text)


def test_a_workspace_is_named_after_its_platform() -> None:
    assert workspace_id(Platform.SLACK, "T1") == WorkspaceId("slack:T1")


def test_fresh_ids_are_opaque_and_differ() -> None:
    ids = {new_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in ids)
