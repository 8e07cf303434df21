"""A night beside the one before: bands that do not flicker, who moved, by what; how they stand."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.publish.band_changes import moved
from perdura.risk.publish.phrases import Phrasebook
from perdura.risk.publish.ranking import Bands
from perdura.risk.schema.recent import STATES
from perdura.risk.schema.views import CURRENT, HISTORY, MOVES
from perdura.risk.store.connect import reading, writing
from perdura.risk.table import publish, riskiest

MARCH_1, MARCH_2, MARCH_3 = (date(2026, 3, day) for day in (1, 2, 3))
FAILED = {"signal": "failed payments", "text": "2 payments failed"}
MORE = {"signal": "failed payments", "text": "3 payments failed"}
WAITED = {"signal": "waiting", "text": "Waited 41 hours"}
BANDS = Bands(high=0.25, medium=0.10, stays=0.8)


def row(who: str, risk: float, *reasons: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "subscriber_id": who,
        "state": "active",
        "risk": risk,
        "risk_voluntary": risk,
        "risk_payment": 0.0,
        "mrr": 1000,
        "currency": "EUR",
        "reasons": [*reasons],
        "action": "call",
        "action_text": "Call",
        **others,
    }


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/risk.db"


def night(url: str, day: date, *rows: dict[str, Any], version: str = "7") -> None:
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    publish(frame, url, scored_on=day, model_version=version, bands=BANDS)


def told(url: str, *names: str) -> list[tuple[Any, ...]]:
    by_id = sorted(riskiest(url, 100), key=lambda one: one["subscriber_id"])
    return [tuple(one[name] for name in names) for one in by_id]


def view(url: str, table: sa.Table, *names: str) -> list[tuple[Any, ...]]:
    columns = [table.c[name] for name in names]
    with reading(url) as connection:
        return [
            tuple(found) for found in connection.execute(sa.select(*columns).order_by(*columns))
        ]


# Bands.


def test_whoever_is_in_a_band_stays_until_the_risk_is_well_below_where_it_begins(url):
    night(url, MARCH_1, row("ann", 0.26), row("bob", 0.24), row("cid", 0.26), row("dan", 0.11))
    night(url, MARCH_2, row("ann", 0.21), row("bob", 0.21), row("cid", 0.19), row("dan", 0.09))
    assert told(url, "subscriber_id", "band", "band_before", "risk_before") == [
        ("ann", "high", "high", 0.26),
        ("bob", "medium", "medium", 0.24),
        ("cid", "medium", "high", 0.26),
        ("dan", "medium", "medium", 0.11),
    ]


def test_whoever_is_new_or_rises_is_where_the_risk_says(url):
    night(url, MARCH_1, row("ann", 0.09))
    night(url, MARCH_2, row("ann", 0.25), row("bob", 0.21))
    names = ("subscriber_id", "band", "band_before", "risk_before")
    assert told(url, *names) == [("ann", "high", "low", 0.09), ("bob", "medium", None, None)]


def test_it_is_the_newest_night_before_that_counts_even_where_one_was_missed(url):
    night(url, MARCH_1, row("ann", 0.26))
    night(url, MARCH_3, row("ann", 0.21))
    assert told(url, "band") == [("high",)]


@given(st.floats(0, 1), st.sampled_from(["high", "medium", "low"]), st.floats(0.01, 1), st.data())
def test_a_band_never_differs_from_the_plain_one_but_to_stay(risk, before, high, data):
    bands = Bands(high=high, medium=data.draw(st.floats(0.005, high)), stays=0.8)
    one = pl.DataFrame(
        [{"subscriber_id": "ann", "risk": risk, "band": "", "reasons": "[]"}]
    ).with_columns(band_before=pl.lit(None, pl.String), risk_before=pl.lit(None, pl.Float64))
    one = one.with_columns(moved_by_phrase=pl.lit(None, pl.Int64))
    past = pl.DataFrame({"subscriber_id": ["ann"], "band_before": [before], "risk_before": [risk]})
    settled = moved(one, past, bands, lambda _ids: {}, Phrasebook())["band"].item()
    plain = "high" if risk >= bands.high else "medium" if risk >= bands.medium else "low"
    assert settled in {plain, before, "medium"}
    # Not below where the band ends, even for who was in it, and never lower than the risk says.
    assert {"high": risk >= 0.8 * bands.high, "medium": risk >= 0.8 * bands.medium, "low": True}[
        settled
    ]
    order = ["low", "medium", "high"]
    assert order.index(settled) >= order.index(plain)
    if order.index(settled) > order.index(plain):
        assert order.index(settled) <= order.index(before)


# Who moved, and by what.


def test_who_rose_is_told_with_the_reason_that_came_and_who_fell_with_the_one_that_went(url):
    night(url, MARCH_1, row("ann", 0.05, WAITED), row("bob", 0.5, FAILED, WAITED), row("cid", 0.5))
    night(url, MARCH_2, row("ann", 0.5, WAITED, FAILED), row("bob", 0.05, WAITED), row("cid", 0.4))
    names = ("subscriber_id", "band_before", "band", "moved_by")
    assert view(url, MOVES, *names) == [
        ("ann", "low", "high", "2 payments failed"),
        ("bob", "high", "low", "2 payments failed"),
    ]


def test_a_reason_that_says_something_else_than_it_did_moved_them(url):
    night(url, MARCH_1, row("ann", 0.05, FAILED))
    night(url, MARCH_2, row("ann", 0.5, MORE))
    assert view(url, MOVES, "moved_by") == [("3 payments failed",)]


def test_where_the_reasons_are_the_same_nothing_is_made_up(url):
    night(url, MARCH_1, row("ann", 0.05, FAILED))
    night(url, MARCH_2, row("ann", 0.5, FAILED))
    assert view(url, MOVES, "moved_by") == [(None,)]


def test_a_night_done_again_stands_beside_the_same_night(url):
    night(url, MARCH_1, row("ann", 0.26))
    night(url, MARCH_2, row("ann", 0.21))
    night(url, MARCH_2, row("ann", 0.22))
    assert told(url, "band", "risk_before") == [("high", 0.26)]


def test_a_night_whose_night_before_was_done_anew_is_no_longer_the_same(url):
    night(url, MARCH_1, row("ann", 0.26))
    night(url, MARCH_2, row("ann", 0.21))
    night(url, MARCH_1, row("ann", 0.24))
    night(url, MARCH_2, row("ann", 0.21))
    assert told(url, "band", "risk_before") == [("medium", 0.24)]


# How they stand by now.


def test_who_has_cancelled_since_is_leaving_and_not_at_risk(url):
    night(url, MARCH_1, row("ann", 0.4), row("bob", 0.5))
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with writing(url) as connection:
        since = {"subscriber_id": "ann", "state": "leaving", "since": noon, "as_of": noon}
        connection.execute(sa.insert(STATES).values(since))
    names = ("subscriber_id", "state", "state_scored", "state_since")
    assert view(url, CURRENT, *names) == [
        ("ann", "leaving", "active", noon),
        ("bob", "active", "active", None),
    ]
    # A later night knows it itself.
    night(url, MARCH_2, row("ann", 0.4), row("bob", 0.5))
    assert view(url, CURRENT, *names)[0] == ("ann", "active", "active", None)


def test_all_nights_can_be_asked_at_once(url):
    night(url, MARCH_1, row("ann", 0.4))
    night(url, MARCH_2, row("ann", 0.5))
    assert view(url, HISTORY, "scored_on", "risk") == [(MARCH_1, 0.4), (MARCH_2, 0.5)]
    assert view(url, CURRENT, "scored_on", "risk") == [(MARCH_2, 0.5)]


def _reason(signal: str, column: str, value: float | None, text: str) -> dict[str, Any]:
    return {"signal": signal, "column": column, "value": value, "text": text}


TENURE = _reason("tenure", "days_since_first_start", 0.4, "Joined today")
OLD = _reason("tenure", "days_since_first_start", 401.0, "A customer for 401 days")
PLAN = _reason("plan", "plan", None, "On the basic plan")
MONTHLY = _reason("interval", "interval_months", 1.0, "Pays month by month")
PRICE = _reason("price", "mrr", 900.0, "Pays 9.00 a month")
LONG_AGO = _reason("payments", "days_since_paid", 40.0, "Last paid 40 days ago")
JUST_NOW = _reason("failures", "days_since_payment_failed", 0.3, "A payment failed today")
RENEWAL = _reason("renewal", "days_to_renewal", 3.0, "Renews in 3 days")
COUNTED = _reason("tickets", "tickets_opened_7d", 3.0, "3 tickets in the last 7 days")


@pytest.mark.parametrize("still", [OLD, TENURE, PLAN, MONTHLY, PRICE, LONG_AGO, RENEWAL])
def test_what_cannot_have_changed_overnight_moved_nobody(url, still):
    night(url, MARCH_1, row("ann", 0.05), row("bob", 0.5, still))
    night(url, MARCH_2, row("ann", 0.5, still), row("bob", 0.05))
    assert told(url, "subscriber_id", "moved_by") == [("ann", None), ("bob", None)]
    night(url, MARCH_2, row("ann", 0.5, still, COUNTED), row("bob", 0.05))
    assert told(url, "moved_by")[0] == ("3 tickets in the last 7 days",)


def test_time_since_an_event_is_news_where_the_event_came_between_the_nights(url):
    day_and_half = JUST_NOW | {"value": 1.5}
    night(url, MARCH_1, row("ann", 0.05), row("bob", 0.05), row("cid", 0.5, JUST_NOW))
    night(url, MARCH_2, row("ann", 0.5, JUST_NOW), row("bob", 0.5, day_and_half), row("cid", 0.05))
    assert told(url, "moved_by") == [("A payment failed today",), (None,), (None,)]


def test_after_a_night_that_was_missed_it_may_have_come_on_either_day(url):
    night(url, MARCH_1, row("ann", 0.05))
    night(url, MARCH_3, row("ann", 0.5, JUST_NOW | {"value": 1.5}))
    assert told(url, "moved_by") == [("A payment failed today",)]
