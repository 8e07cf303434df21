"""What the sources tell of leaving: since when, until when, and which of them say anything."""

from dataclasses import replace

import pytest

from perdura.models.dataset.source_coverage import recorded_since, source_facts
from perdura.sources.events import EVENT_TABLES
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


def test_the_tables_that_are_counted_are_those_declared_as_steady():
    told = events()
    found = source_facts(told, churn="contract", known_until=UNTIL)
    assert list(found.rows) == [table.name for table in EVENT_TABLES if table.is_steady]
    assert set(found.rows.values()) == {0}
    some = {name: told[name] for name in ("subscriptions", "payments", "contacts")}
    found = source_facts(some, churn="contract", known_until=UNTIL)
    assert list(found.rows) == ["subscriptions", "payments"]


@pytest.mark.parametrize(
    ("newest", "silent"),
    [("2026-01-18", False), ("2026-01-17 23:59", True), ("2026-01-31", False)],
)
def test_a_table_is_silent_after_a_fortnight_without_an_event(newest, silent):
    found = facts(started(10, "2025-10-01"), ended(3, newest))
    assert found.silent is silent


def test_where_churn_is_silence_payments_record_it():
    told = events(
        subscriptions=started(1, "2026-01-30"),
        payments=[{"kind": "paid", "happened_at": "2025-12-01"}],
    )
    found = source_facts(told, churn="silence", known_until=UNTIL)
    assert (found.telling, found.newest, found.silent) == ("payments", at("2025-12-01"), True)
    assert "The newest event in payments is of 2025-12-01" in found.notes[0]
    assert "perdura train --until 2025-12-02" in found.notes[0]


def test_without_an_event_nothing_is_silent_and_the_export_ended_when_outcomes_do():
    found = source_facts(events(), churn="contract", known_until=UNTIL)
    assert (found.newest, found.silent, found.recorded_since) == (None, False, None)
    assert found.export_ended == at("2026-02-02")
    assert found.notes == ()


@pytest.mark.parametrize(
    ("first", "recorded"), [("2025-01-01", None), ("2024-03-01", at("2024-03-01"))]
)
def test_sixty_days_without_a_leaving_are_needed_to_doubt_the_record(first, recorded):
    # 400 subscribers who began on the first day of 2024: at the later rate many would have left.
    begins = "2024-01-01" if recorded else "2024-12-01"
    assert since(started(400, begins), ended(200, first)) == recorded


def test_a_leaving_is_a_cancellation_too():
    cancelled = [{**row, "kind": "cancel_scheduled"} for row in ended(20, "2025-11-01")]
    assert since(started(100, "2024-01-01"), cancelled) == at("2025-11-01")
    assert facts(started(10, "2026-01-10"), cancelled).leavings == 20


def test_what_is_noted_of_the_first_leaving_names_its_day():
    found = facts(started(100, "2024-01-01"), ended(20, "2025-11-01"), ended(1, "2026-01-30"))
    assert found.notes[0].startswith("The first cancellation on record is of 2025-11-01, as in an")
    assert "Earlier dates are left out" in found.notes[0]
