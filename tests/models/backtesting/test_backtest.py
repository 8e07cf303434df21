"""A model made anew at many dates: what it may know at each, and how it is judged."""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from perdura.models.backtesting.backtest import Backtest, backtest, evaluated_at, origins_of
from perdura.models.dataset.outcomes import OUTCOME
from perdura.models.dataset.split import HistoryTooShort
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.metrics import evaluate
from tests.support.made_up import FIRST, PARAMS, training_set

AT = replace(PARAMS, judge_dates=1)


@pytest.fixture(scope="module")
def training() -> TrainingSet:
    made = training_set(dates=12)
    return replace(made, rows=made.rows.with_columns(owner="subscriber_id"))


@pytest.fixture(scope="module")
def found(training: TrainingSet) -> Backtest:
    return backtest(training, as_closed(training), PARAMS, most=2)


def as_closed(training: TrainingSet):
    """What became of the rows before a moment, of those whose window had closed by then."""

    def labels_at(origin: datetime) -> pl.DataFrame:
        closed = pl.col("as_of") + timedelta(days=PARAMS.gap_days) <= pl.lit(origin)
        told = training.rows.filter(pl.col("as_of") < pl.lit(origin))
        return told.select(
            "subscriber_id",
            "as_of",
            *(pl.when(closed).then(name).alias(name) for name in OUTCOME),
        )

    return labels_at


def upto(training: TrainingSet, last: datetime) -> TrainingSet:
    known = pl.col("as_of") <= pl.lit(last)
    return replace(training, rows=training.rows.filter(known), about=training.about.filter(known))


def test_an_origin_has_enough_before_it_to_fit_and_to_calibrate(training):
    # 60 days until an outcome is known: month 0 is fitted, 2 and 3 calibrate, 5 judges.
    assert origins_of(training, AT)[0] == FIRST + timedelta(days=30 * 5)
    assert len(origins_of(training, AT)) == 7


def test_a_history_without_an_origin_says_what_it_would_take(training):
    with pytest.raises(HistoryTooShort, match="found 4 dates"):
        origins_of(upto(training, FIRST + timedelta(days=90)), AT)


def test_the_newest_origins_are_judged_each_as_if_it_were_that_day(training, found):
    assert found.origins == origins_of(training, AT)[-2:]
    last = found.origins[-1]
    evaluated = evaluated_at(training, last, as_closed(training)(last), AT)
    assert evaluated["as_of"].unique().to_list() == [last]
    stated = evaluate(evaluated, calls=PARAMS.calls).values
    assert found.metrics(last) | stated == found.metrics(last)


def test_what_came_after_an_origin_changes_nothing_at_it(training, found):
    origin = found.origins[0]
    early = upto(training, origin)
    then = evaluated_at(early, origin, as_closed(early)(origin), AT)
    later = evaluated_at(training, origin, as_closed(training)(origin), AT)
    assert then.equals(later)
    assert not then["refit"].equals(then["risk"])


def test_what_became_of_the_origin_itself_changes_no_risk_at_it(training, found):
    origin = found.origins[0]
    turned = training.rows.with_columns(
        churned=pl.col("churned") ^ (pl.col("as_of") == pl.lit(origin))
    )
    labels = as_closed(training)(origin)
    then, other = (
        evaluated_at(replace(training, rows=rows), origin, labels, AT)
        for rows in (training.rows, turned)
    )
    assert then.select("risk", "refit").equals(other.select("risk", "refit"))
    assert not then["churned"].equals(other["churned"])


def test_rows_before_an_origin_are_labelled_as_they_were_then(training, found):
    origin = found.origins[-1]
    labels = as_closed(training)(origin)
    known = pl.col("churned").is_not_null()
    churned = pl.when(known).then(pl.col("churned") & (pl.col("subscriber_id") > "s00300"))
    told_less = labels.with_columns(churned=churned)
    with_all = evaluated_at(training, origin, labels, AT)
    with_less = evaluated_at(training, origin, told_less, AT)
    assert with_less["risk"].sum() < with_all["risk"].sum()
    assert with_less["churned"].equals(with_all["churned"])


def test_every_number_lies_where_its_samples_say(found):
    ranked = found.overall.filter(metric="roc_auc")
    others = {"refit", "constant", "own_rate", "recency", "logistic"}
    assert set(ranked["who"]) == {"model"} | others
    assert ranked.select(pl.col("stated").is_between("low", "high").all()).item()


def test_it_is_judged_by_cause_and_segment_too(found):
    told = found.segments.filter(pl.col("origin") == pl.lit(found.origins[0]))
    assert set(told["group"]) == {"cause", "plan"}
    assert set(told.filter(group="cause")["value"]) == {"voluntary", "payment"}
