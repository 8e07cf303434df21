"""Which events a column tells of, as its declaration says."""

import pytest

from perdura.features.catalogue import COLUMNS
from perdura.features.conditions import kinds_counted
from perdura.features.definition import Column, Derived, Phrases
from perdura.features.evidence import Evidence, evidence_of
from perdura.features.topics.attributes import attribute_column
from perdura.sources.events import EVENT_TABLES, PAYMENTS, USAGE

WORDS = Phrases("none", "one", "many")


@pytest.mark.parametrize(
    ("name", "table", "kinds", "days", "only"),
    [
        ("payments_failed_90d", "payments", "failed", 90, None),
        ("days_since_payment_failed", "payments", "failed", None, "last"),
        ("payments_failed_share_365d", "payments", "failed", 365, None),
        ("invoices_unpaid", "payments", "invoiced", None, None),
        ("amount_paid_trend", "payments", "paid", 90, None),
        ("tickets_about_outages_30d", "tickets", "opened", 30, None),
        ("tickets_open", "tickets", "opened reopened", None, None),
        ("tickets_trend", "tickets", "opened", 30, None),
        ("last_rating", "tickets", "rated", None, "last"),
        ("days_since_first_start", "subscriptions", "started", None, "first"),
        ("days_since_pause", "subscriptions", "paused resumed", None, "last"),
        ("days_to_renewal", "payments", "invoiced", 90, None),
        ("usage_trend", "usage", "", 30, None),
    ],
)
def test_it_follows_from_table_condition_measure_and_window(
    name: str, table: str, kinds: str, days: int | None, only: str | None
) -> None:
    found = evidence_of(COLUMNS[name], COLUMNS)
    assert found == Evidence(table, tuple(kinds.split()), days, only)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["plan", "mrr", "payment_method"])
def test_what_events_of_many_kinds_carry_along_has_no_event_behind_it(name: str) -> None:
    assert evidence_of(COLUMNS[name], COLUMNS) is None
    segment = attribute_column("attribute_segment")
    assert segment is not None
    assert evidence_of(segment, COLUMNS) is None


def test_a_column_made_of_unknown_columns_has_none() -> None:
    made = Derived(name="x", sql="y / 2", unit="share", signal="x", en=WORDS, es=WORDS)
    assert evidence_of(Column("x", made, None), COLUMNS) is None


def test_every_reason_that_may_be_named_points_to_kinds_that_its_table_has() -> None:
    kinds = {table.name: {*table.kinds} for table in EVENT_TABLES}
    for column in COLUMNS.values():
        evidence = evidence_of(column, COLUMNS)
        if evidence is not None:
            assert {*evidence.kinds} <= kinds[evidence.table], column.name


@pytest.mark.parametrize(
    ("condition", "kinds"),
    [
        ("kind = 'paid'", "paid"),
        ("'paid' = kind AND amount > 0", "paid"),
        ("kind IN ('paid', 'failed')", "paid failed"),
        ("kind <> 'paid'", "invoiced failed refunded disputed written_off"),
        ("kind NOT IN ('paid', 'invoiced')", "failed refunded disputed written_off"),
        ("(true) AND (kind = 'disputed')", "disputed"),
        ("amount > 0", ""),
    ],
)
def test_kinds_that_a_condition_counts(condition: str, kinds: str) -> None:
    assert kinds_counted(PAYMENTS, condition) == tuple(kinds.split())
    assert kinds_counted(USAGE, "true") == ()
