"""Silence, months and contacts beside loops, with merges, late rows and leap days."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.dataset.labels import (
    contacted_before_settled,
    contract_labels,
    leaving_months,
    silence_labels,
)
from tests.models.dataset.test_labels import AS_OF, day, happened, paid, spine_of, tables

# Days are few, so that payments lie on the window's very edges.
DAYS = st.sampled_from([-40.0, -1.0, -0.001, 0.0, 6.999, 7.0, 29.999, 30.0, 36.999, 37.0, 80.0])
KINDS = st.sampled_from(["paid", "paid", "failed", "refunded", "invoiced"])
PEOPLE = st.sampled_from(["ana", "bea", "cid"])
PAYMENTS = st.lists(
    st.builds(
        lambda when, who, kind, late: paid(when, who, kind, known_at=day(when + late)),
        DAYS, PEOPLE, KINDS, st.sampled_from([0.0, 0.0, 70.0]),
    ),
    max_size=8,
)  # fmt: skip


def walked(
    payments: list[dict[str, Any]], who: str, merged: bool, lead: int, until: datetime
) -> tuple[object, ...]:
    """Churned, cause, the last payment before, and when it was settled: one payment at a time."""
    names = {"ana", "bea"} if merged and who in {"ana", "bea"} else {who}
    moments = sorted(
        row["happened_at"]
        for row in payments
        if row["kind"] == "paid" and row["subscriber_id"] in names and row["known_at"] < until
    )
    opens, closes = day(lead), day(lead + 30)
    if closes > until:
        return None, None, None, None
    inside = [moment for moment in moments if moment >= opens]
    before = [moment for moment in moments if moment < opens]
    churned = not inside or inside[0] >= closes
    settled = min([*inside[:1], closes])
    if not churned:
        return False, None, None, settled
    return True, "voluntary", before[-1] if before else None, settled


@given(
    payments=PAYMENTS,
    merged=st.booleans(),
    lead=st.sampled_from([0, 7]),
    until=st.sampled_from([29, 30, 37, 400]),
)
def test_silence_agrees_with_walking_through_the_payments(payments, merged, lead, until):
    merges = [
        {"subscriber_id": "bea", "happened_at": day(-5), "kind": "merged", "merged_into": "ana"}
    ]
    labels = silence_labels(
        tables(payments=payments, merges=merges if merged else []),
        spine_of("cid", "bea", "ana"),
        lead_days=lead,
        horizon_days=30,
        known_until=day(until),
    )
    assert labels["subscriber_id"].to_list() == ["cid", "bea", "ana"]
    assert labels.select("churned", "cause", "left_at", "settled_at").rows() == [
        walked(payments, who, merged, lead, day(until)) for who in ("cid", "bea", "ana")
    ]


CONTACTS = st.lists(
    st.tuples(
        PEOPLE,
        st.sampled_from([-31.0, -30.0, -1.0, 0.0, 4.999, 5.0, 29.999, 30.0]),
        st.sampled_from(["contacted", "offered", "listed", "held_out"]),
    ),
    max_size=6,
)


@given(contacts=CONTACTS, reach=st.sampled_from([0, 1, 30]))
def test_a_contact_counts_from_its_reach_before_the_date_until_the_outcome_is_settled(
    contacts, reach
):
    rows = [
        {"subscriber_id": who, "happened_at": day(when), "kind": kind}
        for who, when, kind in contacts
    ]
    starts = [happened("started", -100, who, who) for who in ("ana", "bea", "cid")]
    events = tables(subscriptions=[*starts, happened("ended", 5, "ana", "ana")], contacts=rows)
    spine = spine_of("bea", "ana", "cid")
    labels = contract_labels(
        events, spine, lead_days=0, horizon_days=30, grace_days=0, known_until=day(99)
    )
    found = contacted_before_settled(events, labels, reach_days=reach, known_until=day(99))
    settled = {"ana": 5, "bea": 30, "cid": 30}
    assert found.to_list() == [
        any(
            name == who and kind in {"contacted", "offered"} and -reach <= when < settled[who]
            for name, when, kind in contacts
        )
        for who in ("bea", "ana", "cid")
    ]


@pytest.mark.parametrize(
    ("as_of", "ended", "horizon", "churned"),
    [
        # February has a 29th: thirty days from the 30th of January end on the 29th.
        ("2024-01-30", "2024-02-28 23:59", 30, True),
        ("2024-01-30", "2024-02-29 00:00", 30, False),
        ("2023-01-30", "2023-02-28 23:59", 30, True),
        ("2023-01-30", "2023-03-01 00:00", 30, False),
        ("2024-02-29", "2024-02-29 00:00", 1, True),
        ("2024-02-29", "2024-03-01 00:00", 1, False),
        # The clocks of Europe change on this day; windows are in UTC.
        ("2026-03-29", "2026-03-29 23:59", 1, True),
        ("2026-03-29", "2026-03-30 00:00", 1, False),
        ("2025-12-31", "2025-12-31 23:59", 1, True),
        ("2025-12-31", "2026-01-01 00:00", 1, False),
    ],
)
def test_a_window_has_as_many_days_of_24_hours_as_it_says(as_of, ended, horizon, churned):
    date, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (as_of, ended))
    row = {"subscriber_id": "ana", "subscription_id": "s1"}
    events = tables(
        subscriptions=[
            {**row, "kind": "started", "happened_at": datetime(2020, 1, 1, tzinfo=UTC)},
            {**row, "kind": "ended", "happened_at": end},
        ]
    )
    labels = contract_labels(
        events,
        spine_of("ana", as_of=date),
        lead_days=0,
        horizon_days=horizon,
        grace_days=0,
        known_until=datetime(2030, 1, 1, tzinfo=UTC),
    )
    assert labels["churned"].item() is churned


@given(
    ends=st.lists(st.integers(-40, 400), max_size=2),
    back=st.lists(st.integers(-40, 400), max_size=2),
    known=st.integers(0, 450),
    grace=st.sampled_from([0, 10]),
)
def test_the_month_of_a_leaving_is_counted_from_the_date(ends, back, known, grace):
    rows = [
        happened("started", -100),
        *(happened("ended", when) for when in ends),
        *(happened("started", when + 0.5) for when in back),
    ]
    until = day(known)
    months, left = leaving_months(
        tables(subscriptions=rows),
        spine_of("ana"),
        months=12,
        horizon_days=30,
        grace_days=grace,
        known_until=until,
    ).row(0)
    story = sorted(
        [(-100.0, True), *((float(when), False) for when in ends)]
        + [(when + 0.5, True) for when in back]
    )
    seen = [(when, kept) for when, kept in story if when < known]
    kept_before = [kept for when, kept in seen if when < 0][-1:]
    if kept_before != [True]:
        assert (months, left) == (None, None)
        return
    assert months == min(12, max(0, (known - grace) // 30))
    lasting = [
        when
        for index, (when, kept) in enumerate(seen)
        if not kept
        and seen[index - 1][1]
        and when >= 0
        and not any(again and later < when + grace for later, again in seen[index + 1 :])
    ]
    month = int(lasting[0] // 30) if lasting else None
    assert left == (month if month is not None and month < months else None)


@pytest.mark.parametrize(
    ("known", "months", "left"),
    [(39, 0, None), (40, 1, None), (69, 1, None), (70, 2, 1), (400, 12, 1)],
)
def test_a_leaving_counts_once_its_month_and_the_grace_have_closed(known, months, left):
    found = leaving_months(
        tables(subscriptions=[happened("started", -100), happened("ended", 35)]),
        spine_of("ana"),
        months=12,
        horizon_days=30,
        grace_days=10,
        known_until=day(known),
    )
    assert found.row(0) == (months, left)


@pytest.mark.parametrize(("when", "churned"), [(29.999, False), (30, True), (0, False), (-1, True)])
def test_a_payment_at_the_end_of_the_window_is_too_late(when, churned):
    labels = silence_labels(
        tables(payments=[paid(when)]),
        spine_of("ana"),
        lead_days=0,
        horizon_days=30,
        known_until=day(99),
    )
    assert labels["churned"].item() is churned


def test_of_an_empty_spine_there_are_no_labels():
    empty = spine_of()
    window = {"lead_days": 0, "horizon_days": 30, "known_until": AS_OF + timedelta(days=99)}
    assert silence_labels(tables(), empty, **window).height == 0
    labels = contract_labels(tables(), empty, grace_days=30, **window)
    assert labels.height == 0
    assert labels.schema["churned"] == pl.Boolean
