"""Bands, losses and ranks of a night, as loops over its rows reckon them."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.risk.errors import BadScores
from perdura.risk.publish.ranking import DEFAULT_BANDS, Bands, banded, ranks
from perdura.risk.publish.score_contract import checked

EDGES = st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)).map(sorted)
RISK = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.25, 1.0]))
ROWS = st.lists(st.tuples(RISK, st.none() | st.integers(0, 10**9)), max_size=8)


def frame(rows: list[tuple[float, int | None]]) -> pl.DataFrame:
    """Subscribers in another order than that of their ids."""
    ids = [f"s{len(rows) - number}" for number in range(len(rows))]
    values: dict[str, Any] = {"subscriber_id": ids}
    values |= {"risk": [risk for risk, _ in rows], "mrr": [mrr for _, mrr in rows]}
    kinds = {"subscriber_id": pl.String, "risk": pl.Float64, "mrr": pl.Int64}
    return pl.DataFrame(values, schema=kinds)


@given(rows=ROWS, edges=EDGES)
def test_a_band_begins_with_its_threshold(rows, edges):
    medium, high = edges
    found = banded(frame(rows), Bands(high=high, medium=medium))
    for risk, band in found.select("risk", "band").iter_rows():
        assert band == ("high" if risk >= high else "medium" if risk >= medium else "low")


@given(rows=ROWS)
def test_a_loss_is_the_product_rounded_to_the_even_neighbour(rows):
    found = banded(frame(rows), DEFAULT_BANDS)
    for risk, mrr, loss in found.select("risk", "mrr", "expected_loss").iter_rows():
        if mrr is None:
            assert loss is None
        else:
            product = Decimal(risk * mrr)  # of floats, as it is published
            assert loss == int(product.quantize(Decimal(1), ROUND_HALF_EVEN))


@given(rows=ROWS)
def test_rows_come_in_the_order_of_ids_and_know_no_night_before(rows):
    found = banded(frame(rows), DEFAULT_BANDS)
    assert found["subscriber_id"].to_list() == sorted(f"s{n + 1}" for n in range(len(rows)))
    for name in ("band_before", "risk_before", "moved_by_phrase"):
        assert found[name].null_count() == len(rows)


@given(risks=st.lists(RISK, max_size=20))
def test_ranks_count_the_higher_and_the_equals_before(risks):
    found = ranks(np.array(risks, dtype=np.float64))
    for index, risk in enumerate(risks):
        higher = sum(other > risk for other in risks)
        equal_before = sum(other == risk for other in risks[:index])
        assert found[index] == 1 + higher + equal_before


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"high": 0.2, "medium": 0.3}, "0 < medium <= high <= 1"),
        ({"medium": 0.0}, "0 < medium <= high <= 1"),
        ({"high": 1.01}, "0 < medium <= high <= 1"),
        ({"high": float("nan")}, "0 < medium <= high <= 1"),
        ({"stays": 0.0}, "0 < stays <= 1"),
        ({"stays": 1.1}, "0 < stays <= 1"),
    ],
)
def test_bands_out_of_order_are_refused_with_what_was_given(values, says):
    with pytest.raises(ValueError, match=f"bands need {says}, got Bands") as refused:
        Bands(**values)
    for name, value in values.items():
        assert f"{name}={value}" in str(refused.value)


@pytest.mark.parametrize("values", [{"high": 1.0}, {"high": 0.1}, {"stays": 1.0}])
def test_bands_may_touch(values):
    assert Bands(**values).medium == 0.1


def test_how_many_scores_break_a_rule_is_said_in_the_singular_and_plural():
    def row(subscriber_id: str, risk: float) -> dict[str, Any]:
        parts = {"risk": risk, "risk_voluntary": risk, "risk_payment": 0.0}
        said = {"reasons": [], "action": "call", "action_text": "Call"}
        money = {"mrr": 1, "currency": "EUR"}
        return {"subscriber_id": subscriber_id, "state": "active", **parts, **said, **money}

    for wrong, says in ((1, "^1 score with risk outside"), (3, "^3 scores with risk outside")):
        rows = [row("ann", 0.5), *(row(f"s{n}", 1.5) for n in range(wrong))]
        with pytest.raises(BadScores, match=says):
            checked(pl.DataFrame(rows))
