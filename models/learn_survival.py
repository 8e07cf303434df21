"""Learn how long people stay, from what became of everybody in one later month."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from scipy.stats import binomtest

from models.calibrate import learn_platt
from models.encoding import ColumnContract
from models.fit import Examples, booster_text, fit_booster, raw_scores
from models.months import are_months
from models.params import BoosterParams, TrainingParams
from models.people import person_column, person_numbers, some_people
from models.survival import MONTH, SurvivalModel, in_month

#: Below so many leavers among the rows that calibrate, a curve would be a guess.
FEWEST_LEAVERS = 50

_THIRDS = 3
# Hazards go with the season, so the rows that calibrate are of one whole year.
_YEAR = timedelta(days=365)
# Months that began within so long before the judged ones decide how many trees there are.
_DECIDES = timedelta(days=150)
_MOST_ROWS = 300_000


def learn_survival(
    contract: ColumnContract, rows: pl.DataFrame, until: datetime, params: TrainingParams
) -> SurvivalModel | None:
    """The model of the months after the first; ``None`` where too little is known of them.

    It is learnt from months that had closed, grace included, by ``until``. How many trees there
    are is decided by months that began later than those fitted on: the farther months are known
    of the oldest dates alone, and trees that tell dates apart would take their luck for a law.
    Its level comes from a whole year, since the newest months' season is not the whole year's, and
    from scores of trees that were grown on other people, a third of them at a time.

    Args:
        contract: The columns.
        rows: As of ``TrainingSet``, with ``month`` and ``left_then``.
        until: What happened from then on is for judging; at most the first date that is judged.
        params: What is learnt.
    """
    if params.split != "time" or "left_then" not in rows.columns:
        return None
    known = _months(rows, params, pl.col("closes") <= until)
    trees = _trees(contract, known, until, params)
    if trees is None:
        return None
    examples, grown = _examples(contract, known), replace(_small(params.booster), rounds=trees)
    names = [*contract.names, MONTH]
    score = _by_others(examples, person_numbers(known[person_column(known)]), names, grown)
    year = (known["closes"] >= until - _YEAR).to_numpy()
    return SurvivalModel(
        booster_text=booster_text(fit_booster(examples, None, names, grown)),
        calibration=learn_platt(score[year], examples.happened[year]),
    )


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


def judge_survival(
    model: SurvivalModel,
    contract: ColumnContract,
    rows: pl.DataFrame,
    since: datetime,
    params: TrainingParams,
) -> pl.DataFrame:
    """What it says of the months that began since, and what came.

    Returns:
        One row per month: ``month`` (1 is the one after the first), ``rows``, the mean hazard
        ``said``, the ``rate`` that came, and where it lies: ``low``, ``high``.
    """
    asked = _months(rows, params, pl.col("opens") >= since)
    examples = _examples(contract, asked)
    said = model.calibration.apply(raw_scores(model.booster, examples.matrix))
    return (
        asked.select("month", left="left_then", said=pl.Series(said))
        .group_by("month")
        .agg(rows=pl.len(), said=pl.col("said").mean(), left=pl.col("left").sum())
        .sort("month")
        .with_columns(pl.struct("left", "rows").map_elements(_lies, _LIES).struct.unnest())
        .with_columns(rate=pl.col("left") / pl.col("rows"))
        .select("month", "rows", "said", "rate", "low", "high")
    )


def _months(rows: pl.DataFrame, params: TrainingParams, among: pl.Expr) -> pl.DataFrame:
    """Rows that are asked about a later month, not too many, and when it opens and is closed."""
    horizon = params.horizon_days
    opens = pl.col("as_of") + pl.duration(days=pl.col("month").cast(pl.Int64) * horizon)
    closes = opens + timedelta(days=horizon + params.grace_days)
    asked = pl.col("left_then").is_not_null()
    return some_people(rows.with_columns(opens=opens, closes=closes), _MOST_ROWS, asked & among)


def _examples(contract: ColumnContract, rows: pl.DataFrame) -> Examples:
    matrix = contract.numbers(rows.select(contract.names))
    left = rows["left_then"].to_numpy().astype(np.float64)
    return Examples(in_month(matrix, rows["month"].to_numpy()), left)


_LIES = pl.Struct({"low": pl.Float64, "high": pl.Float64})


def _lies(month: dict[str, int]) -> dict[str, float]:
    """Where a rate lies in 95 of 100 samples (Wilson 1927)."""
    low, high = binomtest(month["left"], month["rows"]).proportion_ci(method="wilson")
    return {"low": low, "high": high}


def _trees(
    contract: ColumnContract, known: pl.DataFrame, until: datetime, params: TrainingParams
) -> int | None:
    """How many trees, grown on earlier months, help on later ones; none, where they cannot say."""
    cut = until - _DECIDES
    past = known.filter(pl.col("closes") <= cut)
    later = known.filter(pl.col("opens") >= cut - timedelta(days=params.grace_days))
    if min(_leavers(past), _leavers(later)) < FEWEST_LEAVERS:
        return None
    booster = fit_booster(
        _examples(contract, past),
        _examples(contract, later),
        [*contract.names, MONTH],
        _small(params.booster),
    )
    return max(1, booster.best_iteration)


def _by_others(
    examples: Examples, people: np.ndarray, names: list[str], params: BoosterParams
) -> np.ndarray:
    """What trees say of each row that were grown on the rows of other people."""
    score, third = np.empty(len(people)), people % np.uint64(_THIRDS)
    for place in range(_THIRDS):
        asked = third == place
        others = Examples(examples.matrix[~asked], examples.happened[~asked])
        booster = fit_booster(others, None, names, params)
        score[asked] = raw_scores(booster, examples.matrix[asked])
    return score


def _leavers(rows: pl.DataFrame) -> int:
    return int(rows["left_then"].sum())


def _small(params: BoosterParams) -> BoosterParams:
    """Small trees: of the months after the first little can be known, and the night asks eleven."""
    return replace(
        params,
        learning_rate=0.1,
        rounds=200,
        patience=15,
        num_leaves=8,
        max_depth=4,
        min_data_in_leaf=3 * params.min_data_in_leaf,
    )
