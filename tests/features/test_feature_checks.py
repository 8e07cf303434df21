"""What would be zero for everybody, without a word: refused, or said."""

import logging
from datetime import UTC, date, datetime

import pandas as pd
import polars as pl
import pytest

from perdura.features.build import build_features
from perdura.features.conditions import BadFeature
from perdura.features.definition import Balance, Latest, Over
from perdura.features.engine.spine_ids import BadSpine
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, USAGE
from tests.features.test_features import MARCH, feature, paid
from tests.support.tables import events, spine

COUNT = Over("count")


@pytest.mark.parametrize(
    ("table", "measure", "where", "says"),
    [
        (PAYMENTS, COUNT, "kind = 'payed'", "no kind 'payed'; did you mean 'paid'"),
        (PAYMENTS, COUNT, "KIND = 'opened'", "no kind 'opened'; "),
        (PAYMENTS, COUNT, "'failled' = kind", "did you mean 'failed'"),
        (PAYMENTS, COUNT, "kind IN ('paid', 'pending')", "no kind 'pending'"),
        (PAYMENTS, COUNT, "kind <> 'refund'", "did you mean 'refunded'"),
        (PAYMENTS, COUNT, "amount > avg(amount)", "many rows at once"),
        (PAYMENTS, COUNT, "kind = 'paid' AND count(*) > 3", "many rows at once"),
        (PAYMENTS, COUNT, "amount = max(amount) OVER (PARTITION BY kind)", "many rows|in SQL"),
        (PAYMENTS, COUNT, "ammount > 3", "no column 'ammount'; did you mean 'amount'"),
        (PAYMENTS, COUNT, "amount", "neither true nor false"),
        (PAYMENTS, COUNT, "amount >", "no condition in SQL"),
        (TICKETS, Balance("kind = 'opened'", "kind = 'closed'", "ticket_id"), "true", "'closed'"),
        (TICKETS, Balance("kind = 'opened'", "kind = 'resolved'", "ticket"), "true", "'ticket_id'"),
        (TICKETS, Over("mean", "hour"), "true", "did you mean 'hours'"),
        (TICKETS, Over("sum", "topic"), "true", "holds String and no numbers"),
        (TICKETS, Over("max"), "true", "of no column"),
        (SUBSCRIPTIONS, Latest("plann"), "true", "did you mean 'plan'"),
    ],
)
def test_a_definition_that_its_table_cannot_answer_is_refused(table, measure, where, says):
    windows = (30,) if isinstance(measure, Over) else ()
    unit = "category" if isinstance(measure, Latest) else "things"
    with pytest.raises(BadFeature, match=says):
        feature(table, measure, where, windows, unit=unit)


def test_what_a_table_can_answer_is_not():
    feature(USAGE, COUNT, "kind = 'anything'", (30,))  # any kind is allowed there
    feature(SUBSCRIPTIONS, COUNT, "kind = 'plan_changed' AND mrr > mrr_before", (30,))
    feature(TICKETS, COUNT, "topic = 'kind of max(x)' AND topic LIKE '%count(%'", (30,))
    feature(PAYMENTS, COUNT, "abs(amount) > 3 AND kind NOT IN ('paid')", (30,))
    feature(PAYMENTS, Over("sum", "amount"), windows=(30,))


COUNTED = feature(PAYMENTS, COUNT, windows=(60,), when_empty=0)
PAID = events(payments=[paid("2026-02-20"), paid("2026-02-21", subscriber_id="7")])
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"subscriber_id": [7], "as_of": [AS_OF]}, "holds Int64, e.g. 7"),
        ({"subscriber_id": [7.0], "as_of": [AS_OF]}, "holds Float64"),
        ({"subscriber_id": ["ann", None], "as_of": [AS_OF, AS_OF]}, "empty in 1 of 2 rows"),
        ({"subscriber_id": ["ann"], "as_of": ["2026-03-01"]}, "as_of of the spine holds String"),
        ({"customer": ["ann"], "as_of": [AS_OF]}, "this one has customer, as_of"),
    ],
)
def test_a_spine_of_other_ids_is_refused(asked, says):
    for frame in (pl.DataFrame(asked), pd.DataFrame(asked)):
        if "Int64" in says and isinstance(frame, pd.DataFrame):
            assert frame["subscriber_id"].dtype == "int64"
        with pytest.raises(BadSpine, match=says):
            build_features(PAID, [COUNTED], frame)


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["ann"])])
def test_ids_may_be_categories(kind):
    asked = MARCH.with_columns(pl.col("subscriber_id").cast(kind))
    built = build_features(PAID, [COUNTED], asked)
    assert built["x_60d"].to_list() == [1]
    assert built.schema["subscriber_id"] == asked.schema["subscriber_id"]


def test_a_pandas_spine_works():
    asked = pd.DataFrame(
        {
            "as_of": pd.to_datetime(["2026-03-01", "2026-03-01"]),
            "subscriber_id": ["7", "ann"],
            "more": [1, 2],
        },
        index=[5, 6],
    )
    for zone in (None, "UTC"):
        frame = asked.assign(as_of=asked["as_of"].dt.tz_localize(zone))
        built = build_features(PAID, [COUNTED], frame)
        assert built.columns == ["as_of", "subscriber_id", "more", "x_60d"]
        assert built["x_60d"].to_list() == [1, 1]
    days = pl.DataFrame({"subscriber_id": ["ann"], "as_of": [date(2026, 3, 1)]})
    assert build_features(PAID, [COUNTED], days)["x_60d"].to_list() == [1]


def test_ids_that_nobody_has_are_said_without_naming_them(caplog):
    asked = spine(("ann", "2026-03-01"), ("secret", "2026-03-01"))
    with caplog.at_level(logging.WARNING):
        assert build_features(PAID, [COUNTED], asked)["x_60d"].to_list() == [1, 0]
    assert "some of the 2 ids" in caplog.text
    assert "(1 of 1 looked for)" in caplog.text
    assert "secret" not in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        build_features(PAID, [COUNTED], spine(("secret", "2026-03-01")))
    assert "all of the 1 ids" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):  # known, though nothing is counted of them
        build_features(PAID, [COUNTED], spine(("ann", "2026-01-01")))
    assert caplog.text == ""
