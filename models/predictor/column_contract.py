"""The column contract: which columns a model reads, in which order, and what texts they hold.

LightGBM predicts from wrong columns without an error, so they are refused here, before it
predicts. A text that the model has never seen is read as an unknown one; ``unseen`` finds them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from perdura.sources.counted import counted

#: The keys of a row; they may stand beside the columns and are not read.
ROW_NAMES = ("subscriber_id", "as_of")

# A category's churn rate is shrunk towards the overall rate as by this many rows.
_PRIOR_ROWS = 50

# With fewer rows without a text the trees do not learn what an unknown text means.
_FEWEST_UNKNOWN = 50


class ColumnMismatch(ValueError):
    """The frame has not exactly the columns that the model was fitted on. Nothing was predicted."""


@dataclass(frozen=True, slots=True)
class ContractColumn:
    """One column that a model reads.

    Attributes:
        name: Its name in the frame.
        categories: The texts it may hold, in the order of their codes (0, 1, ...); ``None`` for
            a number.
        unknown: The code of an unknown text; ``None``: NaN, where the trees have learnt missing
            values. Where they have not, LightGBM would read NaN as 0, the category with the
            lowest churn rate.
    """

    name: str
    categories: tuple[str, ...] | None = None
    unknown: float | None = None


@dataclass(frozen=True, slots=True)
class ColumnContract:
    """The columns that a model reads, in order."""

    columns: tuple[ContractColumn, ...]

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    def unseen(self, frame: pl.DataFrame) -> dict[str, pl.Series]:
        """Which rows hold a text that the model has never seen, by column; only columns with any.

        A null is not an unseen text.
        """
        found = {
            column.name: ~frame[column.name]
            .cast(pl.String)
            .is_in(list(column.categories))
            .fill_null(value=True)
            for column in self.columns
            if column.categories is not None
        }
        return {name: rows for name, rows in found.items() if rows.any()}

    def check(self, frame: pl.DataFrame) -> None:
        """Refuse a frame that the model cannot read as it was fitted.

        Raises:
            ColumnMismatch: A column is missing, is not known, or has text for numbers.
        """
        self._check_names([name for name in frame.columns if name not in ROW_NAMES])
        for column in self.columns:
            kind = frame.schema[column.name]
            expected = "numbers" if column.categories is None else "text"
            is_text = isinstance(kind, pl.String | pl.Categorical | pl.Enum)
            is_number = kind.is_numeric() or kind == pl.Boolean
            if kind != pl.Null and not (is_number if column.categories is None else is_text):
                raise ColumnMismatch(
                    f"column {column.name!r} holds {kind} and the model was fitted on {expected} "
                    "there. Build the features it was fitted on, or fit a new model on these: "
                    "perdura train"
                )

    def encode(self, frame: pl.DataFrame) -> np.ndarray:
        """The frame as numbers: one row per row, one column per name, float64.

        Unknown numbers are NaN. Unknown and unseen texts are NaN or the code of an unknown text.

        Raises:
            ColumnMismatch: As ``check``.
        """
        self.check(frame)
        return self.numbers(frame)

    def numbers(self, frame: pl.DataFrame) -> np.ndarray:
        """As ``encode``, for a frame that was checked, or rows of one."""
        matrix = np.empty((frame.height, len(self.columns)), order="F")
        for index, column in enumerate(self.columns):
            values = frame[column.name]
            if column.categories is not None:
                codes = {text: code for code, text in enumerate(column.categories)}
                values = values.cast(pl.String).replace_strict(
                    codes, default=None, return_dtype=pl.Float64
                )
                values = values if column.unknown is None else values.fill_null(column.unknown)
            matrix[:, index] = values.cast(pl.Float64).to_numpy()  # null becomes NaN
        return matrix

    def to_json(self) -> list[dict[str, Any]]:
        """The contract as plain values."""
        return [
            {
                "name": column.name,
                "categories": column.categories and list(column.categories),
                "unknown": column.unknown,
            }
            for column in self.columns
        ]

    @staticmethod
    def from_json(columns: Iterable[Mapping[str, Any]]) -> "ColumnContract":
        """The contract that ``to_json`` wrote."""
        return ColumnContract(
            tuple(
                ContractColumn(
                    column["name"],
                    None if column["categories"] is None else tuple(column["categories"]),
                    column.get("unknown"),  # absent in contracts of older versions
                )
                for column in columns
            )
        )

    def _check_names(self, found: Sequence[str]) -> None:
        missing = [name for name in self.names if name not in found]
        extra = [name for name in found if name not in self.names]
        if missing or extra:
            raise ColumnMismatch(
                f"the model reads {counted(len(self.columns), 'column')} and was given "
                f"{len(found)}: missing {_some(missing)}; not known to it {_some(extra)}. Build "
                "the features it was fitted on, or fit a new model on these: perdura train"
            )


def learn_contract(
    rows: pl.DataFrame, names: Sequence[str], seen: pl.DataFrame | None = None
) -> ColumnContract:
    """The contract of the columns ``names`` of labelled rows.

    Categories are coded by ascending churn rate, so that one threshold separates categories with
    high churn from those with low churn, and texts are explained as exactly as numbers.

    Args:
        rows: ``churned`` and the columns, one row per subscriber and date.
        names: Which columns, in which order.
        seen: More rows with texts that may occur, their outcome known or not.
    """
    seen = rows if seen is None else seen
    return ColumnContract(
        tuple(
            _text_column(rows, name, seen[name])
            if rows[name].dtype == pl.String
            else ContractColumn(name)
            for name in names
        )
    )


def _text_column(rows: pl.DataFrame, name: str, seen: pl.Series) -> ContractColumn:
    """The texts of a column by ascending churn rate, and how an unknown text is read."""
    labelled = rows.select(name, pl.col("churned").cast(pl.Float64)).drop_nulls()
    mean: float = labelled["churned"].mean() or 0.0  # pyright: ignore[reportAssignmentType]
    overall = pl.lit(mean)
    smoothed = (pl.col("churned").sum() + _PRIOR_ROWS * overall) / (pl.len() + _PRIOR_ROWS)
    rates = labelled.group_by(name).agg(rate=smoothed)
    texts = pl.concat([rows[name], seen]).drop_nulls().unique().to_frame()
    ranked = (
        texts.join(rates, on=name, how="left")
        .with_columns(pl.col("rate").fill_null(overall))
        .sort("rate", name)
    )
    categories = tuple(ranked[name].to_list())
    if rows[name].null_count() >= _FEWEST_UNKNOWN or not categories:
        return ContractColumn(name, categories)
    nearest = (ranked["rate"] - mean).abs().arg_min()
    return ContractColumn(name, categories, float(nearest or 0))


def _some(names: Sequence[str], limit: int = 5) -> str:
    shown = ", ".join(repr(name) for name in names[:limit]) or "none"
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
