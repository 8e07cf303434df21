"""The compiled builder gives what the plain one gives, of any features, events and spine."""

from datetime import timedelta
from functools import partial

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from perdura.features.build import build_features
from perdura.features.catalogue import WITH_CONTACTS
from perdura.features.definition import Balance, Feature, Latest, Over, Phrases, Since
from perdura.features.engine import reference
from perdura.features.engine.column_plan import MOST_CHANNELS, plans
from perdura.features.topics.payments import AMOUNT_PAID, PAYMENT_FEATURES
from perdura.sources.events import EVENT_TABLES, MOMENT, PAYMENTS, SUBSCRIPTIONS, TICKETS
from tests.support.tables import at, events, spine

START = at("2026-03-01")
DAYS = (7, 30, 90)
HOWS = ["count", "sum", "mean", "max", "min"]
WHO = ["ann", "bob", "eve", "joe"]

# Dates lie a day to three months apart; events at the edges of their windows, or a microsecond off.
DATES = [START, START + timedelta(days=1), START + timedelta(days=31), START + timedelta(days=90)]
EDGES = [date - timedelta(days=days) for date in DATES for days in (0, *DAYS)]
MOMENTS = st.builds(
    lambda edge, off: edge + timedelta(microseconds=off),
    st.sampled_from(EDGES),
    st.sampled_from([-1, 0, 1]),
) | st.builds(lambda hours: START + timedelta(hours=hours), st.integers(-3000, 3000))
# Accounts are merged between the dates as often as at any moment.
MERGED = st.sampled_from([START + timedelta(hours=12), START + timedelta(days=40)]) | MOMENTS
LAGS = st.sampled_from([0, 0, 0, 1, 3600, 86_400, 40 * 86_400])

TEXT = st.sampled_from(["a", "b", None])
NUMBER = st.sampled_from([-7, 0, 1, 900, 2**40, None])
FLOAT = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1e6 / 3, -2.5, None])
VALUES = {pl.String: TEXT, pl.Int32: st.sampled_from([0, 1, 12, None]), pl.Int64: NUMBER}


def table_rows(table):
    own = {name: VALUES.get(kind, FLOAT) for name, kind in table.columns.items()}
    own |= {name: st.sampled_from(["1", "2"]) for name in table.required}
    if table.name == "merges":
        own["merged_into"] = st.sampled_from(WHO)
    row = st.fixed_dictionaries(
        {
            "subscriber_id": st.sampled_from(WHO),
            "happened_at": MERGED if table.name == "merges" else MOMENTS,
            "lag": LAGS,
            "kind": st.sampled_from(table.kinds or ["used"]),
            **own,
        }
    )
    most = 3 if table.name == "merges" else 12
    return st.lists(row, max_size=most).map(partial(frame, table))


def frame(table, rows):
    for row in rows:
        row["known_at"] = row["happened_at"] + timedelta(seconds=row.pop("lag"))
    return pl.LazyFrame(rows, schema=table.schema)


HISTORIES = st.fixed_dictionaries({table.name: table_rows(table) for table in EVENT_TABLES})
PAIRS = st.lists(
    st.tuples(st.sampled_from([*WHO, "zoe"]), st.sampled_from(DATES)), unique=True, max_size=12
).map(
    lambda pairs: pl.DataFrame(pairs, {"subscriber_id": pl.String, "as_of": MOMENT}, orient="row")
)


def made(table, measure, where, windows, money, number):  # noqa: PLR0917
    return Feature(
        name=f"f{number}",
        events=table,
        measure=measure,
        where=where,
        windows=windows,
        when_empty=None,
        unit="money" if money else "category" if is_text(table, measure) else "points",
        signal="s",
        currency="currency" if money else None,
        en=Phrases("", "", ""),
        es=Phrases("", "", ""),
    )


def is_text(table, measure):
    return isinstance(measure, Latest) and table.columns[measure.column] == pl.String


@st.composite
def one_feature(draw):
    table = draw(st.sampled_from([PAYMENTS, TICKETS, SUBSCRIPTIONS]))
    thing = next(iter(table.columns))
    where = draw(st.sampled_from(["true", f"kind = '{table.kinds[1]}'", f"{thing} <> '1'"]))
    if table is SUBSCRIPTIONS:
        where = draw(st.sampled_from([where, "mrr > mrr_before", "plan = plan_before"]))
    columns = [name for name, kind in table.columns.items() if kind != pl.String]
    measure = draw(
        st.sampled_from([Since("first"), Since("last"), Over("count")])
        | st.builds(
            Over, st.sampled_from(["count", "sum", "mean", "max", "min"]), st.sampled_from(columns)
        )
        | st.builds(Latest, st.sampled_from(sorted(table.columns)))
        | st.just(
            Balance(
                f"kind = '{table.kinds[0]}'",
                f"kind = '{table.kinds[1]}'",
                thing,
            )
        )
    )
    windows = draw(st.sampled_from([(7,), DAYS])) if isinstance(measure, Over) else ()
    adds = isinstance(measure, Over) and measure.column is not None and "currency" in table.columns
    return table, measure, where, windows, adds and draw(st.booleans())


