"""Models of one prepared table: a table in, the table with risks out. No events, no dates.

For features that exist already. Point-in-time correctness is then the caller's responsibility.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from perdura.models.boosting.booster import Booster, Examples
from perdura.models.boosting.learner import LEARNER
from perdura.models.dataset.person_ids import person_numbers
from perdura.models.params import BoosterParams
from perdura.models.predictor.calibration import Calibration
from perdura.models.predictor.column_contract import ColumnContract, ColumnMismatch, learn_contract
from perdura.models.table_columns import (
    BadTable,
    as_frame,
    column_of,
    nearest,
    plain_names,
    readable,
    refuse_ids,
    unseen_texts,
)
from perdura.models.table_evaluation import TableEvaluation, alone, evaluate_table
from perdura.models.training.calibrate import choose_calibration
from perdura.sources.counted import counted, either

__all__ = ["SMALL", "BadTable", "NoOutcome", "TableModel", "fit_table"]

_LOG = logging.getLogger(__name__)

#: Suits tables of some thousands of rows.
SMALL = BoosterParams(min_data_in_leaf=20, rounds=1_000, feature_fraction=0.8)

_FOLDS = 5
#: Fewest people of each class from which a model can be evaluated.
_FEWEST = 10


class NoOutcome(ValueError):
    """The outcome is not known for every row, or the same in all. Nothing was fitted."""


@dataclass(frozen=True, kw_only=True)
class TableModel:
    """A calibrated model of a table.

    Attributes:
        text: LightGBM's text of the trees.
        calibration: From their log-odds to the risk.
        contract: The columns it reads.
        evaluation: Its metrics and leakage checks.
    """

    text: str = field(repr=False)
    calibration: Calibration = field(repr=False)
    contract: ColumnContract = field(repr=False)
    evaluation: TableEvaluation

    @cached_property
    def booster(self) -> Booster:
        """The trees."""
        return LEARNER.from_text(self.text)

    def predict(self, rows: Any, *, name: str = "risk") -> pl.DataFrame:
        """The rows with one column more, in (0, 1).

        An unseen text is read as an unknown one, counted by ``unseen`` and logged.

        Args:
            rows: The columns that were fitted on, and any others: a Polars or pandas frame.
            name: Name of the column with the risk.

        Raises:
            BadTable: A column of that name exists already, or ``rows`` is no table.
            ColumnMismatch: A column is missing, or has text for numbers.
        """
        frame = as_frame(rows)
        if name in frame.columns:
            raise BadTable(
                f"the table has a column {name!r} already, which would be lost; give the risk "
                "another name: predict(rows, name='churn_risk')"
            )
        read = self._read(frame)
        for column, texts in unseen_texts(self.contract.unseen(read), read).items():
            text, count = next(iter(texts.items()))
            _LOG.warning(
                "column %r: %s rows hold a text that the model was not fitted on, e.g. %r (%s); "
                "it is read as unknown", column, sum(texts.values()), text, count,
            )  # fmt: skip
        risk = self.calibration.apply(LEARNER.raw_scores(self.booster, self.contract.numbers(read)))
        return frame.with_columns(pl.Series(name, risk))

    def unseen(self, rows: Any) -> dict[str, dict[str, int]]:
        """The texts that the model was not fitted on, and their row counts, by column."""
        read = self._read(as_frame(rows))
        return unseen_texts(self.contract.unseen(read), read)

    def _read(self, frame: pl.DataFrame) -> pl.DataFrame:
        missing = [name for name in self.contract.names if name not in frame.columns]
        if missing:
            raise ColumnMismatch(
                f"the model reads {counted(len(self.contract.names), 'column')}, and "
                f"{len(missing)} of them {either(len(missing), 'is', 'are')} missing: "
                f"{', '.join(map(repr, missing[:5]))}"
                f"{nearest(missing[0], frame.columns)}. Give the columns it was fitted on"
            )
        read = readable(frame, self.contract.names)
        for column in self.contract.columns:
            kind, texts = read.schema[column.name], column.categories is not None
            if (kind == pl.String) != texts and read[column.name].null_count() < read.height:
                raise ColumnMismatch(
                    f"column {column.name!r} holds {'numbers' if texts else 'text'}, and the model "
                    f"was fitted on {'text' if texts else 'numbers'} there"
                )
        return read


def fit_table(
    rows: Any, outcome: str, *, who: str | None = None, params: BoosterParams = SMALL
) -> TableModel:
    """A model of every column for ``outcome``, calibrated and evaluated on rows not fitted on.

    Cross-fitting over five folds decides the number of trees, and gives scores to calibrate and to
    evaluate. Then all rows are fitted. Failed leakage checks are logged as warnings, and stand in
    ``evaluation.leaks``.

    Args:
        rows: One row per subscriber, or per subscriber and date: a Polars or pandas frame.
        outcome: The column of the outcome: true or false, 1 or 0.
        who: The column with the subscriber's id, which is not fitted on; all rows of one subscriber
            are in one fold. By default every row is another subscriber.
        params: How the trees grow; ``rounds`` is the most trees.

    Raises:
        NoOutcome: The outcome is missing in a row, or the same in all.
        BadTable: A column is missing, cannot be read, or holds ids; or there are too few rows or
            people.
    """
    frame = as_frame(rows)
    happened = _outcome(column_of(frame, outcome, "the outcome"), outcome).to_numpy()
    people = _people(frame, who)
    names = [name for name in frame.columns if name not in {outcome, who}]
    if not names:
        raise BadTable(f"the table has no column to learn from besides {outcome!r}")
    read, fold = readable(frame, names), _folds(people, happened)
    refuse_ids(read)
    labelled = _LabelledTable(read, names, happened)
    boosters = replace(params, rising=tuple(labelled.plain(name) for name in params.rising))
    score = np.empty(frame.height)
    trees: list[int] = []
    folds: list[tuple[Examples, Examples]] = []
    for number in range(_FOLDS):
        inside = fold == number
        contract = labelled.contract(~inside)
        fitted, held_out = (labelled.examples(contract, part) for part in (~inside, inside))
        booster = LEARNER.fit(fitted, held_out, labelled.plain_names, boosters)
        score[inside] = LEARNER.raw_scores(booster, held_out.matrix)
        trees.append(booster.best_iteration or booster.num_trees())
        folds.append((fitted, held_out))
    every_row = np.ones(frame.height, bool)
    contract = labelled.contract(every_row)
    grown = replace(boosters, rounds=round(float(np.mean(trees))))
    whole = labelled.examples(contract, every_row)
    evaluation = evaluate_table(people, happened, score, fold, alone(names, folds))
    for leak in evaluation.leaks:
        _LOG.warning("%s", leak)
    return TableModel(
        text=LEARNER.to_text(LEARNER.fit(whole, None, labelled.plain_names, grown)),
        calibration=choose_calibration(score, happened, fold >= _FOLDS // 2),
        contract=contract,
        evaluation=evaluation,
    )


class _LabelledTable:
    """The columns under names of ours, so that none can be taken for the outcome."""

    def __init__(self, read: pl.DataFrame, names: Sequence[str], happened: np.ndarray) -> None:
        self._names, self.plain_names = list(names), plain_names(names)
        self._own = [f"f{index}" for index in range(len(names))]
        self._read = read.rename(dict(zip(names, self._own, strict=True)))
        self._labelled = self._read.with_columns(churned=pl.Series(happened))
        self._happened = happened

    def plain(self, name: str) -> str:
        """The name that LightGBM knows a column by."""
        return dict(zip(self._names, self.plain_names, strict=True)).get(name, name)

    def contract(self, part: np.ndarray) -> ColumnContract:
        """Learnt on a part of the rows, with the columns' real names."""
        own = learn_contract(self._labelled.filter(part), self._own, seen=self._read)
        columns = zip(own.columns, self._names, strict=True)
        return ColumnContract(tuple(replace(column, name=name) for column, name in columns))

    def examples(self, contract: ColumnContract, part: np.ndarray) -> Examples:
        """A part of the rows as a model reads them."""
        read = self._read.filter(part).rename(dict(zip(self._own, self._names, strict=True)))
        return Examples(contract.numbers(read), self._happened[part])


