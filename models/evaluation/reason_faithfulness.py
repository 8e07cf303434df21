"""Are the reasons true of the model: does the score fall when what is stated is taken away?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.features.definition import Column
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.attribution import in_contract_order
from perdura.models.scoring.reason_candidates import find_candidates
from perdura.models.scoring.reason_columns import reason_columns

# So many of the riskiest tenth are asked.
_MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """What taking candidate reasons away did to the riskiest tenth.

    Attributes:
        signals: One row per signal that raised a score, the most frequent first: ``signal``, how
            many rows it ``raised``, in which share of these the score fell without it
            (``lowered``), and how many were ``given`` it as a reason.
    """

    signals: pl.DataFrame

    @property
    def lowered(self) -> float | None:
        """The share of the signals that raised a score without which it falls."""
        if self.signals.is_empty():
            return None
        raised, lowered = self.signals["raised"].to_numpy(), self.signals["lowered"].to_numpy()
        return float(np.average(lowered, weights=raised))


def ablate_reasons(
    model: ChurnModel,
    rows: pl.DataFrame,
    risk: pl.Series,
    columns: Sequence[Column],
    unnamed: Collection[str] = (),
) -> Faithfulness:
    """Every candidate reason of the riskiest tenth taken away, one at a time.

    Args:
        model: Whose reasons they are.
        rows: The columns of its contract.
        risk: Of each row.
        columns: What the columns mean.
        unnamed: What is never a reason.
    """
    riskiest = risk.arg_sort(descending=True)[: max(1, len(risk) // 10)]
    every = -(-len(riskiest) // _MOST_ROWS)
    asked = rows.select(model.contract.names)[riskiest.gather_every(every)]
    told = reason_columns(in_contract_order(model, columns), unnamed, model.unstable)
    found = find_candidates(model, asked, model.contract.numbers(asked), told)
    shown = np.zeros(found.signal.shape, bool)
    shown[found.shown()] = True
    there = found.signal >= 0
    each = pl.DataFrame(
        {
            "signal": pl.Series(told.signals, dtype=pl.String)[found.signal[there]],
            "lowered": found.faithful[there],
            "given": shown[there],
        }
    )
    signals = each.group_by("signal").agg(
        raised=pl.len().cast(pl.Int64),
        lowered=pl.col("lowered").mean(),
        given=pl.col("given").sum().cast(pl.Int64),
    )
    return Faithfulness(signals.sort("raised", "signal", descending=[True, False]))