@st.composite
def some_features(draw):
    drawn = draw(st.lists(one_feature(), min_size=1, max_size=8))
    return [
        made(table, measure, where, windows, money, number)
        for number, (table, measure, where, windows, money) in enumerate(drawn)
    ]


def assert_same(events, features, pairs):
    fast, plain = (
        build(events, features, pairs) for build in (build_features, reference.build_features)
    )
    assert_frame_equal(fast, plain, rel_tol=1e-12, abs_tol=0, check_exact=False)


@settings(max_examples=100)
@given(events=HISTORIES, features=some_features(), pairs=PAIRS)
def test_any_features_are_as_the_plain_builder_measures_them(events, features, pairs):
    assert_same(events, features, pairs)


@settings(max_examples=10)
@given(events=HISTORIES, pairs=PAIRS)
def test_so_is_the_whole_catalogue(events, pairs):
    assert_same(events, WITH_CONTACTS, pairs)


PLAIN = [feature for feature in PAYMENT_FEATURES if isinstance(feature, Feature)]
NOTHING = {table.name: pl.LazyFrame(schema=table.schema) for table in EVENT_TABLES}


@settings(max_examples=60)
@given(payments=table_rows(PAYMENTS), alone=st.sampled_from(PLAIN), pairs=PAIRS)
@example(
    # The last currency is of a row that the feature itself does not count.
    payments=events(
        payments=[
            {"happened_at": "2026-02-20", "kind": "paid", "amount": 900, "currency": "EUR"},
            {"happened_at": "2026-02-21", "kind": "failed", "amount": 70, "currency": "USD"},
        ]
    )["payments"],
    alone=AMOUNT_PAID,
    pairs=spine(("ann", "2026-03-01")),
)
def test_a_column_depends_on_no_other_feature_that_is_measured(payments, alone, pairs):
    tables = {**NOTHING, "payments": payments}
    one, whole = (build_features(tables, some, pairs) for some in ([alone], PLAIN))
    assert_frame_equal(one, whole.select(one.columns), check_exact=True)


class TestManyDates:
    def test_are_measured_in_blocks(self):
        days = [f"{day:%Y-%m-%d}" for day in (START + timedelta(days=n) for n in range(300))]
        told = events(payments=[{"happened_at": day, "kind": "paid", "amount": 1} for day in days])
        count = made(PAYMENTS, Over("count"), "true", (7,), False, 0)
        found = build_features(told, [count], spine(*(("ann", day) for day in days)))["f0_7d"]
        assert found.to_list() == [min(n, 7) or None for n in range(300)]


class TestManyChannels:
    def test_are_measured_in_several_passes(self):
        wheres = [f"amount = {n}" for n in range(MOST_CHANNELS * 2)]
        features = [
            made(PAYMENTS, Over("count"), where, (7,), False, n) for n, where in enumerate(wheres)
        ]
        told = events(payments=[{"happened_at": "2026-02-28", "kind": "paid", "amount": 40}])
        row = build_features(told, features, spine(("ann", "2026-03-01"))).row(0, named=True)
        assert {name for name, n in row.items() if n == 1} == {"f40_7d"}
        assert len(plans(features)) > 1


class TestUnordered:
    def test_the_order_of_rows_does_not_matter(self):
        rows = [
            {"happened_at": f"2026-02-{day:02}", "kind": "replied", "ticket_id": f"{day % 3}",
             "hours": 0.1 * day, "subscriber_id": who}
            for day in range(1, 28) for who in ("ann", "bob")
        ]  # fmt: skip
        asked = spine(("bob", "2026-03-01"), ("ann", "2026-02-14"))
        there, back = (
            build_features(events(tickets=each), WITH_CONTACTS, asked)
            for each in (rows, rows[::-1])
        )
        assert_frame_equal(there, back, check_exact=True)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_threads_change_nothing(threads, tmp_path):
    import os
    import subprocess
    import sys

    script = (
        "import polars as pl; from perdura.features.build import build_features; "
        "from perdura.features.catalogue import WITH_CONTACTS; "
        "from tests.support.tables import events, spine; "
        "rows = [{'happened_at': f'2026-02-{d:02}', 'kind': 'paid', 'amount': d, "
        "'subscriber_id': f's{w}'} for d in range(1, 28) for w in range(20)]; "
        "asked = spine(*((f's{w}', '2026-03-01') for w in range(20))); "
        "print(build_features(events(payments=rows), WITH_CONTACTS, asked).hash_rows().sum(), "
        "pl.thread_pool_size())"
    )
    environment = {**os.environ, "POLARS_MAX_THREADS": threads}
    told = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True, text=True
    )
    assert told.stdout.split()[1] == threads
