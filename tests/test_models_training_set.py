"""Labelled feature rows: what was known then beside what became of people."""

from datetime import timedelta

import polars as pl

from models.params import TrainingParams
from models.training_set import TrainingSet, build_training_set
from tests.made_up import FAILED, PLAN
from tests.test_labels import AS_OF, day, happened, paid, spine_of, tables

EVENTS = tables(
    subscriptions=[
        happened("started", -100, "ana", plan="pro"),
        happened("started", -50, "bea", "s2", plan="basic"),
        happened("ended", 10, "bea", "s2", reason="payment"),
    ],
    payments=[paid(-5, "bea", kind="failed"), paid(40, "ana")],
)
SPINE = pl.concat(
    [spine_of("bea", "ana"), spine_of("ana", as_of=AS_OF + timedelta(days=60))]
).with_columns(mrr=pl.Series([100, 200, 300]), plan=pl.lit("as billed"))


def build(params: TrainingParams | None = None, known_until: float = 60) -> TrainingSet:
    return build_training_set(
        EVENTS, (FAILED, PLAN), SPINE, params or TrainingParams(), known_until=day(known_until)
    )


def test_each_row_has_what_was_known_and_what_came():
    assert build().rows.drop("as_of").rows() == [
        ("bea", 1, 1, "basic", True, "payment"),
        ("ana", 0, 0, "pro", False, None),
        ("ana", 0, 0, "pro", None, None),
    ]


def test_rows_whose_outcome_is_open_stay_and_are_not_labelled():
    assert build(known_until=59).rows["churned"].to_list() == [None] * 3


def test_columns_of_the_spine_stay_beside_the_features_and_not_among_them():
    made = build()
    assert made.about.equals(SPINE)
    assert made.names == ["payments_failed_30d", "payments_failed_90d", "plan"]


def test_silence_is_labelled_by_payments():
    silence = TrainingParams(churn="silence", horizon_days=30)
    assert build(silence).rows["churned"].to_list() == [True, True, None]


def test_progress_is_told_date_by_date():
    told = []
    build_training_set(
        EVENTS,
        (FAILED,),
        SPINE,
        TrainingParams(),
        known_until=day(60),
        progress=lambda *step: told.append(step),
    )
    assert told == [(1, 2, "2026-03-01"), (2, 2, "2026-04-30")]
