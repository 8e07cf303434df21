"""The life table by loops: each month's share of the remaining that leaves, and its variance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.evaluation.life_table import LifeTable, PersonMonths, life_table

MONTHS = 3


def months_of(rows: list[tuple[int, int, int, float, float]]) -> PersonMonths:
    person, month, left, said, weight = map(np.array, zip(*rows, strict=True))
    return PersonMonths(
        person=person.astype(np.int64),
        month=month.astype(np.int64),
        left=left.astype(float),
        said=said.astype(float),
        weight=weight.astype(float),
    )


ROW = st.tuples(
    st.sampled_from([0, 3, 7, 20]),
    st.integers(0, 4),
    st.integers(0, 1),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from([1.0, 2.0, 500.0]),
)


@given(rows=st.lists(ROW, min_size=1, max_size=25))
def test_retention_is_the_product_of_what_stays_in_each_month(rows):
    table = life_table(months_of(rows), MONTHS)
    by_month = [[row for row in rows if row[1] == month] for month in range(MONTHS)]
    if not all(by_month):
        assert table is None
        return
    assert table is not None
    said = came = 1.0
    for index, part in enumerate(by_month):
        weight = sum(row[4] for row in part)
        said *= 1 - sum(row[3] * row[4] for row in part) / weight
        came *= 1 - min(sum(row[2] * row[4] for row in part) / weight, 1 - 1e-9)
        assert table.said[index] == pytest.approx(said)
        assert table.came[index] == pytest.approx(came, abs=1e-12)
    assert table.pull.sum(axis=0) == pytest.approx(np.zeros(MONTHS), abs=1e-6)
    assert len(table.pull) == len({row[0] for row in rows if row[1] < MONTHS})


def test_the_variance_of_one_month_is_greenwoods():
    # Ten people, three leave in the only month: log S has variance q / (n p).
    rows = months_of([(k, 0, int(k < 3), 0.2, 1.0) for k in range(10)])
    table = life_table(rows, 1)
    assert table is not None
    assert (table.pull[:, 0] ** 2).sum() == pytest.approx(0.3 / (10 * 0.7))
    found = table.survival(1)
    spread = 1.96 * (0.3 / 7) ** 0.5
    assert found.came == pytest.approx(0.7)
    assert found.said == pytest.approx(0.8)
    assert found.low == pytest.approx(0.7 * np.exp(-spread))
    assert found.high == 1.0  # 1.05, were there no bound


def test_rows_of_one_person_pull_together():
    apart = months_of([(k, 0, k % 2, 0.1, 1.0) for k in range(8)])
    twice = months_of([(k // 2, 0, (k // 2) % 2, 0.1, 1.0) for k in range(8)])
    one, other = (life_table(rows, 1) for rows in (apart, twice))
    assert one is not None
    assert other is not None
    assert other.survival(1).came == one.survival(1).came
    assert other.survival(1).low < one.survival(1).low


def test_where_all_leave_retention_is_nearly_nothing_and_its_interval_is_finite():
    table = life_table(months_of([(k, 0, 1, 1.0, 1.0) for k in range(4)]), 1)
    assert table is not None
    found = table.survival(1)
    assert found.came == pytest.approx(0, abs=1e-8)
    assert 0 <= found.low <= found.high <= 1


@pytest.mark.parametrize(
    ("monthly", "said", "came"),
    [
        # Mid-months of 1, .8, .6 are .9, .7; of 1, .5, .5 are .75, .5.
        (1.0, 0.9 + 0.7, 0.75 + 0.5),
        (0.25, 0.9 * 0.5 + 0.7 * 0.125, 0.75 * 0.5 + 0.5 * 0.125),
    ],
)
def test_worth_is_the_discounted_middle_of_each_month(monthly, said, came):
    table = LifeTable(said=np.array([0.8, 0.6]), came=np.array([0.5, 0.5]), pull=np.zeros((1, 2)))
    found = table.worth(monthly)
    assert (found.said, found.came) == pytest.approx((said, came))
    assert (found.low, found.high) == pytest.approx((came, came))


def test_the_interval_of_the_worth_is_by_the_delta_method():
    pull = np.array([[0.1, 0.2], [-0.1, -0.2]])
    table = LifeTable(said=np.array([0.8, 0.6]), came=np.array([0.5, 0.4]), pull=pull)
    # d worth = 0.5 (c1 p1) + 0.5 (c1 p1 + c2 p2), of each person; undiscounted.
    by_person = 0.5 * (0.5 * pull[:, 0]) + 0.5 * (0.5 * pull[:, 0] + 0.4 * pull[:, 1])
    spread = 1.96 * float(np.sqrt((by_person**2).sum()))
    found = table.worth(1.0)
    assert (found.low, found.high) == pytest.approx((found.came - spread, found.came + spread))


def test_months_beyond_the_table_change_nothing():
    rows = [(k, month, int(k == month), 0.1, 1.0) for k in range(6) for month in range(2)]
    more = [*rows, (99, 2, 1, 0.9, 1.0)]
    one, other = (life_table(months_of(part), 2) for part in (rows, more))
    assert one is not None
    assert other is not None
    assert (one.came == other.came).all()
    assert one.pull.shape == other.pull.shape
