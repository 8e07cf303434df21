"""One prepared table in, the table with risks out: the model part alone."""

import logging
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold

from perdura.models.predictor.column_contract import ColumnMismatch
from perdura.models.table import BadTable, NoOutcome, fit_table

MLC = Path(__file__).parents[3] / "shared" / "data" / "mlc_churn"


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


@pytest.mark.parametrize("name", ["churned", "risk", "subscriber_id", "as_of", "f0", "mrr", "fold"])
def test_a_column_of_any_name_is_learnt_from_as_it_is(name):
    rows, later = (made(seed=seed).rename({"calls": name}) for seed in (0, 1))
    model = fit_table(rows, "left", who="customer")
    assert model.contract.names == [name, "plan"]
    told = model.predict(later, name="told")
    assert told.drop("told").equals(later)
    assert roc_auc_score(later["left"].to_numpy(), told["told"].to_numpy()) > 0.7
    plain = fit_table(made(), "left", who="customer").predict(made(seed=1))
    assert told["told"].to_list() == plain["risk"].to_list()


def test_an_outcome_called_churned_is_no_column_to_learn_from():
    model = fit_table(made().rename({"left": "churned"}), "churned", who="customer")
    assert model.contract.names == ["calls", "plan"]
    assert model.evaluation.metrics["roc_auc"].value < 0.9


def test_the_risk_replaces_no_column():
    model = fit_table(made(), "left", who="customer")
    with pytest.raises(BadTable, match=r"column 'risk' already.*name="):
        model.predict(made().with_columns(risk=pl.lit(1)))


def test_it_says_how_good_it_is_and_how_far_that_may_be_luck():
    evaluation = fit_table(made(), "left", who="customer").evaluation
    assert set(evaluation.metrics) >= {"roc_auc", "average_precision", "log_loss", "brier"}
    for number in evaluation.metrics.values():
        assert number.interval.low <= number.value <= number.interval.high
    truth = fit_table(made(), "left", who="customer").predict(made(20_000, seed=9))
    ranks = roc_auc_score(truth["left"].to_numpy(), truth["risk"].to_numpy())
    lies = evaluation.metrics["roc_auc"].interval
    assert lies.low - 0.02 <= ranks <= lies.high + 0.02
    assert evaluation.leaks == ()
    assert "roc_auc 0.800 (0.7" in str(evaluation)


def test_a_column_that_is_empty_for_nearly_all_who_left_is_said_to_leak(caplog):
    random, rows = np.random.default_rng(3), made()
    cleared = (rows["left"].to_numpy() & (random.random(1_500) < 0.95)) | (
        random.random(1_500) < 0.02
    )
    rows = rows.with_columns(seats=pl.when(pl.Series(~cleared)).then(random.integers(1, 9, 1_500)))
    with caplog.at_level(logging.WARNING):
        model = fit_table(rows, "left", who="customer")
    assert any(
        "column 'seats' is empty tells who leaves" in leak for leak in model.evaluation.leaks
    )
    assert "column 'seats' is empty" in caplog.text
    assert "mapping" not in caplog.text  # there is none


def test_a_column_that_tells_the_outcome_is_said_to_leak():
    rows = made().with_columns(refund=pl.col("left").cast(pl.Int64) * 3)
    leaks = fit_table(rows, "left", who="customer").evaluation.leaks
    assert "ROC AUC is 1.000" in leaks[0]
    assert any("'refund' alone" in leak for leak in leaks)


NAMES = ["calls, last: [30] {d}", "a b", "ä", "", "calls\n", '"quoted"', "column_1", "名前"]


@pytest.mark.parametrize("name", NAMES)
def test_names_may_have_any_characters(name):
    rows = made().rename({"calls": name}).with_columns(column_0=pl.lit(1), column_2=pl.lit(2))
    model = fit_table(rows, "left", who="customer")
    assert name in model.contract.names
    assert model.predict(rows)["risk"].is_between(0, 1).all()


def test_two_odd_names_do_not_become_one():
    rows = made().rename({"calls": "a b", "plan": "a:b"}).with_columns(a_b=pl.lit(1))
    assert fit_table(rows, "left", who="customer").contract.names == ["a b", "a:b", "a_b"]


@pytest.mark.parametrize("told", [pl.Int64, pl.Float64, pl.UInt8, pl.Float32, pl.String])
def test_the_outcome_may_be_written_as_numbers(told):
    rows = made().with_columns(pl.col("left").cast(pl.Int64).cast(told))
    assert (
        fit_table(rows, "left", who="customer").evaluation
        == fit_table(made(), "left", who="customer").evaluation
    )


def test_a_pandas_frame_does_as_well():
    frame = made().to_pandas()
    frame.index = pd.Index(range(7, 7 + len(frame)))
    frame["plan"] = frame["plan"].astype("category")
    model = fit_table(frame, "left", who="customer")
    assert model == fit_table(made(), "left", who="customer")
    assert model.predict(frame)["risk"].equals(model.predict(made())["risk"])


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["basic", "pro"])])
def test_categories_are_texts(kind):
    rows = made().with_columns(pl.col("plan").cast(kind))
    model = fit_table(rows, "left", who="customer")
    assert model == fit_table(made(), "left", who="customer")
    assert model.predict(rows)["risk"].equals(model.predict(made())["risk"])


def test_a_lazy_frame_does_as_well():
    assert fit_table(made().lazy(), "left", who="customer") == fit_table(
        made(), "left", who="customer"
    )


