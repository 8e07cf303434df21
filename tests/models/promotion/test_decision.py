"""Whether a model is promoted: minimums first, then the champion on the same rows."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from perdura.models.evaluation.bootstrap import Ranked, map_resamples, resample
from perdura.models.evaluation.metrics import Metrics
from perdura.models.promotion.decision import verdict
from perdura.models.promotion.incumbent import Incumbent

GOOD = Metrics(
    roc_auc=0.80,
    average_precision=0.2,
    log_loss=0.10,
    brier=0.02,
    calibration_error=0.01,
    calibration_error_debiased=0.008,
    lift=5.0,
    recall=0.3,
    money_caught=0.3,
)
WORSE = replace(GOOD, roc_auc=0.55, log_loss=0.12)
BESIDE = {"constant": WORSE, "recency": WORSE}


def evaluated(
    people: int = 600, dates: int = 2, signal: float = 1.5, seed: int = 0
) -> pl.DataFrame:
    """Rows whose true risk is known; ``risk`` says it."""
    random = np.random.default_rng(seed)
    logit = signal * random.normal(size=people * dates) - 2
    risk = 1 / (1 + np.exp(-logit))
    who = np.tile([f"s{place:04}" for place in range(people)], dates)
    churned = random.random(people * dates) < risk
    months = [datetime(2026, 5 + date, 1, tzinfo=UTC) for date in range(dates)]
    as_of = [month for month in months for _ in range(people)]
    told = {"subscriber_id": who, "as_of": as_of, "churned": churned, "risk": risk}
    return pl.DataFrame(told)


def blurred(rows: pl.DataFrame, by: float, seed: int = 1) -> pl.Series:
    """The risk as seen by somebody who sees less well."""
    noise = np.random.default_rng(seed).normal(size=rows.height) * by
    risk = rows["risk"].to_numpy()
    return pl.Series(1 / (1 + np.exp(-(np.log(risk / (1 - risk)) + noise))))


def decide(rows: pl.DataFrame, model: Metrics = GOOD, **more):
    return verdict(rows, {"model": model} | BESIDE, **more)


def test_the_first_model_that_meets_every_minimum_is_promoted():
    decided = decide(evaluated())
    assert decided.promoted
    assert decided.reasons == ("Promoted: it meets every minimum, and there was no champion.",)


@pytest.mark.parametrize(
    ("worse", "because"),
    [
        ({"roc_auc": 0.59}, "ROC AUC is 0.590 and must be at least 0.60"),
        ({"log_loss": 0.12}, "log loss is 0.1200, no better than predicting the same rate"),
        ({"calibration_error": 0.09}, "0.090 off the observed rates"),
    ],
)
def test_a_model_below_a_floor_is_refused_in_words(worse, because):
    decided = decide(evaluated(), replace(GOOD, **worse))
    assert not decided.promoted
    assert because in decided.reasons[0]


def test_a_model_that_ranks_no_better_than_recency_is_refused():
    ranks_well = {"model": GOOD, "constant": WORSE, "recency": replace(GOOD, roc_auc=0.82)}
    decided = verdict(evaluated(), ranks_well)
    assert not decided.promoted
    assert "than the days since the last payment do (0.820)" in decided.reasons[0]


def test_without_a_recency_column_the_other_floors_decide():
    assert verdict(evaluated(), {"model": GOOD, "constant": WORSE}).promoted


def test_a_model_that_was_judged_by_a_handful_of_leavers_is_refused():
    rows = evaluated(people=30)
    first = rows["churned"].cum_sum() <= 6
    decided = decide(rows.with_columns(churned=pl.col("churned") & first))
    assert not decided.promoted
    assert (
        "6 of the 60 evaluated rows left, and an evaluation needs at least 10" in decided.reasons[0]
    )


def test_a_ranking_that_may_be_luck_is_refused():
    decided = decide(evaluated(people=40, signal=0.3))
    assert not decided.promoted
    assert "its ranking may be chance: in 1 of 20 resamples its ROC AUC is" in decided.reasons[0]


def test_a_model_that_logistic_regression_clearly_beats_is_refused():
    rows = evaluated()
    previous_champion = rows.with_columns(logistic=rows["risk"], risk=blurred(rows, by=1.5))
    decided = decide(previous_champion)
    assert not decided.promoted
    assert "logistic regression on the same columns is better" in decided.reasons[0]
    assert decide(rows.with_columns(logistic=blurred(rows, by=1.5))).promoted


def at_dates(log_loss: list[float], high: float = 0.8) -> pl.DataFrame:
    """How it did at earlier dates, where saying the same rate of everybody is 0.2."""
    return pl.DataFrame(
        {
            "origin": [datetime(2026, 1 + place, 1, tzinfo=UTC) for place in range(len(log_loss))],
            "log_loss": log_loss,
            "constant": 0.2,
            "high": high,
        }
    )


def test_a_model_that_did_not_hold_at_earlier_dates_is_refused():
    assert decide(evaluated(), earlier=at_dates([0.1, 0.1, 0.3, 0.1])).promoted
    decided = decide(evaluated(), earlier=at_dates([0.1, 0.2, 0.3, 0.1]))
    assert not decided.promoted
    assert "at 2 (2026-02-01, 2026-03-01), and may be so at 1." in decided.reasons[0]


def test_a_model_that_surely_ranked_no_better_than_a_coin_once_is_refused():
    decided = decide(evaluated(), earlier=at_dates([0.1, 0.1], high=0.54))
    assert not decided.promoted
    assert "its ROC AUC was clearly below 0.55" in decided.reasons[0]


def test_every_floor_that_is_missed_is_named():
    decided = decide(evaluated(signal=0.0), replace(GOOD, roc_auc=0.5, log_loss=0.2))
    assert len(decided.reasons) == 4


def test_a_clearly_better_challenger_beats_the_champion():
    rows = evaluated()
    decided = decide(rows.with_columns(champion=blurred(rows, by=1.5)))
    assert decided.promoted
    assert "its log loss differs from the champion's by -0." in decided.reasons[0]


def test_a_clearly_worse_challenger_does_not():
    rows = evaluated()
    swapped = rows.with_columns(champion=rows["risk"], risk=blurred(rows, by=1.5))
    assert not decide(swapped).promoted


def test_the_same_model_again_does_not_beat_itself():
    rows = evaluated()
    assert not decide(rows.with_columns(champion=rows["risk"])).promoted


def test_a_challenger_that_is_better_by_chance_alone_does_not():
    rows = evaluated(people=200)
    either = rows.with_columns(champion=blurred(rows, 0.3, seed=2), risk=blurred(rows, 0.3, seed=3))
    assert not decide(either).promoted
    assert "it must be lower in 90%" in decide(either).reasons[0]


def test_a_champion_that_cannot_read_the_rows_cannot_be_beaten_and_is_replaced():
    decided = decide(
        evaluated(), incumbent=Incumbent(silent="the champion cannot read these rows (no 'usage')")
    )
    assert decided.promoted
    assert "the champion cannot read these rows (no 'usage')" in decided.reasons[0]


def test_a_champion_that_predicts_something_else_is_not_replaced():
    other = Incumbent(incomparable="the champion predicts something else (horizon_days 60, not 30)")
    decided = decide(evaluated(), incumbent=other)
    assert not decided.promoted
    assert "horizon_days 60, not 30" in decided.reasons[0]


def test_a_champion_that_knew_the_outcomes_cannot_be_beaten():
    decided = decide(evaluated(), incumbent=Incumbent(knew="the champion was fitted on these rows"))
    assert not decided.promoted
    assert decided.reasons[0].startswith("Refused: the champion was fitted on these rows")


def test_the_resampled_scores_lie_around_those_of_the_rows_themselves():
    rows = evaluated()
    drawn = resample(rows.with_columns(champion=blurred(rows, by=1.0)), seed=0)
    y, risk = rows["churned"].to_numpy(), rows["risk"].to_numpy()
    old = blurred(rows, by=1.0).to_numpy()
    assert np.mean(drawn["auc"]) == pytest.approx(roc_auc_score(y, risk), abs=0.005)
    gained = roc_auc_score(y, risk) - roc_auc_score(y, old)
    assert np.mean(drawn["auc_gain"]) == pytest.approx(gained, abs=0.005)
    assert np.mean(drawn["loss_gain"]) == pytest.approx(
        log_loss(y, old) - log_loss(y, risk), abs=0.005
    )


@given(st.integers(2, 40), st.integers(0, 99), st.booleans())
def test_one_resample_says_what_scikit_learn_says_of_rows_so_often_repeated(rows, seed, coarse):
    random = np.random.default_rng(seed)
    left = np.arange(rows) % 2 == 0
    risk = random.choice([0.1, 0.2, 0.4], rows) if coarse else random.uniform(0.01, 0.9, rows)
    person = random.integers(0, 5, rows)
    drawn = random.poisson(1.0, 5).astype(np.uint8) + np.uint8(1)
    auc, loss = Ranked.of(risk, left, person).metrics(drawn)
    weight = drawn[person].astype(float)
    assert auc == pytest.approx(roc_auc_score(left, risk, sample_weight=weight))
    assert loss == pytest.approx(log_loss(left, risk, sample_weight=weight, labels=[False, True]))


def test_people_are_drawn_as_often_as_in_drawing_anew():
    drawn = np.stack(map_resamples(2_000, 0, lambda counts: counts))
    often = np.bincount(drawn.ravel(), minlength=5) / drawn.size
    assert often[:5] == pytest.approx([0.3679, 0.3679, 0.1839, 0.0613, 0.0153], abs=0.002)
    assert np.corrcoef(drawn[0], drawn[1])[0, 1] == pytest.approx(0, abs=0.1)


def test_equal_risks_count_half_in_a_ranking():
    rows = evaluated().with_columns(risk=pl.lit(0.1))
    assert np.all(resample(rows, seed=0)["auc"] == 0.5)


def test_accounts_of_one_person_are_drawn_together():
    once = evaluated(people=300, dates=1).with_columns(owner="subscriber_id")
    accounts = [
        once.with_columns(subscriber_id=pl.col("owner") + f" account {k}") for k in range(8)
    ]
    spread = [float(np.std(resample(rows, seed=0)["auc"])) for rows in (once, pl.concat(accounts))]
    assert spread[1] == pytest.approx(spread[0], rel=0.15)


def test_a_person_is_drawn_with_all_their_rows_so_more_rows_of_the_same_people_tell_no_more():
    once = evaluated(people=300, dates=1)
    often = pl.concat([once] * 8)
    spread = [float(np.std(resample(rows, seed=0)["auc"])) for rows in (once, often)]
    assert spread[1] == pytest.approx(spread[0], rel=0.15)
