"""Score people: how likely each is to leave, why, and what to do about it."""

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
from perdura.sources.progress import OnProgress


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
    progress: OnProgress | None = None,
) -> pl.DataFrame:
    """Risk, reasons, action and advice of each row.

    Args:
        model: The champion.
        rows: ``subscriber_id``, ``as_of`` and exactly the feature columns of its contract.
        columns: What the columns mean.
        about: Row by row beside ``rows``, where known: ``state``, ``mrr``, and ``currency`` of
            amounts that have no column of it; carried into the result whole, but for what ``rows``
            has.
        language: Of reasons and actions.
        actions: What to choose from; the table that comes with Perdura by default.
        unnamed: Signals and columns that are never given as a reason.
        valuation: How money that is still to come is counted.
        thresholds: From where on support is advised to save, and to offer.
        progress: Told after each block of rows: how many are done, of how many, and what.

    Returns:
        One row per row, in order: ``subscriber_id``, the columns of ``about``, ``risk``,
        ``risk_voluntary``, ``risk_payment``, ``reasons`` (a list of
        ``models.scoring.reasons.REASON``), ``action``, ``action_text``, ``offer``, ``advice`` (as
        of ``models.scoring.advice``), ``unknown_values`` (the columns that hold a text the model
        has never seen, by name, e.g. ``plan, currency``; null where none does); and where the model
        knows of later months and ``about`` has ``mrr`` and ``currency``, what each is worth, as of
        ``models.scoring.lifetime_value.worth_of``.

    Raises:
        ColumnMismatch: The model cannot read these rows as it was fitted.
        ValueError: ``about`` has not the rows of ``rows``.
    """
    told = _beside(rows, about)
    currency = told["currency"] if "currency" in told.columns else None
    weighed = attribute(model, rows, columns, progress, unnamed)
    reasons = in_words(weighed, model, rows, columns, language=language, currency=currency)
    risks = model.risks(weighed.score, weighed.cause_score)
    scored = told.hstack(risks).with_columns(reasons)
    chosen = choose_actions(scored, actions or read_actions(), language, churn=model.churn)
    advised = advise(_with_offers(weighed, rows, scored), thresholds)
    scored = scored.hstack(chosen).hstack(advised).with_columns(unknown_values(model, rows))
    return _with_worth(scored, weighed, valuation or Valuation(), model.horizon_days)


def unknown_values(model: ChurnModel, rows: pl.DataFrame) -> pl.Series:
    """Of each row, the columns that hold a text the model has never seen; null where none does."""
    unseen = model.contract.unseen(rows)
    if not unseen:
        return pl.repeat(None, rows.height, dtype=pl.String, eager=True).alias("unknown_values")
    names = [pl.when(found).then(pl.lit(name)) for name, found in unseen.items()]
    joined = pl.concat_str(names, separator=", ", ignore_nulls=True)
    return pl.select(unknown_values=pl.when(joined != "").then(joined)).to_series()


def _with_worth(
    scored: pl.DataFrame, weighed: Attributions, valuation: Valuation, month_days: int
) -> pl.DataFrame:
    if weighed.hazards is None or not {"mrr", "currency"} <= {*scored.columns}:
        return scored
    curve = survival(scored["risk"].to_numpy(), weighed.hazards)
    worth = worth_of(curve, scored["mrr"], scored["currency"], valuation, month_days)
    return scored.hstack(worth)


def _with_offers(weighed: Attributions, rows: pl.DataFrame, scored: pl.DataFrame) -> pl.DataFrame:
    """What advice goes by: the scores, open escalations, and offers where the model knows them."""
    known = [name for name in (ESCALATED_OPEN.name,) if name in rows.columns]
    told = scored.hstack(rows.select(known))
    if weighed.offer is None:
        return told
    return told.with_columns(offer=pl.Series(weighed.offer))


def _beside(rows: pl.DataFrame, about: pl.DataFrame | None) -> pl.DataFrame:
    if about is None:
        return rows.select("subscriber_id")
    if about.height != rows.height or not about["subscriber_id"].equals(rows["subscriber_id"]):
        raise ValueError(
            f"asked to score {rows.height} rows with {about.height} rows about other people, or "
            "in another order, beside them; give both from one spine"
        )
    return about.drop("as_of", strict=False)
