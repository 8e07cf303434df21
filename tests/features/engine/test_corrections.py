"""Subscribers that are measured again plainly: those with versions, late events or merges."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.build import build_features
from perdura.features.definition import Balance, Latest, Over
from perdura.features.engine import reference
from perdura.features.engine.column_plan import plans
from perdura.features.engine.corrections import corrected, recompute
from perdura.features.engine.spine import numbered
from perdura.sources.events import PAYMENTS, SUBSCRIPTIONS, TICKETS, USAGE
from perdura.sources.versions import Landed
from tests.support.measured import a_feature
from tests.support.tables import at, events, spine

PAIRS = spine(*((name, "2026-03-01") for name in ("ann", "bob", "eve")))
VERSIONS = [
    {"payment_id": "p1", "kind": "paid", "happened_at": "2026-02-01", "amount": 5},
    {"payment_id": "p1", "kind": "paid", "happened_at": "2026-02-01", "known_at": "2026-02-09",
     "amount": 7},
]  # fmt: skip
OTHERS = [
    {"payment_id": "p2", "kind": "paid", "happened_at": "2026-02-01", "subscriber_id": "bob"},
    {"payment_id": "p2", "kind": "failed", "happened_at": "2026-02-01", "subscriber_id": "bob"},
    {"payment_id": "p3", "kind": "paid", "happened_at": "2026-02-02", "subscriber_id": "eve"},
    {"payment_id": "p3", "kind": "paid", "happened_at": "2026-02-03", "subscriber_id": "eve"},
]
MERGED = {"kind": "merged", "happened_at": "2026-02-20", "subscriber_id": "old"}


def concerned(table, **rows):
    data = events(**rows)
    numbers = corrected(data, data[table.name], table, numbered(PAIRS, data))
    return [PAIRS["subscriber_id"][number] for number in numbers.tolist()]


class TestConcerned:
    def test_are_those_with_an_event_known_again_at_another_time(self):
        assert concerned(PAYMENTS, payments=VERSIONS + OTHERS) == ["ann"]

    def test_are_none_where_kind_moment_or_payment_differ(self):
        assert concerned(PAYMENTS, payments=OTHERS) == []

    def test_are_none_where_both_rows_were_known_at_once(self):
        twice = [VERSIONS[0], VERSIONS[0] | {"amount": 7}]
        assert concerned(PAYMENTS, payments=twice) == []

    def test_are_none_of_a_table_whose_events_are_of_no_thing(self):
        used = [{"kind": "used", "happened_at": "2026-02-01", "quantity": 1.0}]
        late = [used[0] | {"known_at": "2026-02-09"}]
        assert concerned(USAGE, usage=used + late) == []

    def test_are_not_looked_for_where_every_event_lies_once(self):
        data = Landed(events(payments=VERSIONS), once=["payments"])
        spined = numbered(PAIRS, data)
        assert corrected(data, data["payments"], PAYMENTS, spined).tolist() == []

    def test_are_only_those_of_the_spine(self):
        elsewhere = [row | {"subscriber_id": "zoe"} for row in VERSIONS]
        assert concerned(PAYMENTS, payments=elsewhere) == []

    @pytest.mark.parametrize(
        ("payment", "names"), [("p1", ["ann"]), ("p9", []), (None, [])], ids=str
    )
    def test_are_merged_accounts_whose_rows_are_versions_once_they_are_one(self, payment, names):
        rows = [VERSIONS[0], VERSIONS[1] | {"subscriber_id": "old", "payment_id": payment}]
        merges = [MERGED | {"merged_into": "ann"}]
        assert concerned(PAYMENTS, payments=rows, merges=merges) == names

    def test_of_subscriptions_are_all_that_a_merge_concerns(self):
        """Those that went from one account to the other are left out, which takes both."""
        started = [{"kind": "started", "happened_at": "2026-02-01", "subscription_id": "1"}]
        merges = [MERGED | {"merged_into": "bob"}]
        assert concerned(SUBSCRIPTIONS, subscriptions=started, merges=merges) == ["bob"]


def test_only_the_rows_of_the_concerned_are_written_again():
    (plan,) = plans(
        [
            a_feature(PAYMENTS, Over("sum", "amount"), windows=(60,), name="sum"),
            a_feature(PAYMENTS, Latest("method"), name="method", unit="category"),
        ]
    )
    methods = ["b", "a", "c", "b", "a", "c"]
    rows = [row | {"method": one} for row, one in zip(VERSIONS + OTHERS, methods, strict=True)]
    data = events(payments=rows)
    out = np.full((2, 3), 99.0)
    texts = plan.texts_in(data["payments"])
    numbers = np.array([0, 2])
    recompute(data, plan, PAIRS, numbered(PAIRS, data), people=numbers, texts=texts, out=out)
    np.testing.assert_array_equal(out, [[7, 99, np.nan], [0, 99, 2]])


DAY = timedelta(days=1)
ROW = st.fixed_dictionaries(
    {
        "subscriber_id": st.sampled_from(["ann", "bob", "old"]),
        "ticket_id": st.sampled_from(["1", "2"]),
        "kind": st.sampled_from(["opened", "resolved", "rated"]),
        "day": st.integers(0, 3),
        "lag": st.sampled_from([0, 0, 1, 5]),
        "score": st.sampled_from([None, 1.0, 5.0]),
        "topic": st.sampled_from(["a", "b", None]),
    }
)
FEATURES = [
    a_feature(TICKETS, Over("count"), windows=(7,), name="n", when_empty=0),
    a_feature(TICKETS, Over("count", "score"), windows=(7,), name="scores"),
    a_feature(TICKETS, Over("mean", "score"), windows=(7, 2), name="mean"),
    a_feature(TICKETS, Latest("topic"), name="topic", unit="category"),
    a_feature(TICKETS, Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id"), name="open"),
]


@given(st.lists(ROW, max_size=12), st.booleans())
def test_versions_count_as_the_plain_builder_counts_them(rows, merged):
    """Of versions of one event, the one known last alone counts: at each date, of those known."""
    start = at("2026-02-20")
    tickets = [
        {name: value for name, value in row.items() if name not in {"day", "lag"}}
        | {
            "happened_at": f"{start + row['day'] * DAY:%Y-%m-%d}",
            "known_at": f"{start + (row['day'] + row['lag']) * DAY:%Y-%m-%d}",
        }
        for row in rows
    ]
    merges = [MERGED | {"merged_into": "ann", "happened_at": "2026-02-22"}] if merged else []
    data = events(tickets=tickets, merges=merges)
    asked = spine(*((n, f"2026-02-2{d}") for n in ("ann", "bob", "old") for d in (1, 2, 4, 8)))
    fast, plain = (
        build(data, FEATURES, asked) for build in (build_features, reference.build_features)
    )
    assert fast.equals(plain)


def test_a_version_known_later_replaces_the_one_before_only_then():
    total = a_feature(PAYMENTS, Over("sum", "amount"), windows=(60,))
    asked = spine(("ann", "2026-02-09"), ("ann", "2026-02-10"))
    found = build_features(events(payments=VERSIONS), [total], asked)
    assert found["x_60d"].to_list() == [5, 7]
    assert found.schema["x_60d"] == pl.Float64
