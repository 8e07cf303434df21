"""Support features, each on a table of a few ticket events and an answer reckoned by hand."""

from datetime import timedelta

import pytest

from perdura.features.topics.support import (
    ESCALATED,
    ESCALATED_OPEN,
    HOW_TO,
    LONGEST_WAIT,
    OPEN,
    OPENED,
    OUTAGES,
    REOPENED,
    REPLY_HOURS,
    RESOLUTION_HOURS,
    SINCE_ESCALATED,
    SINCE_OPENED,
    SUPPORT_FEATURES,
)
from tests.support.measured import (
    EVENT,
    TICK,
    after,
    as_it_becomes_known,
    at_window_ends,
    changed_by,
    measured,
    row,
)
from tests.support.tables import events

COUNTS = [
    (OPENED, row("opened"), (7, 30, 90, 180, 365)),
    (OUTAGES, row("opened", topic="outage"), (30, 90)),
    (HOW_TO, row("opened", topic="how_to"), (90,)),
    (REOPENED, row("reopened"), (30, 90, 365)),
    (ESCALATED, row("escalated"), (30, 90, 180)),
]
HOURS = [
    (REPLY_HOURS, "replied", (30, 90, 180)),
    (LONGEST_WAIT, "replied", (30, 90)),
    (RESOLUTION_HOURS, "resolved", (90, 365)),
]


@pytest.mark.parametrize(("feature", "event", "windows"), COUNTS)
def test_an_event_counts_from_just_after_it_until_its_window_has_passed(feature, event, windows):
    assert at_window_ends(feature, event) == {
        f"{feature.name}_{days}d": [0, 1, 1, 0] for days in windows
    }
    assert as_it_becomes_known(feature, event) == [0, 1]


@pytest.mark.parametrize(("feature", "kind", "windows"), HOURS)
def test_hours_are_unknown_before_the_event_and_after_its_window(feature, kind, windows):
    assert at_window_ends(feature, row(kind, hours=2.25)) == {
        f"{feature.name}_{days}d": [None, 2.25, 2.25, None] for days in windows
    }
    assert as_it_becomes_known(feature, row(kind, hours=2.25)) == [None, 2.25]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("opened", {"tickets_opened", "days_since_ticket", "tickets_trend", "tickets_open"}),
        ("replied", {"reply_hours_mean", "reply_hours_max"}),
        ("reopened", {"tickets_reopened", "tickets_open"}),
        ("escalated", {"tickets_escalated", "tickets_escalated_open", "days_since_escalation"}),
        ("resolved", {"resolution_hours_mean"}),
        ("rated", set()),
    ],
)
def test_each_kind_of_event_moves_its_own_features_and_no_others(kind, names):
    event = row(kind, hours=2, score=3, topic="billing")
    assert changed_by(SUPPORT_FEATURES, tickets=[event]) == names


@pytest.mark.parametrize(
    ("topic", "names"),
    [
        ("outage", {"tickets_about_outages"}),
        ("how_to", {"tickets_about_how_to"}),
        ("Outage", set()),
        (None, set()),
    ],
)
def test_a_topic_counts_as_it_is_written(topic, names):
    of_topics = [OUTAGES, HOW_TO]
    assert changed_by(of_topics, tickets=[row("opened", topic=topic)]) == names
    assert changed_by(of_topics, tickets=[row("reopened", topic=topic)]) == set()


@pytest.mark.parametrize(
    ("feature", "kind"), [(SINCE_OPENED, "opened"), (SINCE_ESCALATED, "escalated")]
)
def test_days_since_are_those_since_the_last_known(feature, kind):
    tickets = [row(kind, 0), row(kind, 3), row(kind, 5, known=8), row("replied", 7)]
    assert after([feature], 0, tickets=tickets) == {feature.name: None}
    assert after([feature], 8, tickets=tickets) == {feature.name: 5}
    assert after([feature], 8.25, tickets=tickets) == {feature.name: 3.25}
    frame = measured([feature], events(tickets=tickets[:1]), [EVENT + TICK, EVENT + 2 * TICK])
    assert frame[feature.name].to_list() == [1 / 86_400_000_000, 2 / 86_400_000_000]


