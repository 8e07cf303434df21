"""The frame that features are built into: its rows, its columns, and what is said meanwhile."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.build import build_features
from perdura.features.definition import Derived, Latest, Over, Phrases, Since
from perdura.sources.events import PAYMENTS, TICKETS, USAGE
from tests.support.measured import a_feature
from tests.support.tables import events, spine

WORDS = Phrases("", "", "")
COUNT = a_feature(PAYMENTS, Over("count"), windows=(7, 30), name="n", when_empty=0)
METHOD = a_feature(PAYMENTS, Latest("method"), name="method", unit="category")
PAID = [
    {"kind": "paid", "happened_at": "2026-02-10", "method": "card"},
    {"kind": "paid", "happened_at": "2026-02-25", "subscriber_id": "bob"},
]


def derived(sql: str) -> Derived:
    return Derived(name="d", sql=sql, unit="share", signal="s", en=WORDS, es=WORDS)


def test_columns_follow_the_spine_s_own_in_the_order_of_the_features():
    asked = spine(("ann", "2026-03-01")).with_columns(plan=pl.lit("kept"))
    built = build_features(events(payments=PAID), [METHOD, derived("n_7d + 1"), COUNT], asked)
    assert built.columns == ["subscriber_id", "as_of", "plan", "method", "d", "n_7d", "n_30d"]
    assert built.row(0)[2:] == ("kept", "card", 1, 0, 1)
    assert built.schema["d"] == built.schema["n_7d"] == pl.Float64
    assert built.schema["method"] == pl.String


def test_rows_stay_in_the_order_of_the_spine():
    pairs = [("bob", "03-01"), ("ann", "02-11"), ("bob", "02-11"), ("ann", "03-01")]
    asked = spine(*((name, f"2026-{day}") for name, day in pairs))
    built = build_features(events(payments=PAID), [COUNT], asked)
    assert built["n_30d"].to_list() == [1, 1, 0, 1]
    assert built["n_7d"].to_list() == [1, 1, 0, 0]


@given(st.permutations([("ann", 1), ("ann", 9), ("bob", 1), ("bob", 20), ("zoe", 3)]))
def test_a_row_depends_on_no_other_row_of_the_spine(pairs):
    table = events(payments=PAID)
    asked = spine(*((name, f"2026-03-{day:02}") for name, day in pairs))
    whole = build_features(table, [COUNT, METHOD], asked)
    for number in range(asked.height):
        alone = build_features(table, [COUNT, METHOD], asked[number])
        assert alone.equals(whole[number])


def test_nothing_divided_by_nothing_is_unknown():
    built = build_features(
        events(), [COUNT, derived("n_7d / nullif(n_30d, 0)")], spine(("ann", "2026-03-01"))
    )
    assert built["d"].to_list() == [None]


def test_an_empty_spine_has_the_columns_and_no_rows():
    built = build_features(events(payments=PAID), [COUNT, METHOD], spine())
    assert built.shape == (0, 5)
    assert built.schema["n_7d"] == pl.Float64
    assert built.schema["method"] == pl.String


def test_without_features_the_spine_is_as_it_was():
    asked = spine(("ann", "2026-03-01"))
    assert build_features(events(), [], asked).equals(asked)


def test_the_moments_of_the_spine_are_kept_as_they_were_given():
    asked = pl.DataFrame({"subscriber_id": ["ann"], "as_of": [date(2026, 3, 1)]})
    built = build_features(events(payments=PAID), [COUNT], asked)
    assert built.schema["as_of"] == pl.Date
    assert built["n_30d"].to_list() == [1]


def test_progress_names_each_table_before_it_is_measured():
    said = []
    features = [
        COUNT,
        a_feature(TICKETS, Since("last"), name="t", unit="days"),
        a_feature(USAGE, Over("count"), windows=(7,), name="u"),
    ]
    build_features(
        events(), features, spine(("ann", "2026-03-01")), lambda *step: said.append(step)
    )
    assert said == [(0, 3, "payments"), (1, 3, "tickets"), (2, 3, "usage")]


def test_a_derived_column_of_unknown_columns_names_the_one_that_is_missing():
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="n_90d"):
        build_features(events(), [COUNT, derived("n_90d / 2")], spine(("ann", "2026-03-01")))