_YES_OR_NO = {"False": 0.0, "True": 1.0, "0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0}


def _outcome(values: pl.Series, outcome: str) -> pl.Series:
    """1 where it happened, 0 where it did not."""
    nested = values.dtype.is_nested() or values.dtype == pl.Object
    found = [] if nested else values.unique().sort().to_list()
    meanings = [_YES_OR_NO.get(str(value)) for value in found]
    if sorted(meanings, key=str) != [0.0, 1.0]:
        shown = ", ".join(map(repr, found[:5])) or str(values.dtype)
        raise NoOutcome(
            f"asked to learn column {outcome!r}, which must be true or false (or 1 or 0) in every "
            f"row, and both somewhere; found {shown}{' ...' if len(found) > 5 else ''}. Say which "
            f"it is, for instance with pl.col({outcome!r}) == 'yes'"
        )
    return values.replace_strict(found, meanings, return_dtype=pl.Float64)


def _people(rows: pl.DataFrame, who: str | None) -> pl.Series:
    """The subscriber of each row, as text."""
    if who is None:
        return pl.Series(map(str, range(rows.height)), dtype=pl.String)
    people = column_of(rows, who, "whom a row is about").cast(pl.String)
    empty = people.is_null() | (people.str.strip_chars() == "")
    if empty.any():
        raise BadTable(
            f"column {who!r}, which says whom a row is about, is empty in {empty.sum():,} of "
            f"{counted(rows.height, 'row')}, first in row {empty.arg_true()[0]}; fill it in, or "
            "leave these rows out"
        )
    return people


def _folds(people: pl.Series, happened: np.ndarray) -> np.ndarray:
    """The fold of each row, by its subscriber.

    Raises:
        BadTable: There are too few rows or people for cross-fitting.
    """
    rows = pl.DataFrame({"person": people, "happened": happened})
    number = people.n_unique()
    by_class = rows.group_by("happened").agg(pl.col("person").n_unique()).sort("happened")
    counts = by_class["person"]
    if number < 2 * _FEWEST or counts.min() < _FEWEST:  # type: ignore[operator]
        raise BadTable(
            f"asked to learn from {counted(len(people), 'row')} about {number:,} "
            f"{either(number, 'person', 'people')}: it happened "
            f"to {counts[1]:,} of them and not to {counts[0]:,}. It takes {_FEWEST} of each; give "
            "more rows, or leave out `who` if it does not tell people apart"
        )
    unique = people.unique().sort()
    order = person_numbers(unique).argsort(kind="stable").argsort(kind="stable")
    fold = pl.DataFrame({"person": unique, "fold": order.astype(np.int64) % _FOLDS})
    joined = rows.join(fold, on="person", how="left", maintain_order="left")
    return joined["fold"].to_numpy()
