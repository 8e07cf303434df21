"""How well it is said how long people stay, on months that began after all that was fitted on."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from scipy.stats import binomtest

from perdura.models.dataset.later_months import person_months
from perdura.models.dataset.person_ids import person_column, some_people
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.evaluation.life_table import Estimate, PersonMonths, life_table
from perdura.models.evaluation.metrics import in_common_currency
from perdura.models.params import TrainingParams
from perdura.models.predictor.column_contract import ColumnContract
from perdura.models.predictor.survival import MONTHS, SurvivalModel
from perdura.models.scoring.lifetime_value import Valuation

#: Where the bands begin that survival is judged by: those of the risk table, by default.
MEDIUM_FROM, HIGH_FROM = 0.10, 0.25
#: Groups of fewer people are not judged.
FEWEST_PEOPLE = 50

_MOST_ROWS = 300_000
_AFTER = (3, 6, 12)


def said_later(
    model: SurvivalModel,
    contract: ColumnContract,
    training: TrainingSet,
    risk: np.ndarray,
    *,
    since: datetime,
    params: TrainingParams,
) -> pl.DataFrame:
    """What is said of the person-months that began from ``since`` on, and what came.

    Args:
        model: What is evaluated; nothing that closed after ``since`` was fitted on.
        contract: The columns.
        training: Labelled rows.
        risk: As for ``learn_survival``: out of fold, as most of these rows were fitted on.
        since: The first date that is judged.
        params: How long a month is.

    Returns:
        One row per person-month: ``owner``, ``as_of``, ``month`` (1 is the one after the first),
        ``left``, ``said`` (the hazard), ``risk`` (of the first month), ``band``, and of ``plan``,
        ``mrr``, ``currency`` what is known.
    """
    rows = training.rows.with_columns(
        _owner(training.rows), risk=pl.Series(risk), at=pl.int_range(pl.len())
    ).hstack(training.about.select(pl.col("^plan|mrr|currency$").name.prefix("about_")))
    later = person_months(rows, params).filter(pl.col("opens") >= pl.lit(since))
    asked = some_people(rows, _MOST_ROWS, pl.col("at").is_in(later["row"].unique().implode()))
    hazards = model.hazards(
        contract.numbers(asked.select(contract.names)), asked["risk"].to_numpy()
    )
    told = asked.select(
        "owner",
        "as_of",
        "risk",
        pl.col("^about_.*$").name.replace("^about_", ""),
        row="at",
        place=pl.int_range(pl.len()),
    )
    joined = later.join(told, on="row", how="inner", maintain_order="left")
    said = hazards[joined["place"].to_numpy(), joined["month"].to_numpy() - 1]
    return joined.drop("row", "place", "opens", "closes").with_columns(
        _band(), said=pl.Series(said)
    )


def by_month(later: pl.DataFrame) -> pl.DataFrame:
    """Said and came of each later month.

    Args:
        later: As of ``said_later``.

    Returns:
        One row per month: ``month`` (1 is the one after the first), ``rows``, the mean hazard
        ``said``, the ``rate`` that came, and where it lies: ``low``, ``high``.
    """
    return (
        later.group_by("month")
        .agg(rows=pl.len(), said=pl.col("said").mean(), left=pl.col("left").sum())
        .sort("month")
        .with_columns(pl.struct("left", "rows").map_elements(_lies, _LIES).struct.unnest())
        .with_columns(rate=pl.col("left") / pl.col("rows"))
        .select("month", "rows", "said", "rate", "low", "high")
    )


def by_band_and_plan(later: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Survival and CLTV of everybody, of each band of risk and of each plan, said and come.

    Person-months of the judged dates' stretch of the calendar make one life table of each group:
    its first month is that of the judged rows, and later months are those of whoever was in the
    group at any earlier date.

    Args:
        later: As of ``said_later``.
        judged: As in ``Trained``: judged rows and their risk.

    Returns:
        One row per group, value and measure: ``group`` (``all``, ``band``, ``plan``), ``value``,
        ``people``, ``measure`` (``survival_3m``, ``_6m``, ``_12m``; ``cltv_12m``, months of margin
        that are earned in twelve, weighted by mrr), ``said``, ``came``, ``low`` and ``high``
        between which what came lies, and ``ratio``: said over came. Groups of fewer than
        ``FEWEST_PEOPLE``, and measures that reach months of which nothing is known, are not there.
    """
    rows = _with_first_month(later, judged)
    person = rows["owner"].rank("dense").to_numpy().astype(np.int64) - 1
    money = (
        rows.select(pl.when(in_common_currency(rows)).then("mrr").fill_null(0).cast(pl.Float64))
        .to_series()
        .fill_null(0)
        .to_numpy()
    )
    counted, paid = (
        PersonMonths(
            person=person,
            month=rows["month"].to_numpy().astype(np.int64),
            left=rows["left"].to_numpy().astype(np.float64),
            said=rows["said"].to_numpy(),
            weight=weight,
        )
        for weight in (np.ones(rows.height), money)
    )
    tables = [
        _of_group(group, value, counted.among(which), paid.among(which))
        for group, value, which in _groups(rows)
    ]
    return pl.DataFrame([line for lines in tables for line in lines], _SCHEMA, orient="row")


