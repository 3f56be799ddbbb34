from dataclasses import replace

from bots.pace import POST, Lane, Pace, Rates
from core.domain.refs import ChannelId, MessageId

RATES = Rates(posts_per_lane_s=1.0, lane_burst=3, posts_per_min=6, edits_per_min=60)
A, B = Lane("A"), Lane("B")


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_channel_takes_a_burst_and_then_one_a_second() -> None:
    time = Time()
    pace = Pace(RATES, time)
    for _ in range(3):
        assert pace.post_wait_s(A) == 0
        pace.posted(A)
    assert pace.post_wait_s(A) == 1.0
    assert pace.post_wait_s(B) == 0
    time.now = 1.0
    assert pace.post_wait_s(A) == 0


def test_the_workspace_has_a_ceiling_over_all_channels() -> None:
    time = Time()
    pace = Pace(RATES, time)
    for number in range(6):
        pace.posted(Lane(str(number)))
    assert pace.post_wait_s(B) == 10.0


def test_a_pause_stops_its_kind_of_call_only_and_is_never_shortened() -> None:
    time = Time()
    pace = Pace(RATES, time)
    pace.pause(POST, 30)
    pace.pause(POST, 5)
    assert pace.post_wait_s(A) == 30
    assert pace.edit_wait_s() == 0
    time.now = 30
    assert pace.post_wait_s(A) == 0


def test_what_goes_first_is_counted() -> None:
    pace = Pace(RATES, Time())
    assert pace.post_wait_s(A, after=2) == 0
    assert pace.post_wait_s(A, after=3) == 1.0


def test_quiet_channels_are_forgotten() -> None:
    time = Time()
    pace = Pace(RATES, time)
    for number in range(100):
        time.now += 60
        pace.posted(Lane(str(number)))
    assert len(pace._lanes) == 1


def test_threads_share_their_channels_lane_unless_the_platform_counts_each_by_itself() -> None:
    shared, own = Pace(RATES, Time()), Pace(replace(RATES, per_thread=True), Time())
    channel, root, other = ChannelId("C"), MessageId("1"), MessageId("2")
    assert shared.lane(channel, root) == shared.lane(channel, other) == shared.lane(channel, None)
    assert len({own.lane(channel, root), own.lane(channel, other), own.lane(channel, None)}) == 3
