"""The time line: what lies on it, what is marked, and that marks do not cover each other."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from perdura.risk.desk.time_line import TimeLine, time_line

NIGHT = date(2026, 3, 31)
FAILED = {"evidence": {"table": "payments", "kinds": ["failed"], "days": 90}}
OPEN = {"evidence": {"table": "tickets", "kinds": ["opened", "reopened"]}}


def happened(days_ago: int, source: str = "payments", kind: str = "failed") -> dict[str, Any]:
    when = datetime(2026, 3, 31, tzinfo=UTC) - timedelta(days=days_ago)
    return {"source": source, "kind": kind, "happened_at": when, "known_at": when}


def drawn(*events: dict[str, Any]) -> TimeLine:
    found = time_line([FAILED, OPEN], events, NIGHT)
    assert found
    return found


def test_without_events_there_is_none():
    assert time_line([FAILED], [], NIGHT) is None


def test_each_source_has_a_lane_in_an_order_that_stays():
    line = drawn(happened(3, "tickets", "opened"), happened(5), happened(9, "contacts", "called"))
    assert [lane.name for lane in line.lanes] == ["payments", "tickets", "contacts"]
    assert [event.event["kind"] for event in line.events] == ["opened", "failed", "called"]


def test_marked_events_that_are_near_are_one_mark():
    line = drawn(happened(60), happened(8), happened(4), happened(1, kind="succeeded"))
    (lane,) = line.lanes
    assert [len(mark.events) for mark in lane.marks] == [1, 2]
    assert [mark.reasons for mark in lane.marks] == [("A",), ("A",)]
    assert lane.marks[1].x == (lane.marks[1].events[0].x + lane.marks[1].events[1].x) / 2
    assert [event.event["kind"] for event in lane.events] == ["succeeded"]


def test_marks_leave_room_between_them():
    line = drawn(*(happened(days) for days in range(1, 80, 3)))
    (lane,) = line.lanes
    first = [mark.events[0].x for mark in lane.marks]
    assert min(b - a for a, b in pairwise(first)) >= 9
    assert sum(len(mark.events) for mark in lane.marks) == 27


def test_counts_of_marks_leave_room_between_them_too_on_a_narrow_page():
    line = drawn(*(happened(days) for days in range(1, 90, 2)))
    (lane,) = line.lanes
    first = [mark.events[0].x for mark in lane.marks]
    assert min(b - a for a, b in pairwise(first)) >= 15


@pytest.mark.parametrize(("days_ago", "anchor"), [(89, "start"), (45, "middle"), (1, "end")])
def test_words_of_a_mark_stay_on_the_page(days_ago: int, anchor: str):
    (lane,) = drawn(happened(days_ago)).lanes
    assert [mark.anchor for mark in lane.marks] == [anchor]
