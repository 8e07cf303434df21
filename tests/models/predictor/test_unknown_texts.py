"""What a model says of subscribers whose text it has never seen."""

import json
from pathlib import Path

import polars as pl

from perdura.models.predictor.churn_model import CONTRACT_FILE, ChurnModel
from perdura.models.scoring.score import score
from tests.support.made_up import COLUMNS, NAMES, trained, training_set

ROWS = training_set().rows.select("subscriber_id", "as_of", *NAMES).head(300)
MODEL = trained().model
NEW = ROWS.with_columns(
    plan=pl.when(pl.int_range(pl.len()) < 100).then(pl.lit("team")).otherwise("plan")
)


PLANS = [*(next(c.categories for c in MODEL.contract.columns if c.categories) or ())]


def with_plan(plan: str | None) -> pl.DataFrame:
    return ROWS.with_columns(plan=pl.lit(plan, pl.String))


def risk_of(plan: str) -> float:
    """The mean risk if all had this plan."""
    return float(MODEL.predict(with_plan(plan))["risk"].to_numpy().mean())


def test_a_new_plan_is_scored_as_an_unknown_one_not_as_the_one_that_leaves_least():
    plans = PLANS[0], "team", PLANS[-1]
    calmest, new, wildest = (risk_of(plan) for plan in plans)
    assert calmest < new < wildest
    assert MODEL.predict(with_plan("team")).equals(MODEL.predict(with_plan(None)))


def test_all_else_that_is_told_of_a_new_plan_is_told_as_of_an_unknown_one():
    about = ROWS.select("subscriber_id", mrr=pl.lit(1_000), currency=pl.lit("EUR"))
    new, unknown = (
        score(MODEL, with_plan(plan), COLUMNS, about=about).drop("reasons", "unknown_values")
        for plan in ("team", None)
    )
    assert new.equals(unknown)


def test_the_row_names_the_column_and_no_other_row_does():
    marks = score(MODEL, NEW, COLUMNS)["unknown_values"].to_list()
    assert marks == ["plan"] * 100 + [None] * 200


def test_a_new_plan_is_no_reason():
    reasons = score(MODEL, NEW, COLUMNS)["reasons"]
    named = [{reason["column"] for reason in some} for some in reasons.to_list()]
    assert not any("plan" in columns for columns in named[:100])
    assert any("plan" in columns for columns in named[100:])


def test_a_model_of_an_older_version_does_not_take_a_new_plan_for_the_one_that_leaves_least(
    tmp_path: Path,
):
    MODEL.save(tmp_path)
    file = tmp_path / CONTRACT_FILE
    stored = json.loads(file.read_text())
    for column in stored["columns"]:
        del column["unknown"]
    file.write_text(json.dumps(stored))
    older = ChurnModel.load(tmp_path)
    assert older.predict(ROWS.select(NAMES)).equals(MODEL.predict(ROWS.select(NAMES)))
    middle = PLANS[1]
    assert older.predict(with_plan("team")).equals(older.predict(with_plan(middle)))
