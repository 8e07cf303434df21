"""Are the reasons true of the model: does the score fall when what is stated is taken away?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from features.definition import Column
from models.fit import raw_scores
from models.model import ChurnModel
from models.weighing import Weighed, in_contract_order, weigh

# A signal that was stated so often at least, and whose absence lowers less than this share of the
# scores, is no reason to give anybody.
_OFTEN, _LOWERED = 30, 0.8

# Scores closer than this are the same.
_SAME = 1e-9

# So many of the riskiest tenth are asked.
_MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Honesty:
    """What taking reasons away did to the riskiest tenth.

    Attributes:
        signals: One row per signal that was stated, the most stated first: ``signal``, how often
            it was ``stated``, and in which share of these taking it away ``lowered`` the score.
    """

    signals: pl.DataFrame

    @property
    def unstable(self) -> tuple[str, ...]:
        """The signals that are no reason to give anybody."""
        often, seldom = pl.col("stated") >= _OFTEN, pl.col("lowered") < _LOWERED
        return tuple(self.signals.filter(often & seldom)["signal"].sort())

    @property
    def lowered(self) -> float | None:
        """The share of the reasons that are given whose absence lowers the score."""
        given = self.signals.filter(~pl.col("signal").is_in(self.unstable))
        if given.is_empty():
            return None
        stated, lowered = given["stated"].to_numpy(), given["lowered"].to_numpy()
        return float(np.average(lowered, weights=stated))


def take_reasons_away(
    model: ChurnModel,
    rows: pl.DataFrame,
    risk: pl.Series,
    columns: Sequence[Column],
    unnamed: Collection[str] = (),
) -> Honesty:
    """Every reason of the riskiest tenth taken away, one at a time: set to what is typical.

    Typical is the median of a number over all rows and the most frequent text; unknown, where
    most do not have one.

    Args:
        model: Whose reasons they are.
        rows: The columns of its contract.
        risk: Of each row.
        columns: What the columns mean.
        unnamed: What is never a reason.
    """
    names = model.contract.names
    riskiest = risk.arg_sort(descending=True)[: max(1, len(risk) // 10)]
    every = -(-len(riskiest) // _MOST_ROWS)
    asked = rows.select(names)[riskiest.gather_every(every)]
    weighed = weigh(model, asked, columns, unnamed=unnamed)
    who = np.repeat(np.arange(asked.height), weighed.count)
    meant = in_contract_order(model, columns)
    told = []
    for number, signal in enumerate(weighed.signal_names):
        stating = who[weighed.signal == number]
        if len(stating):
            own = [column.name for column in meant if column.feature.signal == signal]
            lowered = _lowered(model, asked, weighed, stating, rows.select(own))
            told.append((signal, len(stating), lowered))
    made = pl.DataFrame(told, schema=_SCHEMA, orient="row")
    return Honesty(made.sort("stated", "signal", descending=[True, False]))


_SCHEMA = {"signal": pl.String, "stated": pl.Int64, "lowered": pl.Float64}


def _lowered(
    model: ChurnModel,
    asked: pl.DataFrame,
    weighed: Weighed,
    stating: np.ndarray,
    everybody: pl.DataFrame,
) -> float:
    """In which share of the rows the score falls when a signal's columns are typical."""
    without = asked[stating].with_columns(
        pl.lit(_typical(column), dtype=column.dtype).alias(column.name)
        for column in everybody.iter_columns()
    )
    matrix = model.contract.numbers(without.select(model.contract.names))
    score = raw_scores(model.booster, matrix)
    return float((score < weighed.score[stating] - _SAME).mean())


def _typical(column: pl.Series) -> object:
    if column.null_count() * 2 > len(column):
        return None
    if column.dtype == pl.String:
        return column.drop_nulls().mode().sort()[0]
    return column.median()
