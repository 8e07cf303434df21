"""The champion's recipe on later outcomes: promoted unless it is worse than a margin allows."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss

from perdura.models.evaluation.bootstrap import resample
from perdura.models.promotion.decision import verdict
from perdura.models.promotion.incumbent import Incumbent
from perdura.models.promotion.refresh import NON_INFERIORITY_MARGIN, refreshed
from tests.models.promotion.test_decision import BESIDE, GOOD, blurred, evaluated


def beside_champion(champion: pl.Series | None = None) -> pl.DataFrame:
    rows = evaluated()
    return rows.with_columns(champion=rows["risk"] if champion is None else champion)


def test_a_refresh_that_says_the_same_is_promoted():
    promoted, why, found = refreshed(beside_champion(), seed=0)
    assert promoted
    assert found == {"refresh_gain": 0.0, "refresh_gain_bound": 0.0}
    assert "and may be +0.5% at most)" in why


def test_a_refresh_that_is_clearly_worse_is_refused():
    rows = evaluated()
    worse = rows.with_columns(champion=rows["risk"], risk=blurred(rows, by=1.5))
    promoted, why, found = refreshed(worse, seed=0)
    assert not promoted
    assert found["refresh_gain_bound"] < -NON_INFERIORITY_MARGIN
    assert "and must be +0.5% at most)" in why


def test_a_refresh_that_is_better_is_promoted():
    promoted, _, found = refreshed(beside_champion(blurred(evaluated(), by=1.5)), seed=0)
    assert promoted
    assert found["refresh_gain"] > 0


def test_its_bound_is_the_fifth_percentile_of_the_gain_over_the_champions_loss():
    rows = beside_champion(blurred(evaluated(), by=0.2))
    _, _, found = refreshed(rows, seed=3)
    champion = log_loss(rows["churned"], rows["champion"])
    gains = [gain / champion for gain in resample(rows, 3)["loss_gain"]]
    assert found["refresh_gain_bound"] == pytest.approx(np.quantile(sorted(gains), 0.05))
    assert found["refresh_gain"] == pytest.approx(sum(gains) / len(gains))


def scaled(rows: pl.DataFrame, by: float) -> pl.DataFrame:
    """The rows with the champion's risks, and a challenger whose log-odds are off by a constant."""
    logit = np.log(rows["risk"].to_numpy() / (1 - rows["risk"].to_numpy())) + by
    return rows.with_columns(champion=rows["risk"], risk=pl.Series(1 / (1 + np.exp(-logit))))


def test_between_slightly_and_clearly_worse_the_margin_decides():
    decisions = [refreshed(scaled(evaluated(), by), seed=0) for by in np.linspace(0, 0.6, 13)]
    promoted = [decision[0] for decision in decisions]
    assert promoted == sorted(promoted, reverse=True)
    assert promoted[0]
    assert not promoted[-1]
    for decided, _, found in decisions:
        assert decided is (found["refresh_gain_bound"] > -NON_INFERIORITY_MARGIN)


def decide(rows: pl.DataFrame, *, newer: bool = True):
    return verdict(rows, {"model": GOOD} | BESIDE, Incumbent(refresh=True, newer=newer))


def test_a_refresh_needs_later_outcomes():
    decided = decide(beside_champion(), newer=False)
    assert not decided.promoted
    assert not decided.no_better
    assert decided.reasons == (
        "Not promoted: it is the champion's recipe on no later outcomes; the champion stays.",
    )


def test_a_refresh_is_not_held_to_being_better():
    decided = decide(beside_champion())
    assert decided.promoted
    assert decided.reasons[0].startswith("Promoted: it is the champion's recipe on later outcomes")
    assert {"refresh_gain", "refresh_gain_bound"} < set(decided.measured)
