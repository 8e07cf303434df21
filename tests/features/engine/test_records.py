"""Records: each row with the subscribers and dates that see it, as plain loops say."""

from collections import Counter
from datetime import timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.definition import Over
from perdura.features.engine.column_plan import plans
from perdura.features.engine.kernel_spec import WindowEdges
from perdura.features.engine.records import gathered
from perdura.features.engine.spine import numbered
from perdura.sources.events import MOMENT, PAYMENTS
from tests.support.measured import a_feature
from tests.support.tables import at, events

START = at("2026-03-01")
HOUR = timedelta(hours=1)
NAMES = ["ann", "bob", "old", "zoe"]
DATES = [START, START + 24 * HOUR, START + 240 * HOUR]

(PLAN,) = plans(
    [
        a_feature(PAYMENTS, Over("count"), "kind = 'paid'", (7,), name="a"),
        a_feature(PAYMENTS, Over("sum", "amount"), "true", (1,), name="b"),
    ]
)

ROWS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(["paid", "failed"]),
        st.sampled_from([None, 0, 7, -(2**40)]),
        st.integers(-200, 250),
        st.sampled_from([0, 0, 1, 30, 400]),
    ),
    max_size=12,
)
#: When ``old`` became ``ann``, and when that was known: hours after START.
MERGED = st.none() | st.tuples(st.integers(-30, 200), st.sampled_from([0, 5, 100]))


def text(hours):
    return f"{START + hours * HOUR:%Y-%m-%d %H:%M}"


def tables(rows, merged):
    payments = [
        {"subscriber_id": name, "kind": kind, "amount": amount, "happened_at": text(hours),
         "known_at": text(hours + lag)}
        for name, kind, amount, hours, lag in rows
    ]  # fmt: skip
    merges = [
        {"subscriber_id": "old", "merged_into": "ann", "kind": "merged",
         "happened_at": text(hours), "known_at": text(hours + lag)}
        for hours, lag in ([merged] if merged else [])
    ]  # fmt: skip
    return events(payments=payments, merges=merges)


def pairs_of(names):
    rows = [(name, date) for name in names for date in DATES]
    return pl.DataFrame(rows, {"subscriber_id": pl.String, "as_of": MOMENT}, orient="row")


def seen(rows, merged, names, edges):
    """How often each subscriber sees what of which row at each date."""
    found = Counter()
    for name, kind, amount, hours, lag in rows:
        bits = (kind == "paid") | (amount is not None) << 1
        happened = START + hours * HOUR
        for date, as_of in enumerate(DATES):
            linked = merged and START + sum(merged) * HOUR < as_of
            owner = "ann" if name == "old" and linked else name
            if owner in names and bits and happened + lag * HOUR < as_of:
                moment = (happened - at("1970-01-01")) // timedelta(microseconds=1)
                interval = int(np.searchsorted(edges, moment, side="right"))
                found[names.index(owner), date, moment * 16, interval, bits, amount or 0] += 1
    return found


@given(ROWS, MERGED, st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
def test_a_subscriber_sees_at_each_date_the_rows_known_by_then(rows, merged, names):
    data = tables(rows, merged)
    spine = numbered(pairs_of(names), data)
    cuts = WindowEdges.from_dates(spine.dates, PLAN.windows)
    lazy = data["payments"].with_columns(tie=pl.lit(0))
    records = gathered(lazy, PLAN, spine, cuts, {})
    found = Counter()
    for number in records:
        own, starts, low, high = records.of_range(number)
        assert (starts[0], starts[-1], high - low) == (0, len(own), len(starts) - 1)
        for person in range(low, high):
            for moment, what, amount in own[starts[person - low] : starts[person - low + 1]]:
                interval, bits = what >> 16 & 0xFFFF, what >> 32
                assert what & 255 < what >> 8 & 255, "a record that no date sees"
                for date in range(what & 255, what >> 8 & 255):
                    found[person, date, moment, interval, bits, amount] += 1
    assert found == seen(rows, merged, names, cuts.edges)


def test_subscribers_of_a_large_spine_lie_in_ranges_of_4096():
    names = [f"s{number:05}" for number in range(4_097)]
    rows = [(name, "paid", None, -5, 0) for name in names]
    data = tables(rows, None)
    spine = numbered(pairs_of(names).filter(pl.col("as_of") == START), data)
    cuts = WindowEdges.from_dates(spine.dates, PLAN.windows)
    records = gathered(data["payments"].with_columns(tie=pl.lit(0)), PLAN, spine, cuts, {})
    ranges = [records.of_range(number) for number in records]
    assert [(low, high) for _, _, low, high in ranges] == [(0, 4_096), (4_096, 4_097)]
    for _, starts, _, _ in ranges:
        assert (np.diff(starts) == 1).all()


def test_no_rows_are_no_records():
    data = tables([], None)
    spine = numbered(pairs_of(["ann"]), data)
    cuts = WindowEdges.from_dates(spine.dates, PLAN.windows)
    records = gathered(data["payments"].with_columns(tie=pl.lit(0)), PLAN, spine, cuts, {})
    own, starts, low, high = records.of_range(0)
    assert (len(own), starts.tolist(), low, high) == (0, [0, 0], 0, 1)
