"""Against the oracle: a company whose true risks are known, judged on dates never fitted.

Two years of it are learnt from, and it is known who stayed for a year after them.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.measured.causes import by_cause
from perdura.features.build import build_features
from perdura.features.catalogue import FEATURES
from perdura.flows.steps.training_window import training_dates
from perdura.models.dataset.labels import leaving_months, month_labels
from perdura.models.dataset.training_set import TrainingSet, build_training_set
from perdura.models.params import TrainingParams
from perdura.models.scoring.lifetime_value import Valuation, worth_of
from perdura.models.training.train import Trained, train
from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.simulator import simulate
from perdura.sources.simulator.hazard import SIGNALS
from perdura.sources.states.states import scored_spine

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
LATER = datetime(2028, 1, 1, tzinfo=UTC)
KEYS = ["subscriber_id", "as_of"]
FEW_LEAVERS = 10


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("twelve_thousand")
    simulate(out, subscribers=12_000, months=38, until=LATER.date())
    extract(out / "mapping.toml", until=LATER, landing=out / "landing")
    return out


@pytest.fixture(scope="module")
def training(company: Path) -> TrainingSet:
    events = Landing(company / "landing").events()
    spine = scored_spine(events, training_dates(events, UNTIL, 36))
    return build_training_set(events, FEATURES, spine, TrainingParams(), known_until=UNTIL)


@pytest.fixture(scope="module")
def trained(training: TrainingSet) -> Trained:
    return train(training, TrainingParams())


@pytest.fixture(scope="module")
def evaluated(company: Path, trained: Trained) -> pl.DataFrame:
    """The judged rows beside the truth, which no pipeline code reads."""
    truth = pl.read_parquet(company / "truth" / "truth.parquet").rename({"risk": "true_risk"})
    told = truth.select(*KEYS, "true_risk", "cause_signal")
    return trained.test_rows.join(told, on=KEYS, how="left", validate="1:1")


def test_the_truth_knows_everyone_who_is_scored(evaluated):
    assert evaluated["true_risk"].null_count() == 0


def test_ranks_nearly_as_well_as_anything_could(evaluated):
    model = roc_auc_score(evaluated["churned"], evaluated["risk"]) - 0.5
    oracle = roc_auc_score(evaluated["churned"], evaluated["true_risk"]) - 0.5
    assert model >= 0.93 * oracle


def test_its_risks_are_probabilities(trained):
    assert trained.metrics_by_model["model"].calibration_error <= 0.015


def test_beats_every_baseline(trained):
    model = trained.metrics_by_model["model"]
    for name in ("constant", "own_rate", "recency", "logistic"):
        assert model.log_loss < trained.metrics_by_model[name].log_loss, name
        assert model.roc_auc > trained.metrics_by_model[name].roc_auc, name


def test_tells_who_will_pay_more_nearly_as_well_as_anything_could(company, trained):
    truth = pl.read_parquet(company / "truth" / "truth.parquet").drop_nulls("expansion")
    told = trained.expansion.test_rows.join(truth, on=KEYS, how="inner", validate="1:1")
    model = roc_auc_score(told["expanded"], told["offer"]) - 0.5
    oracle = roc_auc_score(told["expanded"], told["expansion"]) - 0.5
    assert len(told) > 0.4 * len(trained.expansion.test_rows)
    assert model >= 0.85 * oracle
    assert trained.expansion.metrics.calibration_error <= 0.01
    assert trained.model.expansion is not None


def test_gives_the_planted_cause_of_those_who_left(training, trained, evaluated):
    found = by_cause(evaluated, training.rows, trained.model)
    assert set(found["cause"]) == set(SIGNALS)
    assert found["leavers"].sum() > 100
    # Of a cause of few leavers, everybody it is planted in, of the riskiest tenth, is asked.
    few = found.filter(pl.col("leavers") < FEW_LEAVERS).select("cause", named="all_named")
    many = found.filter(pl.col("leavers") >= FEW_LEAVERS).select("cause", named="leavers_named")
    assert pl.concat([few, many]).filter(pl.col("named") < 0.70).is_empty(), found
    named = found["leavers"] * found["leavers_named"]
    assert float(named.sum()) >= 0.95 * int(found["leavers"].sum())


def test_either_cause_is_ranked_nearly_as_well_as_anything_could(evaluated, company):
    truth = pl.read_parquet(company / "truth" / "truth.parquet")
    told = truth.select(*KEYS, pl.col("risk_voluntary", "risk_payment").name.prefix("true_"))
    both = evaluated.join(told, on=KEYS, how="left", validate="1:1")
    for cause in ("voluntary", "payment"):
        left = (both["cause"] == cause).fill_null(value=False)
        model, oracle = (
            roc_auc_score(left, both[f"{who}risk_{cause}"]) - 0.5 for who in ("", "true_")
        )
        assert model >= 0.90 * oracle, cause


@pytest.fixture(scope="module")
def scored(company: Path, trained: Trained) -> pl.DataFrame:
    """Everybody on the day that the model was made, what they are said to be worth, how long
    they stayed: in months, at most 12.
    """
    events = Landing(company / "landing").events()
    people = scored_spine(events, [UNTIL])
    rows = build_features(events, FEATURES, people.select(KEYS))
    curve = trained.model.survival(rows)
    worth = worth_of(curve, people["mrr"], people["currency"], Valuation(months=12))
    stayed = pl.Series("stayed", [12.0] * people.height)
    for month in reversed(range(12)):
        labels = month_labels(
            events,
            people.select(KEYS).with_columns(month=pl.lit(month)),
            horizon_days=30,
            grace_days=30,
            known_until=LATER,
        )
        left = labels["churned"].fill_null(value=False)
        stayed = stayed.set(left, month + 0.5)
    return people.hstack(worth).with_columns(stayed)


def test_as_many_stay_as_it_says(scored):
    for month in (3, 6, 12):
        came = (scored["stayed"] >= month).mean()
        assert scored[f"survival_{month}m"].mean() == pytest.approx(came, abs=0.02), month


def test_they_are_worth_what_it_says(scored):
    by = Valuation(months=12)
    force = -np.log(by.monthly)
    came = scored["mrr"] * by.margin * (1 - (-force * scored["stayed"]).exp()) / force
    assert scored["cltv"].mean() == pytest.approx(came.mean(), rel=0.05)


FOLLOWED = [UNTIL, *(datetime(*day, 1, tzinfo=UTC) for day in ((2026, 12), (2027, 1), (2027, 2)))]
BANDS = {"high": (0.25, 1.0), "medium": (0.1, 0.25), "low": (0.0, 0.1)}


@pytest.fixture(scope="module")
def followed(company: Path, trained: Trained) -> pl.DataFrame:
    """Everybody at four dates after all that was learnt: what was said, and when they left."""
    events = Landing(company / "landing").events()
    people = scored_spine(
        events, [datetime(2026 + m // 12, m % 12 + 1, 1, tzinfo=UTC) for m in range(10, 14)]
    )
    rows = build_features(events, FEATURES, people.select(KEYS))
    model = trained.model
    curve, risk = model.survival(rows), model.predict(rows.select(model.contract.names))["risk"]
    worth = worth_of(curve, people["mrr"], people["currency"], Valuation(months=12))
    left = leaving_months(
        events, people.select(KEYS), months=12, horizon_days=30, grace_days=30, known_until=LATER
    )
    hazards = 1 - curve[:, 1:3] / curve[:, 0:2]
    return (
        people.hstack(worth)
        .hstack(left)
        .with_columns(risk, hazard_1=pl.Series(hazards[:, 0]), hazard_2=pl.Series(hazards[:, 1]))
    )


@pytest.mark.parametrize("band", BANDS)
def test_as_many_of_each_band_stay_as_it_says(followed, band):
    """Those who are called above all: their curve is where a call is worth most."""
    least, most = BANDS[band]
    for months in (3, 6, 12):
        rows = followed.filter(
            pl.col("risk") >= least, pl.col("risk") < most, pl.col("months_known") >= months
        )
        came = (rows["left_month"].fill_null(99) >= months).mean()
        # What chance makes of so few people: three standard errors.
        chance = 3 * np.sqrt(came * (1 - came) / rows["subscriber_id"].n_unique())
        said = rows[f"survival_{months}m"].mean()
        assert said == pytest.approx(came, abs=max(0.03, chance)), months


def test_the_riskiest_leave_in_the_months_after_as_often_as_it_says(followed):
    riskiest = followed.filter(pl.col("risk").rank("ordinal", descending=True).over("as_of") <= 250)
    for month in (1, 2):
        there = riskiest.filter(pl.col("left_month").fill_null(99) >= month)
        came = (there["left_month"] == month).fill_null(value=False).mean()
        assert there[f"hazard_{month}"].mean() == pytest.approx(came, abs=0.06), month


@pytest.mark.parametrize("band", BANDS)
def test_each_band_is_worth_what_it_says(followed, band):
    least, most = BANDS[band]
    rows = followed.filter(
        pl.col("risk") >= least, pl.col("risk") < most, pl.col("months_known") == 12
    )
    by = Valuation(months=12)
    force = -np.log(by.monthly)
    stayed = (rows["left_month"] + 0.5).fill_null(12.0)
    earned = (rows["mrr"] * by.margin * (1 - (-force * stayed).exp()) / force).to_numpy()
    said = rows["cltv"].to_numpy()
    # What chance makes of so few leavers: two standard errors of the ratio.
    chance = 2 * np.std(earned - said) / np.sqrt(len(said)) / earned.mean()
    assert said.mean() / earned.mean() == pytest.approx(1, abs=max(0.05, chance))
