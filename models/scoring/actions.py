"""The action for each risk: the first entry of a small table that fits the strongest reason.

Where the advice is not to contact the subscriber, that is the action.
"""

import polars as pl

from perdura.features.definition import Language
from perdura.models.scoring.action_table import LEAVE_ALONE, Action
from perdura.models.scoring.reason_candidates import MOST


def choose_actions(
    scored: pl.DataFrame,
    actions: tuple[Action, ...],
    language: Language = "en",
    *,
    churn: str = "contract",
) -> pl.DataFrame:
    """The action of each row: for the strongest reason that any entry fits, the first such entry.

    Args:
        scored: ``risk``, ``risk_voluntary``, ``risk_payment``, ``reasons``; ``state`` where
            an entry reads it; ``advice``, where known: ``leave_alone`` goes before every entry.
        actions: From ``models.scoring.action_table.read_actions``.
        language: Language of the text.
        churn: The kind of business, as the model's: ``contract`` or ``silence``.

    Returns:
        One row per row: ``action`` (its code), ``action_text``.
    """
    last = len(actions) - 1
    entries = [
        (index, action)
        for index, action in enumerate(actions[:-1])
        if not action.churn or churn in action.churn
    ]
    signals = [
        pl.col("reasons").list.get(rank, null_on_oob=True).struct.field("signal")
        for rank in range(MOST)
    ]
    fits = [
        pl.when(_fits(action, signal)).then(index)
        for signal in signals
        for index, action in entries
    ]
    if "advice" in scored.columns:
        alone = pl.col("advice") == pl.lit(LEAVE_ALONE.code)
        fits.insert(0, pl.when(alone).then(len(actions)))
    chosen = scored.select(index=pl.coalesce(*fits, pl.lit(last)))["index"]
    table = (*actions, LEAVE_ALONE)
    words = pl.DataFrame(
        {
            "action": [action.code for action in table],
            "action_text": [getattr(action, language) for action in table],
        }
    )
    return words[chosen]


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