class TestOpen:
    @pytest.mark.parametrize(
        ("kinds", "is_open", "is_escalated_open"),
        [
            ("opened", 1, 0),
            ("escalated", 0, 1),
            ("opened escalated", 1, 1),
            ("opened escalated resolved", 0, 0),
            ("opened escalated resolved reopened", 1, 0),
            ("opened escalated resolved reopened escalated", 1, 1),
            ("resolved opened", 1, 0),
            ("opened replied rated", 1, 0),
            ("resolved", 0, 0),
        ],
    )
    def test_one_ticket_is_open_as_its_last_event_says(self, kinds, is_open, is_escalated_open):
        tickets = [row(kind, day) for day, kind in enumerate(kinds.split())]
        assert after([OPEN, ESCALATED_OPEN], 30, tickets=tickets) == {
            "tickets_open": is_open,
            "tickets_escalated_open": is_escalated_open,
        }

    def test_tickets_are_counted_one_by_one(self):
        tickets = [row("opened", 0, ticket_id=name) for name in ("a", "b", "c", "ä")]
        tickets += [row("resolved", 1, ticket_id="b"), row("resolved", 2, ticket_id="z")]
        assert after([OPEN], 30, tickets=tickets) == {"tickets_open": 3}

    def test_many_tickets_are_counted_too(self):
        """More than are sorted where they lie."""
        tickets = [row("opened", 0, ticket_id=f"t{n % 50}") for n in range(100)]
        tickets += [row("resolved", 1, ticket_id=f"t{n}") for n in range(0, 50, 3)]
        assert after([OPEN], 30, tickets=tickets) == {"tickets_open": 50 - 17}

    def test_a_resolution_known_late_leaves_the_ticket_open_until_then(self):
        tickets = [row("opened", 0), row("resolved", 1, known=4)]
        moments = [EVENT + timedelta(days=4), EVENT + timedelta(days=4) + TICK]
        frame = measured([OPEN], events(tickets=tickets), moments)
        assert frame["tickets_open"].to_list() == [1, 0]


class TestHours:
    def test_the_mean_and_the_greatest_are_of_the_replies_in_the_window(self):
        tickets = [row("replied", -day, hours=h) for day, h in [(0.5, 0.1), (20, 0.2), (40, 9.0)]]
        found = after([REPLY_HOURS, LONGEST_WAIT], 0, tickets=tickets)
        assert found["reply_hours_mean_30d"] == pytest.approx(0.15, rel=1e-12)
        assert found["reply_hours_mean_90d"] == pytest.approx(3.1, rel=1e-12)
        assert (found["reply_hours_max_30d"], found["reply_hours_max_90d"]) == (0.2, 9)

    def test_a_reply_without_hours_is_in_no_mean(self):
        tickets = [row("replied", 0), row("replied", 1, hours=4), row("resolved", 2, hours=8)]
        found = after(SUPPORT_FEATURES, 3, tickets=tickets)
        assert (found["reply_hours_mean_30d"], found["reply_hours_max_30d"]) == (4, 4)
        assert found["resolution_hours_mean_90d"] == 8
        alone = after(SUPPORT_FEATURES, 3, tickets=tickets[:1])
        assert (alone["reply_hours_mean_30d"], alone["reply_hours_max_30d"]) == (None, None)

    def test_no_time_at_all_is_zero_and_not_unknown(self):
        found = after([REPLY_HOURS, LONGEST_WAIT], 1, tickets=[row("replied", hours=0)])
        assert set(found.values()) == {0}


@pytest.mark.parametrize(
    ("days_ago", "trend"),
    [
        ([10, 40, 70], 1),
        ([40, 70], 0),
        ([1, 2], 3),
        ([10, 20, 40, 70], 1.5),
        ([91], None),
        ([30, 31], 1.5),  # the 30th day is in the window
        ([], None),
    ],
)
def test_the_trend_is_the_last_30_days_beside_a_third_of_the_90(days_ago, trend):
    tickets = [row("opened", -day, ticket_id=str(day)) for day in days_ago]
    assert after(SUPPORT_FEATURES, 0, tickets=tickets)["tickets_trend"] == trend
