"""Evaluation of the survival model, on months that began after everything it was fitted on."""

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

#: Where the bands begin that survival is evaluated by: the defaults of the risk table.
MEDIUM_FROM, HIGH_FROM = 0.10, 0.25
#: Groups of fewer people are not evaluated.
FEWEST_PEOPLE = 50

_MOST_ROWS = 300_000
_AFTER = (3, 6, 12)


def predicted_months(
    model: SurvivalModel,
    contract: ColumnContract,
    training: TrainingSet,
    risk: np.ndarray,
    *,
    since: datetime,
    params: TrainingParams,
) -> pl.DataFrame:
    """The predicted and observed churn of the person-months that began from ``since`` on.

    Args:
        model: The model to evaluate; it was fitted on months that closed before ``since``.
        contract: The columns.
        training: Labelled rows.
        risk: As for ``learn_survival``: out of fold, as most of these rows were fitted on.
        since: The first date of the test set.
        params: The length of a month.

    Returns:
        One row per person-month: ``owner``, ``as_of``, ``month`` (1 is the one after the first),
        ``left``, ``said`` (the predicted hazard), ``risk`` (of the first month), ``band``, and
        those of ``plan``, ``mrr``, ``currency`` that are known.
    """
    owner = pl.col(person_column(training.rows)).alias("owner")
    rows = training.rows.with_columns(
        owner, risk=pl.Series(risk), row_index=pl.int_range(pl.len())
    ).hstack(training.about.select(pl.col("^plan|mrr|currency$").name.prefix("about_")))
    later = person_months(rows, params).filter(pl.col("opens") >= pl.lit(since))
    in_months = pl.col("row_index").is_in(later["row"].unique().implode())
    sample = some_people(rows, _MOST_ROWS, in_months)
    hazards = model.hazards(
        contract.numbers(sample.select(contract.names)), sample["risk"].to_numpy()
    )
    attributes = sample.select(
        "owner",
        "as_of",
        "risk",
        pl.col("^about_.*$").name.replace("^about_", ""),
        row="row_index",
        sample_index=pl.int_range(pl.len()),
    )
    joined = later.join(attributes, on="row", how="inner", maintain_order="left")
    said = hazards[joined["sample_index"].to_numpy(), joined["month"].to_numpy() - 1]
    return joined.drop("row", "sample_index", "opens", "closes").with_columns(
        _BAND, said=pl.Series(said)
    )


def by_month(later: pl.DataFrame) -> pl.DataFrame:
    """Predicted and observed churn of each later month.

    Args:
        later: From ``predicted_months``.

    Returns:
        One row per month: ``month`` (1 is the one after the first), ``rows``, the mean predicted
        hazard ``said``, the observed ``rate``, and its 95 % interval: ``low``, ``high``.
    """

    def interval(month: dict[str, int]) -> dict[str, float]:
        """Wilson's interval (1927)."""
        ends = binomtest(month["left"], month["rows"]).proportion_ci(method="wilson")
        return {"low": ends.low, "high": ends.high}

    return (
        later.group_by("month")
        .agg(rows=pl.len(), said=pl.col("said").mean(), left=pl.col("left").sum())
        .sort("month")
        .with_columns(pl.struct("left", "rows").map_elements(interval, _INTERVAL).struct.unnest())
        .with_columns(rate=pl.col("left") / pl.col("rows"))
        .select("month", "rows", "said", "rate", "low", "high")
    )


def by_band_and_plan(later: pl.DataFrame, test_rows: pl.DataFrame) -> pl.DataFrame:
    """Survival and CLTV of all, of each band of risk and of each plan, predicted and observed.

    Person-months of the calendar since the first test date make one life table per group: its
    first month is that of the test rows; later months are those of subscribers that were in the
    group at any earlier date.

    Args:
        later: From ``predicted_months``.
        test_rows: As in ``Trained``: test rows and their risk.

    Returns:
        One row per group, value and measure: ``group`` (``all``, ``band``, ``plan``), ``value``,
        ``people``, ``measure`` (``survival_3m``, ``_6m``, ``_12m``; ``cltv_12m``, months of margin
        that are earned in twelve, weighted by MRR), ``said`` (predicted), ``came`` (observed) with
        its 95 % interval ``low`` and ``high``, and ``ratio``: said over came. Groups of fewer than
        ``FEWEST_PEOPLE``, and measures that reach unknown months, are left out.
    """
    rows = _with_first_month(later, test_rows)
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
        _group_measures(group, value, counted.among(inside), paid.among(inside))
        for group, value, inside in _groups(rows)
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


def _group_measures(
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


def _with_first_month(later: pl.DataFrame, test_rows: pl.DataFrame) -> pl.DataFrame:
    """The person-months of the first month, from the test rows, and the later ones."""
    names = ["owner", "month", "left", "said", "band", "plan", "mrr", "currency"]
    first = test_rows.select(
        "owner",
        _BAND,
        *(name for name in names[-3:] if name in test_rows.columns),
        month=pl.lit(0),
        left="churned",
        said="risk",
    )
    rows = pl.concat([first, later.drop("risk", "as_of")], how="diagonal_relaxed")
    missing = [name for name in names[-3:] if name not in rows.columns]
    return rows.with_columns(pl.lit(None).alias(name) for name in missing).select(names)


_BAND = (
    pl.when(pl.col("risk") >= HIGH_FROM)
    .then(pl.lit("high"))
    .when(pl.col("risk") >= MEDIUM_FROM)
    .then(pl.lit("medium"))
    .otherwise(pl.lit("low"))
    .alias("band")
)


_INTERVAL = pl.Struct({"low": pl.Float64, "high": pl.Float64})


@dataclass(frozen=True, slots=True)
class MonthsEvaluation:
    """The evaluation of later months, predicted and observed.

    Attributes:
        by_month: From ``by_month``.
        by_group: From ``by_band_and_plan``.
    """

    by_month: pl.DataFrame
    by_group: pl.DataFrame
