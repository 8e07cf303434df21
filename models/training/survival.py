"""Learn how long people stay, from what became of everybody in all later months that are known."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Examples, booster_text, fit_booster, raw_scores
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

#: Below so many people who left in later months, a curve would be a guess.
FEWEST_LEAVERS = 50

_THIRDS = 3
# Hazards go with the season, so the person-months that calibrate are of one whole year.
_YEAR = timedelta(days=365)
# All that hold a leaver and a share of the others: more need memory and teach little.
_MOST_PERSON_MONTHS = 200_000
# Calendar months whose rate rests on fewer leavers are drawn to the rate of all.
_PRIOR_LEAVERS = 50


def learn_survival(
    contract: ColumnContract,
    rows: pl.DataFrame,
    risk: np.ndarray,
    until: datetime,
    params: TrainingParams,
) -> SurvivalModel | None:
    """The model of the months after the first; ``None`` where too little is known of them.

    It is learnt from all months that had closed, grace included, by ``until``. Trees are grown
    beside the rate of each calendar month and do not read columns that tell old dates from new, so
    that they cannot take one season's luck for a law; how many help is decided by other people, a
    third of them at a time, and so are the scores that are calibrated. The level comes from a whole
    year, since the newest months' season is not the whole year's.

    Args:
        contract: The columns.
        rows: As of ``TrainingSet``, with the columns of ``LATER``.
        risk: The first month's of each row, as of ``training.first_month.out_of_fold_risk``: from
            trees that did not see its person, calibrated as the churn model is that will be asked
            beside this one. A risk of fitted rows would be too near to what came. Only rows with
            ``months_known`` above 1 are read.
        until: What happened from then on is for judging; at most the first date that is judged.
        params: What is learnt.
    """
    if not knows_later_months(rows, until, params):
        return None
    known, share = _sampled(_closed(rows, until, params), params.booster.seed)
    people = person_numbers(rows[person_column(rows)][known["row"]])
    examples = _examples(contract, rows, risk, known)
    score, trees = _by_others(examples, people, contract, _small(params.booster))
    grown = replace(_small(params.booster), rounds=trees)
    booster = fit_booster(examples, None, _names(contract), grown)
    year = (known["closes"] >= until - _YEAR).to_numpy()
    first, month = risk[known["row"].to_numpy()], known["month"].to_numpy()
    return SurvivalModel(
        booster_text=booster_text(booster),
        calibration=learn_hazard_calibration(
            score[year], first[year], month[year], examples.happened[year], share
        ),
    )


def knows_later_months(rows: pl.DataFrame, until: datetime, params: TrainingParams) -> bool:
    """Whether enough is known by ``until`` to learn of later months."""
    if params.split != "time" or not {*LATER} <= {*rows.columns}:
        return False
    left = _closed(rows, until, params).filter("left", pl.col("closes") >= pl.lit(until) - _YEAR)
    return rows[person_column(rows)][left["row"]].n_unique() >= FEWEST_LEAVERS


def why_unlearnt(params: TrainingParams) -> str:
    """Why nothing is known of later months, where it is not, in one sentence."""
    if not are_months(params) or params.split != "time":
        why = (
            "that takes churn = 'contract', lead_days = 0, a horizon of a month, and a split by "
            "time"
        )
    else:
        why = f"fewer than {FEWEST_LEAVERS} people left in later months whose outcome is known"
    return f"How long people stay was not learnt, so nights tell no CLTV: {why}."


def _closed(rows: pl.DataFrame, until: datetime, params: TrainingParams) -> pl.DataFrame:
    """The person-months whose outcome was known by ``until``."""
    return person_months(rows, params).filter(pl.col("closes") <= pl.lit(until))


def _sampled(known: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, float]:
    """Every person-month with a leaver and a share of the others; and that share."""
    left = int(known["left"].sum())
    wanted = max(_MOST_PERSON_MONTHS - left, left)
    share = min(1.0, wanted / max(1, known.height - left))
    if share == 1.0:
        return known, share
    drawn = np.random.default_rng(seed).random(known.height) < share
    return known.filter(pl.col("left") | pl.Series(drawn)), share


def _examples(
    contract: ColumnContract, rows: pl.DataFrame, risk: np.ndarray, known: pl.DataFrame
) -> Examples:
    """Person-months as numbers, beside the rate of their calendar month."""
    at, place = np.unique(known["row"].to_numpy(), return_inverse=True)
    matrix = contract.numbers(rows[at].select(contract.names))
    # A column of nothing is never split on, and keeps its place.
    matrix[:, drifting_columns(matrix, rows["as_of"][at])] = np.nan
    matrix = with_first_month(matrix, risk[at])[place]
    left = known["left"].to_numpy().astype(np.float64)
    return Examples(with_column(matrix, known["month"].to_numpy()), left, offset=_seasonal(known))


def _seasonal(known: pl.DataFrame) -> np.ndarray:
    """The log-odds of leaving in the calendar month that holds most of each person-month."""
    rate, left = known["left"].mean(), pl.col("left")
    calendar = pl.col("opens").dt.offset_by("15d").dt.truncate("1mo")
    smooth = (left.sum() + _PRIOR_LEAVERS) / (left.len() + _PRIOR_LEAVERS / pl.lit(rate))
    odds = known.select((smooth / (1 - smooth)).over(calendar)).to_series()
    return odds.log().to_numpy()


@dataclass(frozen=True, slots=True)
class _Third:
    """What the people outside a third say of it."""

    inside: np.ndarray
    score: np.ndarray
    trees: int


def _by_others(
    examples: Examples, people: np.ndarray, contract: ColumnContract, params: BoosterParams
) -> tuple[np.ndarray, int]:
    """What trees say of each person-month that were grown on other people's, and how many help."""
    thirds = [
        _third(examples, people % np.uint64(_THIRDS) == number, contract, params)
        for number in range(_THIRDS)
    ]
    score = np.empty(len(people))
    for third in thirds:
        score[third.inside] = third.score
    return score, int(np.median([third.trees for third in thirds]))


def _third(
    examples: Examples, inside: np.ndarray, contract: ColumnContract, params: BoosterParams
) -> _Third:
    held_out, others = _among(examples, inside), _among(examples, ~inside)
    booster = fit_booster(others, held_out, _names(contract), params)
    return _Third(inside, raw_scores(booster, held_out.matrix), max(1, booster.best_iteration))


def _among(examples: Examples, among: np.ndarray) -> Examples:
    offset = None if examples.offset is None else examples.offset[among]
    return Examples(examples.matrix[among], examples.happened[among], offset=offset)


def _names(contract: ColumnContract) -> list[str]:
    return [*contract.names, FIRST_MONTH, MONTH]


def _small(params: BoosterParams) -> BoosterParams:
    """At most a hundred trees: of later months less can be known, and the night asks eleven."""
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
