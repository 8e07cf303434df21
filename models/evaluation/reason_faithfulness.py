"""Reason faithfulness by ablation: does the score fall when a reason's signal is taken away?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from perdura.features.definition import Column
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.attribution import in_contract_order
from perdura.models.scoring.reason_candidates import find_candidates
from perdura.models.scoring.reason_columns import reason_columns

# Most rows of the riskiest tenth to ablate.
_MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """The ablation of candidate reasons in the riskiest tenth.

    Attributes:
        signals: One row per signal that raised a score, the most frequent first: ``signal``,
            number of rows that it ``raised``, share of these in which the score fell without it
            (``lowered``), and number of rows that have it as a reason (``given``).
    """

    signals: pl.DataFrame

    @property
    def lowered(self) -> float | None:
        """Among the signals that raised a score, the share without which it falls."""
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
        model: The model that gives the reasons.
        rows: The columns of its contract.
        risk: The risk of each row.
        columns: Definitions of the columns.
        unnamed: Signals and columns that are never a reason.
    """
    riskiest = risk.arg_sort(descending=True)[: max(1, len(risk) // 10)]
    every = -(-len(riskiest) // _MOST_ROWS)
    sample = rows.select(model.contract.names)[riskiest.gather_every(every)]
    reasons = reason_columns(in_contract_order(model, columns), unnamed, model.unstable)
    found = find_candidates(model, sample, model.contract.numbers(sample), reasons)
    shown = np.zeros(found.signal.shape, bool)
    shown[found.shown()] = True
    present = found.signal >= 0
    candidates = pl.DataFrame(
        {
            "signal": pl.Series(reasons.signals, dtype=pl.String)[found.signal[present]],
            "lowered": found.faithful[present],
            "given": shown[present],
        }
    )
    signals = candidates.group_by("signal").agg(
        raised=pl.len().cast(pl.Int64),
        lowered=pl.col("lowered").mean(),
        given=pl.col("given").sum().cast(pl.Int64),
    )
    return Faithfulness(signals.sort("raised", "signal", descending=[True, False]))