def test_durations_are_days_and_empty_columns_say_nothing():
    rows = made().with_columns(
        pl.duration(days="calls").alias("calls"), nothing=pl.lit(None), yes=pl.col("calls") > 2
    )
    risk = fit_table(rows, "left", who="customer").predict(rows)["risk"].to_numpy()
    assert roc_auc_score(rows["left"].to_numpy(), risk) > 0.7


FEW = "it happened to .* of them"


@pytest.mark.parametrize(
    ("rows", "asked", "says"),
    [
        (made().head(10), {}, FEW),
        (made().head(0), {}, "found"),
        (made().with_columns(customer=pl.lit("c1")), {"who": "customer"}, "about 1 person"),
        (
            made().with_columns(customer=pl.when(pl.col("calls") > 0).then("customer")),
            {"who": "customer"},
            r"'customer'.* is empty in \d+ of 1,500 rows, first in row \d+",
        ),
        (made().with_columns(customer=pl.lit(" ")), {"who": "customer"}, "is empty in 1,500"),
        (made(), {"who": "custmer"}, "did you mean 'customer'"),
        (made(), {"outcome": "Left"}, "did you mean 'left'"),
        (made(), {"outcome": "zzzzzz"}, "it has 'customer', 'calls', 'plan', 'left'"),
        (
            made().with_columns(joined=date(2026, 1, 1) + pl.duration(days="calls")),
            {},
            "'joined' holds dates.*total_days",
        ),
        (
            made().with_columns(at=pl.lit(0).cast(pl.Datetime("us", "UTC"))),
            {},
            "'at' holds dates",
        ),
        (made().with_columns(tags=pl.lit([1])), {}, "'tags' holds List"),
        (made().select("left"), {}, "no column to learn from"),
        (made().to_pandas()["left"].rename(None), {}, "no column 'left'|no table"),
        ("left", {}, "a str, which is no table"),
        (pl.DataFrame(), {}, "the table has no columns"),
        (
            made().with_columns(ratio=pl.when(pl.col("calls") > 2).then(np.inf).otherwise(1.0)),
            {},
            r"'ratio' holds infinite numbers in \d+ of 1,500 rows, first in row \d+",
        ),
        (
            made().with_columns(ref=pl.int_range(pl.len()).cast(pl.String)),
            {"who": "customer"},
            "'ref' holds another text in each of 1,500 rows, as ids do",
        ),
        (
            made().with_columns(ref=(pl.int_range(pl.len()) * 2 // 3).cast(pl.String)),
            {"who": "customer"},
            "'ref' holds 1,000 different texts in 1,500 rows, as ids do",
        ),
        (
            made()
            .with_columns(coupon=pl.when(pl.int_range(pl.len()) < 60).then(pl.int_range(pl.len())))
            .cast({"coupon": pl.String}),
            {"who": "customer"},
            "'coupon' holds another text in each of 60 rows that are filled in, as ids do",
        ),
        (
            made().to_pandas().assign(mix=[1, "a", 2.5] * 500),
            {},
            "'mix' holds values of several kinds: float, int, str",
        ),
        (
            pd.concat([made().to_pandas(), made().to_pandas()[["plan"]]], axis=1),
            {},
            "two columns are called 'plan'",
        ),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_words(rows, asked, says):
    outcome = asked.pop("outcome", "left")
    with pytest.raises((BadTable, NoOutcome), match=says):
        fit_table(rows, outcome, **asked)


@pytest.mark.parametrize(("distinct", "filled"), [(50, 60), (749, 1_500)])
def test_texts_that_come_back_are_learnt_from(distinct, filled):
    row = pl.int_range(pl.len())
    towns = pl.when(row < filled).then((row % distinct).cast(pl.String))
    rows = made().with_columns(town=towns)
    assert "town" in fit_table(rows, "left", who="customer").contract.names


def test_ids_are_taken_as_who():
    rows = made().with_columns(customer=(pl.int_range(pl.len()) * 2 // 3).cast(pl.String))
    with pytest.raises(BadTable, match="name it as `who`"):
        fit_table(rows, "left")
    assert fit_table(rows, "left", who="customer").contract.names == ["calls", "plan"]


def test_a_wrong_column_name_is_told_with_the_nearest_when_predicting():
    model = fit_table(made(), "left", who="customer")
    with pytest.raises(ColumnMismatch, match="missing: 'calls'; did you mean 'Calls'"):
        model.predict(made().rename({"calls": "Calls"}))
    with pytest.raises(ColumnMismatch, match=r"'plan' holds numbers.*text there"):
        model.predict(made().with_columns(plan=pl.lit(3)))
    with pytest.raises(ColumnMismatch, match=r"'calls' holds text.*numbers there"):
        model.predict(made().with_columns(calls=pl.lit("three")))


def test_one_unseen_category_is_counted_and_read_as_unknown(caplog):
    model = fit_table(made(), "left", who="customer")
    first = pl.int_range(pl.len()) == 0
    rows = made().with_columns(plan=pl.when(first).then(pl.lit("gold")).otherwise("plan"))
    with caplog.at_level(logging.WARNING):
        told = model.predict(rows)
    assert "column 'plan': 1 rows hold a text" in caplog.text
    assert model.unseen(rows) == {"plan": {"gold": 1}}
    assert model.unseen(made()) == {}
    assert told["risk"][1:].equals(model.predict(made())["risk"][1:])


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
