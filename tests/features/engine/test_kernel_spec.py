"""Windows and plans as numbers: intervals between all edges, and places in a cell."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.features.definition import Balance, Latest, Over, Since
from perdura.features.engine.column_plan import Op, plans
from perdura.features.engine.kernel_spec import KernelSpec, WindowEdges, empty
from perdura.sources.events import PAYMENTS, TICKETS
from tests.support.measured import a_feature

DAY = 86_400_000_000
DATES = st.lists(
    st.integers(-3, 400).map(lambda day: day * DAY) | st.integers(-DAY, 9 * DAY),
    min_size=1,
    max_size=6,
    unique=True,
).map(sorted)
WINDOWS = st.lists(st.integers(1, 400), max_size=4, unique=True).map(sorted)


def interval_of(moment: int, edges: np.ndarray) -> int:
    """The number of edges at the moment or before it."""
    return sum(edge <= moment for edge in edges.tolist())


@given(DATES, WINDOWS, st.data())
def test_the_cells_of_a_window_hold_what_happened_in_it(dates, windows, data):
    """A moment is in ``[as_of - days, as_of)`` if its cell is after ``before`` and in ``until``."""
    cuts = WindowEdges.from_dates(np.array(dates), windows)
    near = [edge + off for edge in cuts.edges.tolist() for off in (-1, 0, 1)]
    moment = data.draw(st.sampled_from(near) | st.integers(-500 * DAY, 500 * DAY))
    cell = interval_of(moment, cuts.edges) + 1
    for number, as_of in enumerate(dates):
        happened = moment < as_of
        assert (cell <= cuts.until[number]) == happened
        assert cuts.before[number][0] == 0, "without a window it goes back for ever"
        for place, days in enumerate(windows, start=1):
            inside = as_of - days * DAY <= moment < as_of
            assert (cuts.before[number][place] < cell <= cuts.until[number]) == inside


@given(DATES, WINDOWS)
def test_the_first_date_after_an_interval_is_the_first_that_may_see_what_happened_in_it(
    dates, windows
):
    cuts = WindowEdges.from_dates(np.array(dates), windows)
    assert cuts.edges.tolist() == sorted({*cuts.edges.tolist()})
    assert len(cuts.first_date) == len(cuts.edges) + 1
    starts = [cuts.edges[0] - 1, *cuts.edges.tolist()]
    for interval, moment in enumerate(starts):
        assert interval_of(moment, cuts.edges) == interval
        later = [number for number, as_of in enumerate(dates) if moment < as_of]
        assert cuts.first_date[interval] == (later[0] if later else len(dates))


def test_the_cuts_of_one_date_by_hand():
    cuts = WindowEdges.from_dates(np.array([100 * DAY]), [7, 30])
    assert (cuts.edges / DAY).tolist() == [70, 93, 100]
    assert cuts.first_date.tolist() == [0, 0, 0, 1]
    assert cuts.until.tolist() == [3]
    assert cuts.before.tolist() == [[0, 2, 1]]


def spec_of(*features):
    (plan,) = plans(features)
    return plan, KernelSpec.from_plan(plan)


PAID = "kind = 'paid'"
FEATURES = (
    a_feature(PAYMENTS, Over("count"), PAID, (30,), name="n", when_empty=0),
    a_feature(PAYMENTS, Over("sum", "amount"), PAID, (30, 90), name="sum", unit="money"),
    a_feature(PAYMENTS, Over("max", "amount"), PAID, (90,), name="max", when_empty=-1),
    a_feature(PAYMENTS, Over("mean", "amount"), "kind = 'failed'", (30,), name="mean"),
    a_feature(PAYMENTS, Since("last"), PAID, name="since", unit="days"),
    a_feature(PAYMENTS, Latest("method"), name="method", unit="category"),
)


def test_columns_are_found_by_the_ends_of_their_operations():
    plan, spec = spec_of(*FEATURES)
    for begin, end, op in zip([0, *spec.bounds], spec.bounds, list(Op), strict=False):
        assert {int(one) for one in spec.columns["op"][begin:end]} <= {op}
    names = [column.column.name for column in plan.columns]
    assert names == ["n_30d", "sum_30d", "sum_90d", "mean_30d", "max_90d", "since", "method"]
    assert spec.columns["window"].tolist() == [1, 1, 2, 1, 2, 0, 0]
    assert np.nan_to_num(spec.empty, nan=7).tolist() == [0, 7, 7, 7, -1, 7, 7]


def test_sums_have_places_for_counts_then_totals_and_one_that_is_never_read():
    plan, spec = spec_of(*FEATURES)
    channels = len(plan.channels)
    assert spec.channels["rows"].tolist() == list(range(channels))
    added = {column.channel for column in plan.columns if column.op in {Op.SUM, Op.MEAN}}
    totals = spec.channels["total"].tolist()
    assert sorted(totals[number] for number in added) == [channels, channels + 1]
    assert {totals[number] for number in range(channels) if number not in added} == {channels + 2}
    assert spec.sums == channels + 3


def test_kept_moments_and_ends_are_the_bits_of_their_channels():
    plan, spec = spec_of(*FEATURES)
    timed = {column.channel for column in plan.columns if column.op in {Op.LAST, Op.LATEST}}
    ended = {column.channel for column in plan.columns if column.op == Op.MAX}
    money = {number for number, channel in enumerate(plan.channels) if channel.is_money}
    for bits, channels, count in [
        (spec.timed, timed, spec.moments),
        (spec.ended, ended, spec.ends),
        (spec.money, money, len(money)),
    ]:
        assert {number for number in range(31) if bits >> number & 1} == channels
        assert count == len(channels)
    assert spec.currency == 2 + plan.currency
    assert spec_of(FEATURES[0])[1].currency == 0


@pytest.mark.parametrize(
    ("table", "measure", "scale"),
    [
        (TICKETS, Over("sum", "hours"), 1e6),
        (TICKETS, Over("max", "hours"), 0),
        (TICKETS, Latest("hours"), 0),
        (PAYMENTS, Over("sum", "amount"), 1),
        (PAYMENTS, Over("count"), 1),
        (PAYMENTS, Since("first"), 1),
        (TICKETS, Balance("kind = 'opened'", "kind = 'resolved'", "ticket_id"), 1),
    ],
)
def test_a_total_is_divided_by_what_its_values_were_multiplied_with(table, measure, scale):
    windows = (30,) if isinstance(measure, Over) else ()
    _, spec = spec_of(a_feature(table, measure, windows=windows))
    assert spec.columns["scale"].tolist() == [scale]


@pytest.mark.parametrize(("when_empty", "value"), [(0, 0), (None, np.nan), (-3.5, -3.5)])
def test_the_empty_value_is_the_feature_s_or_not_a_number(when_empty, value):
    plan, spec = spec_of(a_feature(PAYMENTS, Over("count"), windows=(7,), when_empty=when_empty))
    np.testing.assert_array_equal([empty(plan.columns[0]), *spec.empty], [value, value])


def test_windows_of_one_table_share_their_edges():
    cuts = WindowEdges.from_dates(np.array([0, 30 * DAY]), [30])
    assert (cuts.edges / DAY).tolist() == [-30, 0, 30]
    assert all(later > earlier for earlier, later in pairwise(cuts.edges))
