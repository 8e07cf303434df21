"""What calls are worth: the riskiest of each date, so many as support can call."""

from datetime import UTC, datetime

import polars as pl
import pytest

from perdura.models.evaluation.call_capacity import at_capacity
from perdura.sources.events import MOMENT

DATES = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)]


def evaluated() -> pl.DataFrame:
    """Two dates; on each the riskiest leaves and pays 100, somebody else leaves and pays yen."""
    return pl.DataFrame(
        {
            "subscriber_id": ["a", "b", "c", "d"] * 2,
            "as_of": pl.Series([DATES[0]] * 4 + [DATES[1]] * 4, dtype=MOMENT),
            "risk": [0.9, 0.5, 0.5, 0.1] * 2,
            "other": [0.1, 0.2, None, 0.4] * 2,
            "churned": [True, False, True, False] * 2,
            "mrr": [100, 200, 9_000, 300] * 2,
            "currency": ["EUR", "EUR", "JPY", "EUR"] * 2,
        }
    )


def test_what_would_have_come_of_the_calls_is_told_a_date():
    told = at_capacity(evaluated(), [("model", "risk")], calls=1, save_share=0.2).to_dicts()[0]
    assert told == {
        "who": "model",
        "called": 1.0,
        "left": 1.0,
        "precision": 1.0,
        "lift": 2.0,
        "mrr_called": 100.0,
        "mrr_saved": 20.0,
    }


def test_at_equal_risk_the_lower_id_is_called_and_several_currencies_are_not_added():
    told = at_capacity(evaluated(), [("model", "risk")], calls=2, save_share=0.5).to_dicts()[0]
    assert told["precision"] == 0.5  # a, and b before c
    three = at_capacity(evaluated(), [("model", "risk")], calls=3, save_share=0.5).to_dicts()[0]
    assert three["precision"] == pytest.approx(2 / 3)
    assert three["mrr_called"] == 100.0


def test_each_list_is_judged_beside_the_others_and_is_the_same_twice():
    risks = [("model", "risk"), ("champion", "other")]
    told = at_capacity(evaluated(), risks, calls=1, save_share=0.2)
    assert told["who"].to_list() == ["model", "champion"]
    assert told["left"].to_list() == [1.0, 0.0]
    shuffled = evaluated().sample(fraction=1, shuffle=True, seed=1)
    assert at_capacity(shuffled, risks, calls=1, save_share=0.2).equals(told)
