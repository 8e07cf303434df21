"""Train the survival model on all later months with known outcomes."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.dataset.later_months import LATER, are_months, person_months
from perdura.models.dataset.person_ids import person_column, person_numbers
from perdura.models.evaluation.date_drift import drifting_columns
from perdura.models.params import BoosterParams, TrainingParams
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.survival import (
    FIRST_MONTH,
    MONTH,
    SurvivalModel,
    with_column,
    with_first_month,
)
from perdura.models.training.calibrate_hazards import learn_hazard_calibration

#: Fewest people who left in later months from which a curve is fitted.
FEWEST_LEAVERS = 50

_THIRDS = 3
# Hazards have a season, so the person-months that calibrate are of one whole year.
_YEAR = timedelta(days=365)
# All with churn and a share of the others: more rows need memory and improve little.
_MOST_PERSON_MONTHS = 200_000
# The rate of a calendar month is shrunk towards the overall rate as by this many churners.
_PRIOR_LEAVERS = 50


def learn_survival(
    contract: ColumnContract,
    rows: pl.DataFrame,
    risk: np.ndarray,
    until: datetime,
    params: TrainingParams,
) -> SurvivalModel | None:
    """The model of the months after the first; ``None`` where too few are known.

    It is fitted on all months that had closed, grace included, by ``until``. Trees start from the
    rate of each calendar month and do not read columns that drift with the date, so that they do
    not fit the luck of one season. The number of trees, and the scores that are calibrated, come
    from cross-fitting over thirds of the people. The level comes from a whole year, since the
    newest months have a season of their own.

    Args:
        contract: The columns.
        rows: As in ``TrainingSet``, with the columns of ``LATER``.
        risk: The first month's risk of each row, from ``training.first_month.out_of_fold_risk``,
            calibrated as the churn model that this one goes with. Risks of fitted rows would be
            too close to the outcome. Only rows with ``months_known`` above 1 are read.
        until: Nothing that happened from then on is used; at most the first date of the test set.
        params: The parameters of the training.
    """
    if not knows_later_months(rows, until, params):
        return None
    known, share = _sampled(_closed(rows, until, params), params.booster.seed)
    people = person_numbers(rows[person_column(rows)][known["row"]])
    examples = _examples(contract, rows, risk, known)
    names = [*contract.names, FIRST_MONTH, MONTH]
    small = _small(params.booster)
    score, trees = _cross_fitted(examples, people, names, small)
    booster = LEARNER.fit(examples, None, names, replace(small, rounds=trees))
    year = (known["closes"] >= until - _YEAR).to_numpy()
    first, month = risk[known["row"].to_numpy()], known["month"].to_numpy()
    return SurvivalModel(
        booster_text=LEARNER.to_text(booster),
        calibration=learn_hazard_calibration(
            score[year], first[year], month[year], examples.happened[year], share
        ),
    )


def knows_later_months(rows: pl.DataFrame, until: datetime, params: TrainingParams) -> bool:
    """Whether enough later months are known by ``until`` to fit a model."""
    if params.split != "time" or not {*LATER} <= {*rows.columns}:
        return False
    left = _closed(rows, until, params).filter("left", pl.col("closes") >= pl.lit(until) - _YEAR)
    return rows[person_column(rows)][left["row"]].n_unique() >= FEWEST_LEAVERS


def why_unlearnt(params: TrainingParams) -> str:
    """Why there is no survival model, in one sentence."""
    if not are_months(params) or params.split != "time":
        why = (
            "that takes churn.rule = 'contract', churn.lead_days = 0, a horizon of a month, and "
            "training.split = 'time'"
        )
    else:
        why = f"fewer than {FEWEST_LEAVERS} people left in later months whose outcome is known"
    return f"How long people stay was not learnt, so nights have no CLTV: {why}."


def _closed(rows: pl.DataFrame, until: datetime, params: TrainingParams) -> pl.DataFrame:
    """The person-months with outcomes known by ``until``."""
    return person_months(rows, params).filter(pl.col("closes") <= pl.lit(until))


def _sampled(known: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, float]:
    """Every person-month with churn and a share of the others; and that share."""
    left = int(known["left"].sum())
    others = max(_MOST_PERSON_MONTHS - left, left)
    share = min(1.0, others / max(1, known.height - left))
    if share == 1.0:
        return known, share
    drawn = np.random.default_rng(seed).random(known.height) < share
    return known.filter(pl.col("left") | pl.Series(drawn)), share


def _examples(
    contract: ColumnContract, rows: pl.DataFrame, risk: np.ndarray, known: pl.DataFrame
) -> Examples:
    """Person-months as numbers, with the log-odds of their calendar month as the offset."""
    unique, index = np.unique(known["row"].to_numpy(), return_inverse=True)
    matrix = contract.numbers(rows[unique].select(contract.names))
    # An empty column is never split on, and keeps its position.
    matrix[:, drifting_columns(matrix, rows["as_of"][unique])] = np.nan
    matrix = with_first_month(matrix, risk[unique])[index]
    # The calendar month that holds most of each person-month.
    calendar = pl.col("opens").dt.offset_by("15d").dt.truncate("1mo")
    rate, left = known["left"].mean(), pl.col("left")
    smooth = (left.sum() + _PRIOR_LEAVERS) / (left.len() + _PRIOR_LEAVERS / pl.lit(rate))
    odds = known.select((smooth / (1 - smooth)).over(calendar)).to_series()
    return Examples(
        with_column(matrix, known["month"].to_numpy()),
        known["left"].to_numpy().astype(np.float64),
        offset=odds.log().to_numpy(),
    )


def _cross_fitted(
    examples: Examples, people: np.ndarray, names: list[str], params: BoosterParams
) -> tuple[np.ndarray, int]:
    """Scores by trees of the other two thirds of the people, and the median number of trees."""

    def part(rows: np.ndarray) -> Examples:
        offset = None if examples.offset is None else examples.offset[rows]
        return Examples(examples.matrix[rows], examples.happened[rows], offset=offset)

    score, trees = np.empty(len(people)), list[int]()
    for number in range(_THIRDS):
        inside = people % np.uint64(_THIRDS) == number
        held_out = part(inside)
        booster = LEARNER.fit(part(~inside), held_out, names, params)
        score[inside] = LEARNER.raw_scores(booster, held_out.matrix)
        trees.append(max(1, booster.best_iteration))
    return score, int(np.median(trees))


def _small(params: BoosterParams) -> BoosterParams:
    """At most a hundred trees: later months hold less signal, and every night scores eleven."""
    return replace(
        params,
        learning_rate=0.05,
        rounds=100,
        patience=15,
        num_leaves=31,
        max_depth=6,
        min_data_in_leaf=3 * params.min_data_in_leaf,
        rising=(),
    )
