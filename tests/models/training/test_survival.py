"""How long people stay: what each row says, what is learnt from it, and what it may not see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.booster import Examples, booster_text, fit_booster, raw_scores
from perdura.models.dataset.labels import contract_labels, leaving_months, month_labels
from perdura.models.dataset.later_months import LATER, person_months
from perdura.models.dataset.outcomes import label_spine
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.date_drift import drifting_columns
from perdura.models.evaluation.survival_metrics import by_band_and_plan, by_month, predicted_months
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.predictor.calibration import Platt
from perdura.models.predictor.churn_model import ChurnModel, NoMonths
from perdura.models.predictor.column_contract import ColumnContract, ContractColumn
from perdura.models.predictor.hazard_calibration import HazardCalibration
from perdura.models.predictor.survival import MONTHS, SurvivalModel, survival, with_column
from perdura.models.training.calibrate_hazards import learn_hazard_calibration
from perdura.models.training.survival import learn_survival, why_unlearnt
from perdura.models.training.train import train
from tests.support import made_up
from tests.support.made_up import trained
from tests.support.tables import at, events, spine

PARAMS = TrainingParams()
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
JUDGED = FIRST + timedelta(days=30 * 20)
CONTRACT = ColumnContract((ContractColumn("unhappy"),))
SMALL = BoosterParams(min_data_in_leaf=40, threads=1)


STARTED = {"kind": "started", "happened_at": "2025-01-01"}


def leaving(*moves: dict[str, str], until: str = "2027-06-01") -> tuple[int | None, int | None]:
    """How many months of somebody are known from 2026 on, and in which of them they left."""
    months = leaving_months(
        events(subscriptions=[STARTED, *moves]),
        spine(("ann", "2026-01-01")),
        months=MONTHS,
        horizon_days=30,
        grace_days=30,
        known_until=at(until),
    )
    return months.row(0)


def test_a_month_is_known_when_it_and_the_grace_have_closed():
    # Two months of 30 days and 30 of grace.
    assert leaving(until="2026-04-01") == (2, None)
    assert leaving(until="2026-03-31") == (1, None)
    assert leaving(until="2026-01-15") == (0, None)
    assert leaving(until="2029-01-01") == (MONTHS, None)


def test_a_month_holds_its_start_and_not_its_end():
    assert leaving({"kind": "ended", "happened_at": "2026-01-31"}) == (12, 1)  # 30 days later
    assert leaving({"kind": "ended", "happened_at": "2026-03-01T23:59:59"}) == (12, 1)
    assert leaving({"kind": "ended", "happened_at": "2026-03-02"}) == (12, 2)  # 60 days later


def test_who_left_in_a_month_that_is_not_known_yet_has_not_left():
    assert leaving({"kind": "ended", "happened_at": "2026-03-05"}, until="2026-04-20") == (2, None)


def test_of_who_was_gone_before_nothing_is_known():
    assert leaving({"kind": "ended", "happened_at": "2025-12-15"}) == (None, None)


def test_who_came_back_within_the_grace_had_not_left():
    back = {"kind": "started", "happened_at": "2026-03-01"}
    assert leaving({"kind": "ended", "happened_at": "2026-02-15"}, back) == (12, None)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=4),
    st.integers(0, 11),
    st.integers(0, 800),
)
def test_all_months_at_once_say_what_each_says_alone(
    moves: list[tuple[int, bool]], month: int, known: int
):
    told = events(
        subscriptions=[
            STARTED,
            *(
                {"kind": "ended" if ends else "started", "happened_at": f"{FIRST + days(d):%F}"}
                for d, ends in moves
            ),
        ]
    )
    asked, until = spine(("ann", "2025-02-01")), FIRST + days(known)
    common = {"horizon_days": 30, "grace_days": 30, "known_until": until}
    alone = month_labels(told, asked.with_columns(month=pl.lit(month)), **common)["churned"].item()
    months, left = leaving_months(told, asked, months=MONTHS, **common).row(0)
    is_asked = months is not None and month < months and (left is None or left >= month)
    assert alone == ((left == month) if is_asked else None)


@given(st.lists(st.integers(0, 400), max_size=3), st.integers(0, 11))
def test_a_month_is_a_window_with_a_lead(ends: list[int], month: int):
    told = events(
        subscriptions=[
            STARTED,
            *({"kind": "ended", "happened_at": f"{FIRST + days(d):%F}"} for d in ends),
        ]
    )
    asked, until = spine(("ann", "2025-02-01")), at("2027-06-01")
    common = {"horizon_days": 30, "grace_days": 30, "known_until": until}
    by_month = month_labels(told, asked.with_columns(month=pl.lit(month)), **common)
    assert by_month.equals(contract_labels(told, asked, lead_days=30 * month, **common))


@pytest.mark.parametrize(
    "params",
    [
        TrainingParams(churn="silence"),
        TrainingParams(lead_days=7),
        TrainingParams(horizon_days=90),
    ],
)
def test_where_the_risk_is_not_of_a_first_month_none_follows(params: TrainingParams):
    asked = spine(("ann", "2026-01-01"))
    told = label_spine(events(subscriptions=[STARTED]), asked, params, known_until=at("2026-11-01"))
    assert told.select(LATER).row(0) == (None, None)


def test_a_row_is_each_later_month_that_is_known_until_they_left():
    rows = pl.DataFrame(
        {"as_of": [FIRST] * 4, "months_known": [4, 4, 4, 1], "left_month": [None, 2, 0, None]}
    )
    found = person_months(rows, PARAMS)
    assert found.select("row", "month", "left").rows() == [
        (0, 1, False),
        (0, 2, False),
        (0, 3, False),
        (1, 1, False),
        (1, 2, True),
    ]
    assert found.row(0, named=True)["opens"] == FIRST + days(30)
    assert found.row(0, named=True)["closes"] == FIRST + days(90)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def people(seed: int = 0, many: int = 1_500) -> pl.DataFrame:
    """Each person at 20 month starts: the unhappy leave three times as often as the others."""
    rng = np.random.default_rng(seed)
    dates = [FIRST + days(30 * k) for k in range(22)]
    unhappy = rng.random(many) < 0.3
    hazard = np.where(unhappy, 0.12, 0.04)
    gone = np.array([rng.geometric(h) for h in hazard])  # the month that they leave in, from 1
    asked = pl.DataFrame({"subscriber_id": [f"s{i}" for i in range(many)], "number": range(many)})
    rows = asked.join(pl.DataFrame({"as_of": dates, "date": range(22)}), how="cross")
    number = rows["number"].to_numpy()
    leaves = gone[number] - 1 - rows["date"].to_numpy()  # months after the date, from 0
    return (
        with_later(rows, leaves)
        .with_columns(
            unhappy=unhappy[number].astype(float),
            hazard=hazard[number],
            owner="subscriber_id",
            plan=pl.lit("basic"),
            mrr=pl.lit(1000),
            currency=pl.lit("EUR"),
        )
        .filter(pl.Series(leaves >= 0))
    )


def with_later(rows: pl.DataFrame, leaves: np.ndarray) -> pl.DataFrame:
    """The rows and what is known of all twelve months of each."""
    left = pl.Series(leaves, dtype=pl.Int64)
    return rows.with_columns(
        months_known=pl.lit(MONTHS, pl.Int8),
        left_month=pl.when(left < MONTHS).then(left).cast(pl.Int8),
    )


def first_risk(rows: pl.DataFrame) -> np.ndarray:
    """The risk of the first month, as if it was known of everybody alike."""
    return np.full(rows.height, 0.06)


def learn(rows: pl.DataFrame, until: datetime = JUDGED) -> SurvivalModel | None:
    params = TrainingParams(booster=SMALL)
    return learn_survival(CONTRACT, rows, first_risk(rows), until, params)


@cache
def learnt() -> SurvivalModel:
    model = learn(people())
    assert model is not None
    return model


def test_the_hazards_of_either_kind_of_person_are_found():
    matrix = np.array([[0.0], [1.0]])
    happy, unhappy = learnt().hazards(matrix, np.full(2, 0.06))
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
    booster = fit_booster(Examples(with_column(matrix, month), left), None, names, params)
    model = SurvivalModel(booster_text=booster_text(booster), calibration=Platt())
    risk = np.full(3_000, 0.5)
    one_by_one = [raw_scores(booster, with_column(matrix, month)) for month in range(1, MONTHS)]
    said = Platt().apply(np.stack(one_by_one, axis=1))
    assert model.hazards(matrix, risk) == pytest.approx(said, abs=1e-12)


def test_trees_without_a_split_say_the_same_of_everybody():
    nobody = Examples(with_column(np.zeros((50, 1)), 1), np.repeat([0.0, 1.0], 25))
    booster = fit_booster(nobody, None, ["a", "month"], BoosterParams(rounds=2, threads=1))
    model = SurvivalModel(booster_text=booster_text(booster), calibration=Platt())
    assert model.hazards(np.array([[7.0]]), np.array([0.1])) == pytest.approx(np.full((1, 11), 0.5))


def poisoned_after(rows: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """The rows with everybody leaving in the first month that was not known by ``until``."""
    known = (pl.lit(until) - pl.col("as_of") - days(30)).dt.total_days() // 30
    there = (pl.col("left_month") >= known).fill_null(value=True) & (known < pl.col("months_known"))
    poison = pl.when(there).then(known.clip(0)).otherwise("left_month")
    return rows.with_columns(left_month=poison.cast(pl.Int8))


def test_nothing_of_the_months_that_are_judged_is_learnt():
    rows = people()
    poisoned = poisoned_after(rows, JUDGED)
    # Rows that left in the first month would be no later month of theirs at all.
    later = (rows["left_month"].ne_missing(poisoned["left_month"])).sum()
    assert later > 1000
    assert learn(poisoned) == learnt()


def made_up_months(between: int) -> TrainingSet:
    """The made-up company at dates so many days apart; of 20 in 100 somebody leaves each month."""
    made = made_up.training_set()
    moved = (pl.col("as_of") - made_up.FIRST) * between / 30
    rows, about = (
        part.with_columns(as_of=made_up.FIRST + moved) for part in (made.rows, made.about)
    )
    leaves = np.random.default_rng(0).geometric(0.2, rows.height)
    leaves = np.where(rows["churned"].fill_null(value=False).to_numpy(), 0, leaves)
    return replace(made, rows=with_later(rows, leaves), about=about)


def test_a_churn_model_learns_no_month_that_closed_after_what_it_says_it_knows():
    # Dates 27 days apart: 21 lie between what is known of the last that calibrates and the judged.
    made = made_up_months(27)
    found = train(made, made_up.PARAMS)
    evaluated: datetime = found.test_rows["as_of"].min()  # pyright: ignore[reportAssignmentType]
    until = replace(found.evidence, expansion=None).knows_until
    assert until == evaluated - days(21)
    poisoned = replace(made, rows=poisoned_after(made.rows, until))
    assert not poisoned.rows.equals(made.rows)
    again = train(poisoned, made_up.PARAMS)
    assert found.evidence.months == again.evidence.months is not None


def said_of(rows: pl.DataFrame, model: SurvivalModel | None = None) -> pl.DataFrame:
    training = replace(made_up.training_set(), rows=rows, about=rows.select(TOLD))
    return predicted_months(
        model or learnt(), CONTRACT, training, first_risk(rows), since=JUDGED, params=PARAMS
    )


TOLD = ["subscriber_id", "as_of", "plan", "mrr", "currency"]


def test_it_is_judged_on_months_that_begin_later():
    told = by_month(said_of(people(seed=1)))
    assert told.columns == ["month", "rows", "said", "rate", "low", "high"]
    assert told["month"].to_list() == list(range(1, 12))
    near = told.filter(pl.col("said").is_between("low", "high"))
    assert near.height >= 9


def evaluated(rows: pl.DataFrame) -> pl.DataFrame:
    """Judged rows as they are in ``Trained``."""
    return rows.filter(pl.col("as_of") >= JUDGED).with_columns(
        churned=(pl.col("left_month") == 0).fill_null(value=False),
        risk="hazard",
    )


def test_survival_and_worth_are_judged_by_band_and_plan():
    rows = people(seed=1, many=6_000).with_columns(
        plan=pl.when(pl.col("unhappy") == 1).then(pl.lit("basic")).otherwise(pl.lit("pro"))
    )
    # Who leaves with 12 in 100 is of the medium band from the first month on.
    risk = rows["hazard"].to_numpy()
    training = replace(made_up.training_set(), rows=rows, about=rows.select(TOLD))
    later = predicted_months(learnt(), CONTRACT, training, risk, since=JUDGED, params=PARAMS)
    told = by_band_and_plan(later, evaluated(rows))
    medium = told.filter(value="medium")
    assert medium["measure"].to_list() == ["survival_3m", "survival_6m", "survival_12m", "cltv_12m"]
    for months, came in zip((3, 6, 12), medium["came"].to_list(), strict=False):
        assert came == pytest.approx(0.88**months, abs=0.06)
    assert medium.drop("group", "value").equals(told.filter(value="basic").drop("group", "value"))
    assert (
        told.select((pl.col("low") <= pl.col("came")) & (pl.col("came") <= pl.col("high")))
        .to_series()
        .all()
    )
    assert {*told.filter(group="band")["value"]} == {"medium", "low"}


def test_who_says_too_much_is_told_so():
    """Nobody is said to leave: every ratio is above one, and what was said out of the interval."""
    hopeful = SurvivalModel(
        booster_text=learnt().booster_text, calibration=HazardCalibration(intercept=-20.0)
    )
    rows = people(seed=1)
    told = by_band_and_plan(said_of(rows, hopeful), evaluated(rows)).filter(group="all")
    assert (told["ratio"] > 1.05).all()
    assert (told["said"] > told["high"]).all()


def test_the_level_is_that_of_a_whole_year():
    # The first two months of the last year, as they closed, are a season of leaving.
    begins = JUDGED - days(365)
    rows, rng = people(), np.random.default_rng(0)
    month = np.arange(MONTHS)[None, :]
    opened = (rows["as_of"] - FIRST).dt.total_days().to_numpy()[:, None] + 30 * month
    from_begin = opened + 60 - (begins - FIRST).days
    hazard = np.where((from_begin >= 0) & (from_begin < 60), 0.4, 0.1)
    leaves = rng.random(hazard.shape) < hazard
    rows = with_later(rows, np.where(leaves.any(axis=1), leaves.argmax(axis=1), MONTHS))
    rows = rows.with_columns(unhappy=pl.lit(0.0))
    model = learn(rows)
    assert model
    year = person_months(rows, PARAMS).filter(
        pl.col("closes") >= pl.lit(begins), pl.col("closes") <= pl.lit(JUDGED)
    )
    said = model.hazards(np.zeros((1, 1)), np.array([0.06]))[0][year["month"].to_numpy() - 1]
    assert said.mean() == pytest.approx(year["left"].mean(), abs=0.015)


def test_in_trouble_today_is_in_trouble_next_month_and_not_for_ever():
    """Those at risk leave in the month after at 30 in 100, and from then on like everybody."""
    rows, rng = people(many=3_000), np.random.default_rng(0)
    risk = np.where(rng.random(rows.height) < 0.1, 0.4, 0.03)
    hazard = np.full((rows.height, MONTHS), 0.04)
    hazard[:, 0], hazard[:, 1] = risk, np.where(risk > 0.1, 0.3, 0.04)
    leaves = rng.random(hazard.shape) < hazard
    rows = with_later(rows, np.where(leaves.any(axis=1), leaves.argmax(axis=1), MONTHS))
    model = learn_survival(CONTRACT, rows, risk, JUDGED, TrainingParams(booster=SMALL))
    assert model
    said = model.hazards(np.zeros((2, 1)), np.array([0.4, 0.03]))
    assert said[0, 0] == pytest.approx(0.3, abs=0.07)
    assert said[0, 5] == pytest.approx(0.04, abs=0.025)
    assert said[1] == pytest.approx(np.full(11, 0.04), abs=0.015)


def test_a_column_that_grows_with_the_calendar_is_not_read():
    """Of old rows it says little, of new ones much, whoever they are about."""
    dates = [FIRST + days(30 * k) for k in range(9)]
    as_of = pl.Series("as_of", np.repeat(np.arange(9), 200)).replace_strict(dict(enumerate(dates)))
    rng = np.random.default_rng(0)
    clock = np.repeat(np.arange(9), 200) * 30 + rng.uniform(0, 60, 1_800)
    mood = rng.uniform(0, 1, 1_800)
    matrix = np.stack([clock, -clock, mood, np.where(mood < 0.5, np.nan, mood)], axis=1)
    assert drifting_columns(matrix, as_of).tolist() == [True, True, False, False]
    assert not drifting_columns(matrix[:400], as_of[:400]).any()


def test_a_risk_counts_no_less_soon_than_long_after():
    rng = np.random.default_rng(0)
    risk, month = rng.uniform(0.01, 0.9, 5_000), rng.integers(1, MONTHS, 5_000)
    # Against what is expected, the riskiest leave late.
    left = (rng.random(5_000) < np.where(month > 6, risk / 2, 0.05)).astype(float)
    found = learn_hazard_calibration(np.zeros(5_000), risk, month, left)
    assert found.early_risk_slope == 0
    assert found.risk_slope > 0.1


def test_of_a_handful_of_leavers_nothing_is_learnt():
    assert learn(people(many=60)) is None


def test_why_nothing_was_learnt_is_said():
    assert "fewer than 50 people left" in why_unlearnt(PARAMS)
    assert "churn.rule = 'contract'" in why_unlearnt(TrainingParams(churn="silence"))
    assert trained().unlearnt == (why_unlearnt(PARAMS),)


def test_the_curve_begins_with_the_risk_and_never_rises():
    curve = survival(np.array([0.1, 0.5]), np.full((2, 11), 0.2))
    assert curve.shape == (2, 12)
    assert curve[:, 0].tolist() == [0.9, 0.5]
    assert curve[0, 1] == pytest.approx(0.9 * 0.8)
    assert (np.diff(curve) <= 0).all()


def test_it_is_found_again_as_it_was(tmp_path: Path):
    learnt().save(tmp_path)
    assert SurvivalModel.load(tmp_path) == learnt()


def test_a_model_of_scores_alone_says_what_it_said(tmp_path: Path):
    """Those learnt before the first month's risk was read are loaded as they are."""
    rng = np.random.default_rng(0)
    matrix, month = rng.normal(size=(500, 1)), rng.integers(1, MONTHS, 500)
    left = (rng.random(500) < 0.2).astype(float)
    params = BoosterParams(rounds=5, min_data_in_leaf=10, threads=1)
    old = fit_booster(
        Examples(with_column(matrix, month), left), None, ["unhappy", "month"], params
    )
    model = SurvivalModel(booster_text=booster_text(old), calibration=Platt(0.9, -0.1))
    model.save(tmp_path)
    again = SurvivalModel.load(tmp_path)
    assert again == model
    assert again
    said = Platt(0.9, -0.1).apply(raw_scores(old, with_column(matrix, 3)))
    for risk in (0.01, 0.9):
        assert again.hazards(matrix, np.full(500, risk))[:, 2] == pytest.approx(said, abs=1e-12)


def test_a_churn_model_carries_its_months(tmp_path: Path):
    model = replace(trained().model, months=learnt())
    model.save(tmp_path)
    assert ChurnModel.load(tmp_path) == model


def test_a_model_that_knows_of_no_later_month_says_so():
    with pytest.raises(NoMonths, match="first 30 days"):
        trained().model.survival(pl.DataFrame())
