"""How long people stay: what each row is asked, what is learnt from it, and what it may not see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import Platt
from models.encoding import ColumnContract, ContractColumn
from models.fit import Examples, booster_text, fit_booster, raw_scores
from models.labels import contract_labels, month_labels
from models.learn_survival import judge_survival, learn_survival, why_unlearnt
from models.model import ChurnModel, NoMonths
from models.months import MONTHS, with_month
from models.params import BoosterParams, TrainingParams
from models.survival import SurvivalModel, in_month, survival
from models.train import train
from tests import made_up
from tests.made_up import trained
from tests.tables import at, events, spine

PARAMS = TrainingParams()
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
JUDGED = FIRST + timedelta(days=30 * 20)
CONTRACT = ColumnContract((ContractColumn("unhappy"),))
SMALL = BoosterParams(min_data_in_leaf=40, threads=1)


def month_of(as_of: str, known_until: str, params: TrainingParams = PARAMS) -> int | None:
    told = with_month(spine(("ann", as_of)), params, at(known_until))
    return told["month"].item()


def test_a_row_is_asked_about_a_month_whose_outcome_is_known():
    # Two months of 30 days and 30 of grace: by then the second month, number 1, has just closed.
    assert month_of("2026-01-01", "2026-04-01") == 1
    assert month_of("2026-01-01", "2026-03-31") is None


@given(st.integers(0, 700), st.text(min_size=1))
def test_no_month_reaches_past_what_is_known(days: int, who: str):
    until = at("2026-11-01")
    as_of = until - timedelta(days=days)
    asked = pl.DataFrame({"subscriber_id": [who], "as_of": [as_of]})
    month = with_month(asked, PARAMS, until)["month"].item()
    closes = as_of + timedelta(days=30 * ((month or 0) + 1) + 30)
    assert month is None or (1 <= month < MONTHS and closes <= until)
    assert (month is None) == (as_of + timedelta(days=90) > until)


def test_people_go_round_through_the_months_date_by_date():
    dates = [FIRST + timedelta(days=30 * k) for k in range(11)]
    asked = pl.DataFrame({"subscriber_id": ["ann"] * 11, "as_of": dates})
    told = with_month(asked, PARAMS, FIRST + timedelta(days=2_000))
    assert sorted(told["month"]) == list(range(1, 12))


@pytest.mark.parametrize(
    "params",
    [
        TrainingParams(churn="silence"),
        TrainingParams(lead_days=7),
        TrainingParams(horizon_days=90),
    ],
)
def test_where_the_risk_is_not_of_a_first_month_none_follows(params):
    assert month_of("2024-01-01", "2026-11-01", params) is None


STARTED = {"kind": "started", "happened_at": "2025-01-01"}


def left_in(month: int, *moves: dict[str, str]) -> bool | None:
    told = month_labels(
        events(subscriptions=[STARTED, *moves]),
        spine(("ann", "2026-01-01")).with_columns(month=pl.lit(month, dtype=pl.Int8)),
        horizon_days=30,
        grace_days=30,
        known_until=at("2027-06-01"),
    )
    return told["churned"].item()


def test_a_month_holds_its_start_and_not_its_end():
    at_its_start = {"kind": "ended", "happened_at": "2026-01-31"}  # 30 days later
    at_its_end = {"kind": "ended", "happened_at": "2026-03-02"}  # 60 days later
    assert left_in(1, at_its_start) is True
    assert left_in(1, at_its_end) is False
    assert left_in(2, at_its_end) is True


def test_who_left_in_an_earlier_month_is_not_asked_about():
    assert left_in(3, {"kind": "ended", "happened_at": "2026-02-15"}) is None


def test_who_came_back_within_the_grace_had_not_left():
    back = {"kind": "started", "happened_at": "2026-03-01"}
    assert left_in(3, {"kind": "ended", "happened_at": "2026-02-15"}, back) is False


@given(st.lists(st.integers(0, 400), max_size=3), st.integers(0, 11))
def test_a_month_is_a_window_with_a_lead(ends: list[int], month: int):
    told = events(
        subscriptions=[
            STARTED,
            *({"kind": "ended", "happened_at": f"{FIRST + timedelta(days=d):%F}"} for d in ends),
        ]
    )
    asked, until = spine(("ann", "2025-02-01")), at("2027-06-01")
    common = {"horizon_days": 30, "grace_days": 30, "known_until": until}
    by_month = month_labels(told, asked.with_columns(month=pl.lit(month)), **common)
    assert by_month.equals(contract_labels(told, asked, lead_days=30 * month, **common))


def people(seed: int = 0, many: int = 1_500) -> pl.DataFrame:
    """Each person at 20 month starts: the unhappy leave three times as often as the others."""
    rng = np.random.default_rng(seed)
    dates = [FIRST + timedelta(days=30 * k) for k in range(22)]
    unhappy = rng.random(many) < 0.3
    hazard = np.where(unhappy, 0.12, 0.04)
    gone = np.array([rng.geometric(h) for h in hazard])  # the month that they leave in, from 1
    asked = pl.DataFrame({"subscriber_id": [f"s{i}" for i in range(many)], "number": range(many)})
    rows = asked.join(pl.DataFrame({"as_of": dates, "date": range(22)}), how="cross")
    number = rows["number"].to_numpy()
    there = gone[number] > rows["date"].to_numpy()
    rows = with_month(rows, PARAMS, FIRST + timedelta(days=30 * 40)).with_columns(
        unhappy=unhappy[number].astype(float), owner="subscriber_id"
    )
    leaves = gone[number] - 1 - rows["date"].to_numpy()  # months after the date, from 0
    month = rows["month"].to_numpy()
    known = leaves >= month
    return rows.with_columns(
        left_then=pl.when(pl.Series(known)).then(pl.Series(leaves == month))
    ).filter(pl.Series(there))


@cache
def learnt() -> SurvivalModel:
    params = TrainingParams(booster=BoosterParams(min_data_in_leaf=40, threads=1))
    model = learn_survival(CONTRACT, people(), JUDGED, params)
    assert model is not None
    return model


def test_the_hazards_of_either_kind_of_person_are_found():
    matrix = np.array([[0.0], [1.0]])
    happy, unhappy = learnt().hazards(matrix)
    assert happy == pytest.approx(np.full(11, 0.04), abs=0.01)
    assert unhappy == pytest.approx(np.full(11, 0.12), abs=0.03)


def test_all_months_at_once_are_what_the_trees_say_month_by_month():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3_000, 4))
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    matrix[rng.random(matrix.shape) < 0.1] = 0
    month = rng.integers(1, MONTHS, 3_000)
    score = np.nan_to_num(matrix[:, 0]) * (month > 4) + 0.3 * month * np.isnan(matrix[:, 1]) - 2
    left = (rng.random(3_000) < 1 / (1 + np.exp(-score))).astype(float)
    names = ["a", "b", "c", "d", "month"]
    params = BoosterParams(rounds=40, min_data_in_leaf=10, threads=1)
    booster = fit_booster(Examples(in_month(matrix, month), left), None, names, params)
    model = SurvivalModel(booster_text=booster_text(booster), calibration=Platt())
    one_by_one = [raw_scores(booster, in_month(matrix, month)) for month in range(1, MONTHS)]
    said = Platt().apply(np.stack(one_by_one, axis=1))
    assert model.hazards(matrix) == pytest.approx(said, abs=1e-12)


def test_trees_without_a_split_say_the_same_of_everybody():
    nobody = Examples(in_month(np.zeros((50, 1)), 1), np.repeat([0.0, 1.0], 25))
    booster = fit_booster(nobody, None, ["a", "month"], BoosterParams(rounds=2, threads=1))
    model = SurvivalModel(booster_text=booster_text(booster), calibration=Platt())
    assert model.hazards(np.array([[7.0]])) == pytest.approx(np.full((1, 11), 0.5))


def test_nothing_of_the_months_that_are_judged_is_learnt():
    rows = people()
    closes = pl.col("as_of") + pl.duration(days=30 * (pl.col("month").cast(pl.Int64) + 1) + 30)
    poisoned = rows.with_columns(
        left_then=pl.when(closes > JUDGED).then(~pl.col("left_then")).otherwise("left_then")
    )
    assert not poisoned["left_then"].equals(rows["left_then"])
    params = TrainingParams(booster=BoosterParams(min_data_in_leaf=40, threads=1))
    assert learn_survival(CONTRACT, poisoned, JUDGED, params) == learnt()


def test_a_churn_model_learns_no_month_that_closed_after_what_it_says_it_knows():
    # Dates 27 days apart: 21 lie between what is known of the last that calibrates and the judged.
    made = made_up.training_set()
    days = (pl.col("as_of") - made_up.FIRST) * 27 / 30
    rows, about = (
        each.with_columns(as_of=made_up.FIRST + days) for each in (made.rows, made.about)
    )
    asked = with_month(rows, PARAMS, made_up.FIRST + timedelta(days=30 * 40))
    left = np.random.default_rng(0).random(asked.height) < 0.2
    rows = asked.with_columns(left_then=pl.when(~pl.col("churned")).then(pl.Series(left)))
    found = train(replace(made, rows=rows, about=about), made_up.PARAMS)
    judged: datetime = found.judged["as_of"].min()  # pyright: ignore[reportAssignmentType]
    until = replace(found.model, expansion=None).knows_until
    assert until == judged - timedelta(days=21)
    closes = pl.col("as_of") + pl.duration(days=30 * (pl.col("month").cast(pl.Int64) + 1) + 30)
    late = (closes > until) & pl.col("left_then").is_not_null()
    poisoned = rows.with_columns(left_then=pl.when(late).then(True).otherwise("left_then"))
    again = train(replace(made, rows=poisoned, about=about), made_up.PARAMS)
    assert found.model.months == again.model.months is not None


def test_it_is_judged_on_months_that_begin_later():
    told = judge_survival(learnt(), CONTRACT, people(seed=1), JUDGED, PARAMS)
    assert told.columns == ["month", "rows", "said", "rate", "low", "high"]
    assert told["month"].to_list() == list(range(1, 12))
    near = told.filter(pl.col("said").is_between("low", "high"))
    assert near.height >= 9


def test_the_level_is_that_of_a_whole_year():
    # The first two months of the last year, as they closed, are a season of leaving.
    closes = pl.col("as_of") + pl.duration(days=30 * (pl.col("month").cast(pl.Int64) + 1) + 30)
    begins = JUDGED - timedelta(days=365)
    season = (closes >= begins) & (closes < begins + timedelta(days=60))
    rows, rng = people().filter(pl.col("left_then").is_not_null()), np.random.default_rng(0)
    leaves = pl.Series(rng.random(rows.height)) < pl.when(season).then(0.4).otherwise(0.1)
    rows = rows.with_columns(left_then=leaves, unhappy=pl.lit(0.0))
    model = learn_survival(CONTRACT, rows, JUDGED, replace(PARAMS, booster=SMALL))
    assert model
    year = rows.filter(closes >= begins, closes <= JUDGED)
    said = model.hazards(np.zeros((1, 1)))[0][year["month"].to_numpy() - 1]
    assert said.mean() == pytest.approx(year["left_then"].mean(), abs=0.015)


def test_of_a_handful_of_leavers_nothing_is_learnt():
    assert learn_survival(CONTRACT, people(many=60), JUDGED, PARAMS) is None


def test_why_nothing_was_learnt_is_said():
    assert "fewer than 50 people left" in why_unlearnt(PARAMS)
    assert "churn = 'contract'" in why_unlearnt(TrainingParams(churn="silence"))
    assert trained().unlearnt == (why_unlearnt(PARAMS),)


def test_the_curve_begins_with_the_risk_and_never_rises():
    curve = survival(np.array([0.1, 0.5]), np.full((2, 11), 0.2))
    assert curve.shape == (2, 12)
    assert curve[:, 0].tolist() == [0.9, 0.5]
    assert curve[0, 1] == pytest.approx(0.9 * 0.8)
    assert (np.diff(curve) <= 0).all()


def test_it_is_found_again_as_it_was(tmp_path: Path):
    model = SurvivalModel(booster_text=learnt().booster_text, calibration=Platt(0.9, -0.1))
    model.save(tmp_path)
    assert SurvivalModel.load(tmp_path) == model


def test_a_churn_model_carries_its_months(tmp_path: Path):
    model = replace(trained().model, months=learnt())
    model.save(tmp_path)
    assert ChurnModel.load(tmp_path) == model


def test_a_model_that_knows_of_no_later_month_says_so():
    with pytest.raises(NoMonths, match="first 30 days"):
        trained().model.survival(pl.DataFrame())
