"""The leakage checks: they find what knows the future, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from perdura.features.definition import Column
from perdura.models.dataset.split import split_rows
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.leakage import LeakBounds, Leaks, WithoutLastDays, alarms
from perdura.models.evaluation.leakage_signals import Cut, ranking_alone, without_last_days
from perdura.models.predictor.column_contract import learn_contract
from perdura.models.training.churn import encode
from perdura.models.training.train import train
from tests.support.made_up import COLUMNS, CSAT, NAMES, PARAMS, trained, training_set

LEAK = replace(CSAT, name="leak")
BOUNDS = LeakBounds()


def with_column(values: pl.Expr) -> TrainingSet:
    """The training set with one column more, ``leak``."""
    made = training_set()
    columns: tuple[Column, ...] = (*COLUMNS, *LEAK.columns)
    return replace(made, rows=made.rows.with_columns(leak=values), columns=columns)


def noise(scale: float) -> pl.Series:
    rows = training_set().rows.height
    return pl.Series(np.random.default_rng(5).normal(0, scale, rows))


def rung(values: pl.Expr) -> tuple[str, ...]:
    decided = train(with_column(values), PARAMS).verdict
    assert not (decided.promoted and decided.alarmed)
    return decided.reasons if decided.alarmed else ()


def test_a_model_that_only_knows_the_past_rings_no_alarm():
    assert not trained().verdict.alarmed
    assert trained().verdict.measured["leak.alone"] < 0.75


def test_a_column_made_from_the_label_is_named_however_noisy():
    for scale in (0.01, 0.3, 0.6):
        leaked = pl.col("churned").cast(pl.Float64) + noise(scale)
        assert any("column 'leak' alone has a ROC AUC" in why for why in rung(leaked)), scale


def test_a_column_that_is_cleared_when_somebody_leaves_is_named():
    cleared = pl.when(~pl.col("churned") | (pl.int_range(pl.len()) % 5 == 0)).then(1.0)
    assert any("whether column 'leak' is empty tells who leaves" in why for why in rung(cleared))


def test_a_column_of_noise_rings_no_alarm():
    assert rung(pl.lit(noise(1.0))) == ()


def test_a_ranking_too_good_to_be_true_rings_the_alarm():
    none = pl.DataFrame({"column": ["a"], "alone": [0.6], "missingness": [0.5]})
    told = alarms(Leaks(roc_auc=0.98, columns=none), BOUNDS)
    assert len(told) == 1
    assert (
        "its ROC AUC is 0.980; a model that does not know the outcome stays below 0.97" in told[0]
    )


def test_where_churn_is_silence_the_days_since_a_payment_may_tell_most_of_it():
    most = pl.DataFrame({"column": ["days_since_paid"], "alone": [0.81], "missingness": [0.5]})
    found = Leaks(roc_auc=0.82, columns=most, expected=("days_since_paid",))
    assert alarms(found, LeakBounds()) == []
    assert alarms(replace(found, expected=()), LeakBounds())
    assert alarms(replace(found, roc_auc=0.98), LeakBounds())


@pytest.mark.parametrize(("cut", "rings"), [(0.79, False), (0.65, False), (0.55, True)])
def test_a_ranking_that_is_gone_without_the_last_days_rings_the_alarm(cut, rings):
    none = pl.DataFrame({"column": ["a"], "alone": [0.6], "missingness": [0.5]})
    found = Leaks(roc_auc=0.8, columns=none, cut=WithoutLastDays(days=7, roc_auc=0.8, cut=cut))
    told = alarms(found, BOUNDS)
    assert bool(told) == rings
    assert not told or "falls from 0.800 to 0.550" in told[0]


def test_each_column_alone_is_judged_by_what_its_values_meant_before():
    split = split_rows(training_set().rows, PARAMS)
    contract = learn_contract(split.fit, NAMES)
    fit, evaluated = (encode(contract, part).leaving for part in (split.fit, split.test))
    told = ranking_alone(NAMES, fit, evaluated)
    assert told.height == len(NAMES)
    # What was planted: failed payments, open tickets, the basic plan where csat is low or unknown.
    assert set(told["column"].head(2)) <= {"payments_failed_30d", "tickets_open", "csat", "plan"}
    assert dict(told.select("column", "missingness").rows())["tickets_open"] == 0.5


def test_the_days_are_cut_away_on_rows_of_the_same_people():
    evaluated, rows = trained().test_rows, training_set().rows
    same = rows.select("subscriber_id", "as_of", *NAMES)
    told = without_last_days(trained().evidence, evaluated, Cut(7, same))
    assert told is not None
    assert told.cut == pytest.approx(told.roc_auc)
    earlier = same.with_columns(pl.col("as_of") + timedelta(days=30))
    before = without_last_days(trained().evidence, evaluated, Cut(30, earlier))
    assert before is not None
    assert before.cut < before.roc_auc  # made-up people forget every month what they were
    assert without_last_days(trained().evidence, evaluated, Cut(7, same.head(0))) is None


# Each leakage check at its bound: just inside, just beyond, and what it says.


def columns(*lines: tuple[str, float, float]) -> pl.DataFrame:
    schema = {"column": pl.String, "alone": pl.Float64, "missingness": pl.Float64}
    return pl.DataFrame(lines, schema=schema, orient="row")


QUIET = columns(("csat", 0.6, 0.5))


def found(roc_auc: float = 0.8, table: pl.DataFrame = QUIET, **more) -> Leaks:
    return Leaks(roc_auc=roc_auc, columns=table, **more)


@pytest.mark.parametrize(("roc_auc", "fails"), [(0.97, False), (0.9701, True), (1.0, True)])
def test_a_ranking_may_reach_its_bound_and_not_pass_it(roc_auc, fails):
    assert bool(alarms(found(roc_auc), BOUNDS)) is fails


@pytest.mark.parametrize(
    ("roc_auc", "alone", "fails"),
    [
        (0.80, 0.7999, False),  # below what is suspicious at all
        (0.80, 0.80, True),
        (0.90, 0.7999, False),
        (0.95, 0.8374, False),  # 0.3374 of 0.45: just below three quarters
        (0.95, 0.8376, True),
        (0.50, 0.85, True),  # the model is a coin, and the column is not
    ],
)
def test_a_column_alone_is_suspicious_with_enough_of_what_the_model_knows(roc_auc, alone, fails):
    said = alarms(found(roc_auc, columns(("seats", alone, 0.5))), BOUNDS)
    assert bool(said) is fails
    assert not fails or "column 'seats' alone has a ROC AUC of" in said[0]


@pytest.mark.parametrize(("missingness", "fails"), [(0.75, False), (0.7501, True)])
def test_being_empty_may_say_something_and_not_nearly_all(missingness, fails):
    said = alarms(found(table=columns(("seats", 0.6, missingness))), BOUNDS)
    assert bool(said) is fails
    assert (
        not fails or "whether column 'seats' is empty tells who leaves (ROC AUC 0.750)" in said[0]
    )


@pytest.mark.parametrize(
    ("whole", "cut", "fails"),
    [
        (0.80, 0.6201, False),  # 0.1201 of 0.30 is kept
        (0.80, 0.6199, True),
        (0.80, 0.80, False),
        (0.80, 0.90, False),
        (0.50, 0.50, False),  # nothing to lose
        (0.60, 0.40, True),
    ],
)
def test_without_the_last_days_two_fifths_of_the_ranking_must_be_left(whole, cut, fails):
    leaks = found(whole, cut=WithoutLastDays(days=7, roc_auc=whole, cut=cut))
    assert bool(alarms(leaks, BOUNDS)) is fails


@pytest.mark.parametrize(
    ("whole", "cut", "kept"),
    [(0.9, 0.7, 0.5), (0.75, 0.75, 1.0), (0.75, 0.5, 0.0), (0.7, 0.4, -0.5)],
)
def test_the_kept_share_is_of_what_is_above_a_coin(whole, cut, kept):
    assert WithoutLastDays(days=3, roc_auc=whole, cut=cut).kept_share == pytest.approx(kept)


def test_all_failed_checks_are_said_and_the_last_says_what_to_try():
    table = columns(("paid_after", 0.99, 0.5), ("closed_at", 0.6, 0.8), ("left|on", 0.95, 0.9))
    leaks = found(0.99, table, cut=WithoutLastDays(days=1, roc_auc=0.99, cut=0.5))
    said = alarms(leaks, BOUNDS)
    assert [line.split(" ")[2:4] for line in said] == [
        ["its", "ROC"],
        ["column", "'paid_after'"],
        ["column", "'left|on'"],
        ["whether", "column"],
        ["whether", "column"],
        ["with", "the"],
    ]
    assert "'paid_after' alone has a ROC AUC of 0.990: 100% of the model's lead" in said[1]
    assert "with the last 1 day before each date cut away" in said[-1]
    assert all(line.startswith("leakage check: ") for line in said)
    assert [("To try: " in line) for line in said] == [False] * 5 + [True]
    assert "known_at or known_after in the mapping" in said[-1]


def test_for_a_prepared_table_it_advises_what_can_be_done_there():
    said = alarms(found(0.99), BOUNDS, todo="Look into the table")
    assert said[-1].endswith(". Look into the table")
    assert "mapping" not in said[-1]


def test_an_expected_column_may_rank_alone_and_may_not_be_empty_by_the_outcome():
    table = columns(("days_since_paid", 0.9, 0.8))
    said = alarms(found(0.9, table, expected=("days_since_paid",)), BOUNDS)
    assert len(said) == 1
    assert "is empty tells who leaves" in said[0]


def test_bounds_of_ones_own_are_those_that_count():
    strict = replace(BOUNDS, roc_auc=0.7, alone=0.55, alone_share=0.1, missingness=0.4)
    assert len(alarms(found(), strict)) == 3
    assert alarms(found(), BOUNDS) == []


def test_what_was_measured_is_kept_by_name():
    table = columns(("a", 0.7, 0.5), ("b", 0.6, 0.65))
    assert found(table=table).measured == {"leak.alone": 0.7, "leak.missingness": 0.65}
    cut = WithoutLastDays(days=7, roc_auc=0.8, cut=0.65)
    assert found(table=table, cut=cut).measured == {
        "leak.alone": 0.7,
        "leak.missingness": 0.65,
        "leak.roc_auc_cut": 0.65,
        "leak.kept_share": pytest.approx(0.5),
    }