_SCHEMA = {
    "group": pl.String,
    "value": pl.String,
    "people": pl.Int64,
    "measure": pl.String,
    "said": pl.Float64,
    "came": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "ratio": pl.Float64,
}


def _of_group(
    group: str, value: str, counted: PersonMonths, paid: PersonMonths
) -> list[tuple[object, ...]]:
    people = len(np.unique(counted.person))
    if people < FEWEST_PEOPLE:
        return []
    found: dict[str, Estimate] = {}
    for months in _AFTER:
        if table := life_table(counted, months):
            found[f"survival_{months}m"] = table.survival(months)
    if table := life_table(paid, MONTHS):
        found[f"cltv_{MONTHS}m"] = table.worth(Valuation().monthly)
    return [
        (group, value, people, name, e.said, e.came, e.low, e.high, e.said / max(e.came, 1e-9))
        for name, e in found.items()
    ]


def _groups(rows: pl.DataFrame) -> list[tuple[str, str, np.ndarray]]:
    """Name, value and rows of every group."""
    found = [("all", "all", np.ones(rows.height, dtype=bool))]
    for group in ("band", "plan"):
        values = rows[group].unique().drop_nulls()
        order = _BANDS if group == "band" else values.sort().to_list()
        found += [
            (group, value, (rows[group] == value).fill_null(value=False).to_numpy())
            for value in order
            if value in values
        ]
    return found


_BANDS = ["high", "medium", "low"]


def _with_first_month(later: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """The person-months with those of the first month before them, of the judged rows."""
    names = ["owner", "month", "left", "said", "band", "plan", "mrr", "currency"]
    first = judged.select(
        "owner",
        _band(),
        *(name for name in names[-3:] if name in judged.columns),
        month=pl.lit(0),
        left="churned",
        said="risk",
    )
    rows = pl.concat([first, later.drop("risk", "as_of")], how="diagonal_relaxed")
    missing = [name for name in names[-3:] if name not in rows.columns]
    return rows.with_columns(pl.lit(None).alias(name) for name in missing).select(names)


def _band() -> pl.Expr:
    high = pl.when(pl.col("risk") >= HIGH_FROM).then(pl.lit("high"))
    return (
        high.when(pl.col("risk") >= MEDIUM_FROM)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
        .alias("band")
    )


def _owner(rows: pl.DataFrame) -> pl.Expr:
    return pl.col(person_column(rows)).alias("owner")


_LIES = pl.Struct({"low": pl.Float64, "high": pl.Float64})


def _lies(month: dict[str, int]) -> dict[str, float]:
    """Where a rate lies in 95 of 100 samples (Wilson 1927)."""
    low, high = binomtest(month["left"], month["rows"]).proportion_ci(method="wilson")
    return {"low": low, "high": high}


@dataclass(frozen=True, slots=True)
class JudgedMonths:
    """What was said of later months and what came.

    Attributes:
        by_month: As of ``models.evaluation.survival_metrics.by_month``.
        by_group: As of ``models.evaluation.survival_metrics.by_band_and_plan``.
    """

    by_month: pl.DataFrame
    by_group: pl.DataFrame
