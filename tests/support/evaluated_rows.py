"""Test rows for evaluation: few, and as hostile as rows may be: ties, two classes or one, nulls."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import strategies as st

from perdura.sources.events import MOMENT

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)

#: Many are equal, some nearly 0 or 1.
RISKS = st.sampled_from([1e-12, 1e-6, 0.1, 0.1, 0.25, 0.5, 0.5, 0.75, 0.9, 1 - 1e-9])


@st.composite
def rows_to_evaluate(draw, *, most: int = 24, least: int = 1) -> pl.DataFrame:
    """Rows of few subscribers at three dates, in any order."""
    pair = st.tuples(st.integers(0, 9), st.integers(0, 2))
    pairs = draw(st.lists(pair, min_size=least, max_size=most, unique=True))
    row = st.tuples(
        RISKS,
        st.booleans(),
        st.sampled_from([None, 0, 100, 250, 10**9]),
        st.sampled_from([None, "EUR", "EUR", "JPY"]),
    )
    rows = [
        (f"s{person}", AS_OF + timedelta(days=30 * month), *draw(row)) for person, month in pairs
    ]
    schema = {
        "subscriber_id": pl.String,
        "as_of": MOMENT,
        "risk": pl.Float64,
        "churned": pl.Boolean,
        "mrr": pl.Int64,
        "currency": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def table_of(
    risk: Sequence[float], churned: Sequence[int], **more: Sequence[object]
) -> pl.DataFrame:
    """One row per subscriber of one date, with other columns as given."""
    frame = pl.DataFrame(
        {
            "subscriber_id": [f"s{index:03}" for index in range(len(risk))],
            "as_of": pl.Series([AS_OF] * len(risk), dtype=MOMENT),
            "risk": pl.Series(risk, dtype=pl.Float64),
            "churned": [bool(left) for left in churned],
            "mrr": [100] * len(risk),
            "currency": ["EUR"] * len(risk),
        }
    )
    return frame.with_columns(**{name: pl.Series(values) for name, values in more.items()})


def slow_auc(risk: Sequence[float], churned: Sequence[bool]) -> float:
    """Pairs of churner and non-churner in the right order, over all; a tie is half a pair."""
    pairs = [
        1.0 if high > low else 0.5 if high == low else 0.0
        for high, left in zip(risk, churned, strict=True)
        if left
        for low, other in zip(risk, churned, strict=True)
        if not other
    ]
    return sum(pairs) / len(pairs) if pairs else 0.5
