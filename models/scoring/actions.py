"""What to do about a risk: the first entry of a small table that fits the strongest reason."""

import polars as pl

from perdura.features.definition import Language
from perdura.models.scoring.action_table import Action
from perdura.models.scoring.reason_candidates import MOST


def choose_actions(
    scored: pl.DataFrame,
    actions: tuple[Action, ...],
    language: Language = "en",
    *,
    churn: str = "contract",
) -> pl.DataFrame:
    """What to do for each row: for the strongest reason that an entry fits, the first such entry.

    Args:
        scored: ``risk``, ``risk_voluntary``, ``risk_payment``, ``reasons``, and ``state`` where
            an entry asks for it.
        actions: As of ``models.scoring.action_table.read_actions``.
        language: Of the words.
        churn: The kind of business, as the model's: ``contract`` or ``silence``.

    Returns:
        One row per row: ``action`` (its code), ``action_text`` (in words).
    """
    last = len(actions) - 1
    entries = [
        (place, action)
        for place, action in enumerate(actions[:-1])
        if not action.churn or churn in action.churn
    ]
    signals = [
        pl.col("reasons").list.get(place, null_on_oob=True).struct.field("signal")
        for place in range(MOST)
    ]
    fits = [
        pl.when(_fits(action, signal)).then(place)
        for signal in signals
        for place, action in entries
    ]
    chosen = scored.select(place=pl.coalesce(*fits, pl.lit(last)))["place"]
    table = pl.DataFrame(
        {
            "action": [action.code for action in actions],
            "action_text": [getattr(action, language) for action in actions],
        }
    )
    return table[chosen]


def _fits(action: Action, signal: pl.Expr) -> pl.Expr:
    holds = [pl.col("risk") >= action.risk_from]
    if action.signals:
        holds.append(signal.is_in(action.signals))
    if action.causes:
        by_payment = pl.col("risk_payment") > pl.col("risk_voluntary")
        cause = pl.when(by_payment).then(pl.lit("payment")).otherwise(pl.lit("voluntary"))
        holds.append(cause.is_in(action.causes))
    if action.states:
        holds.append(pl.col("state").is_in(action.states))
    return pl.all_horizontal(holds)
