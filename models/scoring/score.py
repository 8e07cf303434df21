"""Score subscribers: risk, reasons, action and advice."""

from collections.abc import Collection, Sequence

import polars as pl

from perdura.features.definition import Column, Language
from perdura.features.topics.support import ESCALATED_OPEN
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.predictor.survival import survival
from perdura.models.scoring.action_table import Action, read_actions
from perdura.models.scoring.actions import choose_actions
from perdura.models.scoring.advice import advise
from perdura.models.scoring.attribution import Attributions, attribute
from perdura.models.scoring.lifetime_value import Valuation, worth_of
from perdura.models.scoring.reasons import in_words
from perdura.models.scoring.thresholds import DEFAULT_THRESHOLDS, Thresholds
from perdura.progress import OnProgress
from perdura.sources.counted import counted


def score(
    model: ChurnModel,
    rows: pl.DataFrame,
    columns: Sequence[Column],
    *,
    about: pl.DataFrame | None = None,
    language: Language = "en",
    actions: tuple[Action, ...] | None = None,
    unnamed: Collection[str] = (),
    valuation: Valuation | None = None,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    was_high: Collection[str] = (),
    progress: OnProgress | None = None,
) -> pl.DataFrame:
    """Risk, reasons, action and advice of each row.

    Args:
        model: The champion.
        rows: ``subscriber_id``, ``as_of`` and exactly the feature columns of its contract.
        columns: Definitions of the columns.
        about: Attributes row by row beside ``rows``, where known: ``state``, ``mrr``, and
            ``currency`` of amounts without a currency column; all are carried into the result.
        language: Language of reasons and actions.
        actions: The table of actions; by default the one that comes with Perdura.
        unnamed: Signals and columns that are never given as a reason.
        valuation: How future payments are valued.
        thresholds: The thresholds of the advice.
        was_high: Ids of subscribers in the high band the night before.
        progress: Called after each block of rows: rows done, of how many, and the step's name.

    Returns:
        One row per row, in order: ``subscriber_id``, the columns of ``about``, ``risk``,
        ``risk_voluntary``, ``risk_payment``, ``reasons`` (a list of
        ``models.scoring.reasons.REASON``), ``action``, ``action_text``, ``offer``, ``advice`` (as
        from ``models.scoring.advice``), ``unknown_values`` (the columns with an unseen text, by
        name, e.g. ``plan, currency``; else null); and with a survival model, and ``mrr`` and
        ``currency`` in ``about``, the value columns of ``models.scoring.lifetime_value.worth_of``.

    Raises:
        ColumnMismatch: The model cannot read these rows as it was fitted.
        ValueError: ``about`` has other rows than ``rows``.
    """
    attributes = _attributes(rows, about)
    currency = attributes["currency"] if "currency" in attributes.columns else None
    found = attribute(model, rows, columns, progress, unnamed)
    reasons = in_words(found, model, rows, columns, language=language, currency=currency)
    risks = model.risks(found.score, found.cause_score)
    scored = attributes.hstack(risks).with_columns(reasons)
    known = scored.hstack(rows.select(n for n in rows.columns if n == ESCALATED_OPEN.name))
    known = known.with_columns(was_high=pl.col("subscriber_id").is_in(list(was_high)))
    if found.offer is not None:
        known = known.with_columns(offer=pl.Series(found.offer))
    advised = advise(known, thresholds)
    chosen = choose_actions(
        scored.hstack(advised), actions or read_actions(), language, churn=model.churn
    )
    scored = scored.hstack(chosen).hstack(advised).with_columns(unknown_values(model, rows))
    return _with_worth(scored, found, valuation or Valuation(), model.horizon_days)


def unknown_values(model: ChurnModel, rows: pl.DataFrame) -> pl.Series:
    """The columns of each row with a text that the model has never seen; null where none has."""
    unseen = model.contract.unseen(rows)
    if not unseen:
        return pl.repeat(None, rows.height, dtype=pl.String, eager=True).alias("unknown_values")
    names = [pl.when(found).then(pl.lit(name)) for name, found in unseen.items()]
    joined = pl.concat_str(names, separator=", ", ignore_nulls=True)
    return pl.select(unknown_values=pl.when(joined != "").then(joined)).to_series()


def _with_worth(
    scored: pl.DataFrame, found: Attributions, valuation: Valuation, month_days: int
) -> pl.DataFrame:
    if found.hazards is None or not {"mrr", "currency"} <= {*scored.columns}:
        return scored
    curve = survival(scored["risk"].to_numpy(), found.hazards)
    worth = worth_of(curve, scored["mrr"], scored["currency"], valuation, month_days)
    return scored.hstack(worth)


def _attributes(rows: pl.DataFrame, about: pl.DataFrame | None) -> pl.DataFrame:
    if about is None:
        return rows.select("subscriber_id")
    if about.height != rows.height or not about["subscriber_id"].equals(rows["subscriber_id"]):
        raise ValueError(
            f"asked to score {counted(rows.height, 'row')} with {counted(about.height, 'row')} "
            "about other people, or in another order, beside them; give both from one spine"
        )
    return about.drop("as_of", strict=False)
