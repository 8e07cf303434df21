"""What the sources tell of leaving: since when, until when, and which of them say anything."""

from dataclasses import replace

from perdura.models.dataset.source_coverage import recorded_since, source_facts
from tests.support.tables import at, events

UNTIL = at("2026-02-01")


def started(people: int, day: str) -> list[dict[str, object]]:
    return [
        {"subscriber_id": f"s{who}", "kind": "started", "happened_at": day} for who in range(people)
    ]


def ended(people: int, day: str) -> list[dict[str, object]]:
    return [
        {"subscriber_id": f"s{who}", "kind": "ended", "happened_at": day} for who in range(people)
    ]


def since(*subscriptions: list[dict[str, object]]):
    told = events(subscriptions=[row for rows in subscriptions for row in rows])
    return recorded_since(told["subscriptions"], UNTIL)


def test_leavers_that_begin_long_after_the_people_were_not_recorded_before():
    assert since(started(100, "2024-01-01"), ended(20, "2025-11-01")) == at("2025-11-01")


def test_leavers_from_the_beginning_are_recorded():
    assert since(started(100, "2025-10-01"), ended(20, "2025-11-15")) is None


def test_where_few_leave_a_late_first_one_is_luck():
    assert since(started(100, "2025-06-01"), ended(2, "2025-11-01")) is None


def test_without_leavers_nothing_is_told():
    assert since(started(100, "2024-01-01")) is None


def facts(*subscriptions: list[dict[str, object]]):
    told = events(subscriptions=[row for rows in subscriptions for row in rows])
    return source_facts(told, churn="contract", known_until=UNTIL)


def test_an_export_that_ended_long_before_outcomes_are_counted_is_told():
    found = facts(started(10, "2025-10-01"), ended(3, "2025-12-01"))
    assert found.silent
    assert "run perdura train --until 2025-12-02" in found.notes[-1]


def test_what_landed_and_what_did_not_is_counted():
    found = facts(started(10, "2026-01-10"), ended(3, "2026-01-30"))
    assert (found.rows["subscriptions"], found.leavings) == (13, 3)
    assert found.missing == ["payments", "tickets", "usage"]
    assert not found.silent
    assert found.notes == ()


def test_what_became_known_later_is_not_used():
    late = [{**row, "known_at": "2026-03-01"} for row in ended(20, "2025-11-01")]
    assert facts(started(100, "2024-01-01"), late).leavings == 0


def test_contacts_that_stopped_coming_are_told():
    told = replace(facts(started(10, "2026-01-10")), contacts_missing_since=at("2026-01-03"))
    assert "No contact by support is on record since 2026-01-03" in told.notes[-1]
