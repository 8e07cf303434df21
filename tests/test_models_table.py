"""One prepared table in, the table with risks out: the model part alone."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold

from models.encoding import ColumnMismatch
from models.table import NoOutcome, fit_table

MLC = Path(__file__).parents[2] / "shared" / "data" / "mlc_churn"


def made(rows: int = 1_500, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    calls, plan = random.poisson(1.5, rows), random.choice(["basic", "pro"], rows)
    odds = 0.9 * calls + 1.2 * (plan == "basic") - 3.5
    return pl.DataFrame(
        {
            "customer": [f"c{place % 1_000}" for place in range(rows)],
            "calls": calls,
            "plan": plan,
            "left": random.random(rows) < 1 / (1 + np.exp(-odds)),
        }
    )


def test_the_table_comes_back_with_a_risk_for_every_row():
    rows, later = made(), made(seed=1)
    told = fit_table(rows, "left", who="customer").predict(later)
    assert told.drop("risk").equals(later)
    assert told["risk"].is_between(0, 1).all()
    assert roc_auc_score(later["left"].to_numpy(), told["risk"].to_numpy()) > 0.7
    assert told["risk"].mean() == pytest.approx(later["left"].mean(), abs=0.03)


def test_who_it_is_is_not_learnt_from():
    assert fit_table(made(), "left", who="customer").contract.names == ["calls", "plan"]


def test_the_same_table_gives_the_same_model():
    assert fit_table(made(), "left", who="customer") == fit_table(made(), "left", who="customer")


def test_an_outcome_that_is_not_yes_or_no_is_refused_with_what_was_found():
    rows = made().with_columns(left=pl.col("left").replace_strict({True: "yes", False: "no"}))
    with pytest.raises(NoOutcome, match="found 'no', 'yes'"):
        fit_table(rows, "left")
    with pytest.raises(NoOutcome, match="found None, False"):
        fit_table(made().with_columns(left=pl.when(~pl.col("left")).then("left")), "left")


def test_rows_that_the_model_cannot_read_are_refused():
    model = fit_table(made(), "left", who="customer")
    with pytest.raises(ColumnMismatch, match="'calls'"):
        model.predict(made().drop("calls"))


def test_a_text_that_was_never_seen_is_read_as_an_unknown_one():
    model = fit_table(made(), "left", who="customer")
    new, unknown = (
        model.predict(made().with_columns(plan=pl.lit(plan, pl.String)))["risk"]
        for plan in ("gold", None)
    )
    assert new.equals(unknown)


@pytest.mark.skipif(not MLC.exists(), reason="needs shared/data/mlc_churn")
def test_a_table_that_nobody_here_wrote_is_ranked_as_well_as_an_honest_run_can():
    file = next(MLC.glob("*.csv"))
    rows = pl.read_csv(file).with_columns(churn=pl.col("churn") == "yes")
    left, ranked, precise = rows["churn"].to_numpy(), [], []
    folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=3, random_state=0)
    for fitted, asked in folds.split(left, left):
        risk = fit_table(rows[fitted], "churn").predict(rows[asked])["risk"].to_numpy()
        ranked.append(roc_auc_score(left[asked], risk))
        precise.append(average_precision_score(left[asked], risk))
    assert np.mean(ranked) >= 0.92
    assert np.mean(precise) >= 0.85
