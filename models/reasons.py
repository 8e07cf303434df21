"""Why somebody is at risk, in words: what raises the risk, summed by signal, strongest first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from features.definition import Column, Feature, Language
from features.words import say
from models.contributions import contributions
from models.model import ChurnModel

#: At most so many reasons are given for one person.
MOST = 4

# Log-odds below which a signal is no reason to name: it moves a risk of 10 % by less than 0.5.
_FAINT = 0.05

#: What one reason is.
REASON = pl.Struct(
    {
        #: What it is a sign of, e.g. ``payment_failures``.
        "signal": pl.String,
        #: What was measured, in words.
        "text": pl.String,
        #: The column that speaks for the signal.
        "column": pl.String,
        #: Its value; null where it is unknown or a text.
        "value": pl.Float64,
        #: What the whole signal adds, in log-odds.
        "weight": pl.Float64,
    }
)


def explain(
    model: ChurnModel,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    *,
    language: Language = "en",
    currency: pl.Series | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> pl.Series:
    """The reasons for each row's risk.

    Only signals that raise the risk are named. The column of the signal that raises it most
    speaks for it.

    Args:
        model: Whose risks they are.
        frame: The columns of its contract, as for ``model.predict``.
        columns: What the columns mean.
        language: Of the words.
        currency: ISO 4217 code of each row's amounts, for those whose own column of it the model
            does not read.
        progress: As in ``contributions``.

    Returns:
        ``reasons``: one list per row of at most ``MOST`` values of ``REASON``, strongest first.

    Raises:
        ColumnMismatch, UnknownCategory: As ``model.predict``.
    """
    matrix = model.contract.encode(frame)
    raised = contributions(model.booster, matrix, progress) * np.float32(model.calibration.slope)
    meant = _in_contract_order(model, columns)
    strongest = _strongest(raised, [column.feature.signal for column in meant])
    money = pl.Series("currency", [None] * frame.height, pl.String)
    said = _said(strongest, frame, meant, language, money if currency is None else currency)
    return _lists(said, frame.height)


@dataclass(frozen=True, slots=True)
class _Strongest:
    """One value per reason: whose (row), how strong, of which signal, told by which column."""

    row: np.ndarray
    weight: np.ndarray
    signal: list[str]
    column: np.ndarray


def _in_contract_order(model: ChurnModel, columns: Sequence[Column]) -> list[Column]:
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in model.contract.names]


def _strongest(raised: np.ndarray, signals: list[str]) -> _Strongest:
    """The signals that raise each row's risk most, and the column of each that does so most."""
    names = sorted(set(signals))
    total = np.empty((len(raised), len(names)), np.float32)
    speaker = np.empty((len(raised), len(names)), np.int32)
    for place, name in enumerate(names):
        mine = np.flatnonzero([signal == name for signal in signals])
        total[:, place] = raised[:, mine].sum(axis=1)
        speaker[:, place] = mine[np.argmax(raised[:, mine], axis=1)]
    ranked = np.argsort(-total, axis=1, kind="stable")[:, :MOST]
    weight = np.take_along_axis(total, ranked, axis=1)
    named = weight > _FAINT
    row = np.broadcast_to(np.arange(len(raised))[:, None], ranked.shape)[named]
    column = np.take_along_axis(speaker, ranked, axis=1)[named]
    return _Strongest(row, weight[named], [names[place] for place in ranked[named]], column)


def _said(
    strongest: _Strongest,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    language: Language,
    currency: pl.Series,
) -> pl.DataFrame:
    """One row per reason, in words: ``row`` and the fields of ``REASON``."""
    told = pl.DataFrame(
        {
            "row": strongest.row,
            "signal": pl.Series(strongest.signal, dtype=pl.String),
            "place": strongest.column,
            "weight": pl.Series(strongest.weight, dtype=pl.Float64).round(4),
        }
    ).with_row_index("order")
    parts = [
        _of_column(
            part, frame, columns[place], language, _currency(frame, columns[place], currency)
        )
        for (place,), part in told.group_by("place")
    ]
    empty = pl.DataFrame(schema={"order": pl.UInt32, "row": pl.Int64, "reason": REASON})
    return pl.concat([empty, *parts]).sort("order")


def _currency(frame: pl.DataFrame, column: Column, otherwise: pl.Series) -> pl.Series:
    """What the amounts of a column are in: as its own column says, where there is one."""
    named = column.feature.currency if isinstance(column.feature, Feature) else None
    return frame[named] if named in frame.columns else otherwise


def _of_column(
    part: pl.DataFrame,
    frame: pl.DataFrame,
    column: Column,
    language: Language,
    currency: pl.Series,
) -> pl.DataFrame:
    """The reasons that one column tells. Each different value is put into words once."""
    values = frame[column.name]
    if values.dtype.is_float():
        values = values.fill_nan(None)
    known = part.with_columns(raw=values.gather(part["row"]), currency=currency.gather(part["row"]))
    keys = ["raw", "currency"] if column.feature.unit == "money" else ["raw"]
    different = known.select(keys).unique()
    texts = [
        say(column, row[0], language, row[1] if len(row) > 1 else None) for row in different.rows()
    ]
    worded = known.join(
        different.with_columns(text=pl.Series(texts, dtype=pl.String)),
        on=keys,
        how="left",
        nulls_equal=True,
    )
    number = pl.lit(None) if column.is_category else pl.col("raw")
    reason = pl.struct(
        signal=pl.col("signal"),
        text=pl.col("text"),
        column=pl.lit(column.name),
        value=number.cast(pl.Float64),
        weight=pl.col("weight"),
    )
    return worded.select("order", pl.col("row").cast(pl.Int64), reason=reason)


def _lists(said: pl.DataFrame, rows: int) -> pl.Series:
    """One list per row, empty where nothing raises the risk."""
    grouped = said.group_by("row", maintain_order=True).agg(pl.col("reason"))
    everybody = pl.DataFrame({"row": pl.int_range(rows, eager=True, dtype=pl.Int64)})
    joined = everybody.join(grouped, on="row", how="left", maintain_order="left")
    return joined["reason"].fill_null(pl.Series([[]], dtype=pl.List(REASON))).alias("reasons")
