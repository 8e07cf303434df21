"""Why subscribers are at risk: what raises the risk, summed by signal, strongest first."""

import json
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import numpy as np
import polars as pl
import pyarrow as pa

from perdura.features.definition import Column, Feature, Language
from perdura.features.evidence import evidence_of
from perdura.features.topics.paid_term import with_renewal
from perdura.features.topics.phrases import as_said, say_rounded
from perdura.models.boosting.row_blocks import cores
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.attribution import Attributions, attribute, in_contract_order
from perdura.sources.progress import OnProgress

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
        #: The words in the other languages, JSON by language.
        "translations": pl.String,
        #: The events behind it, as of ``features.evidence.Evidence.to_json``; null: none.
        "evidence": pl.String,
    }
)
_LANGUAGES = get_args(Language)


def explain(
    model: ChurnModel,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    *,
    language: Language = "en",
    currency: pl.Series | None = None,
    unnamed: Collection[str] = (),
    progress: OnProgress | None = None,
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
        unnamed: Signals and columns that are never given as a reason.
        progress: Told after each block of rows: how many are done, of how many, and what.

    Returns:
        ``reasons``: one list per row of at most ``MOST`` values of ``REASON``, strongest first.

    Raises:
        ColumnMismatch: As ``model.predict``.
    """
    weighed = attribute(model, frame, columns, progress, unnamed)
    return in_words(weighed, model, frame, columns, language=language, currency=currency)


def in_words(
    weighed: Attributions,
    model: ChurnModel,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    *,
    language: Language = "en",
    currency: pl.Series | None = None,
) -> pl.Series:
    """``reasons`` as of ``explain``, of rows that were weighed."""
    meant = in_contract_order(model, columns)
    money = (
        pl.Series("currency", [None] * frame.height, pl.String) if currency is None else currency
    )
    told = _told(weighed, with_renewal(frame), meant, language, money)
    reasons = told.select(
        signal=pl.Series(weighed.signal_names, dtype=pl.String)[weighed.signal],
        text="text",
        column=pl.Series([column.name for column in meant], dtype=pl.String)[weighed.column],
        value="value",
        weight=pl.Series(weighed.weight, dtype=pl.Float64).round(4),
        translations="translations",
        evidence=pl.Series(_evidence(meant), dtype=pl.String)[weighed.column],
    )
    return _lists(reasons, weighed.count)


def _evidence(columns: Sequence[Column]) -> list[str | None]:
    by_name = {column.name: column for column in columns}
    found = (evidence_of(column, by_name) for column in columns)
    return [None if evidence is None else evidence.to_json() for evidence in found]


def _told(
    weighed: Attributions,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    language: Language,
    currency: pl.Series,
) -> pl.DataFrame:
    """One row per reason: ``text``, ``translations`` and ``value``; the same is worded once."""
    rows = np.repeat(np.arange(frame.height), weighed.count)
    by_column = np.argsort(weighed.column, kind="stable")
    starts = np.searchsorted(weighed.column[by_column], np.arange(len(columns) + 1))
    text, value = np.zeros(len(rows), np.int64), np.full(len(rows), np.nan)
    texts: list[tuple[str, str]] = []

    def said(column: Column, start: int, stop: int) -> tuple[list[tuple[str, str]], np.ndarray]:
        here = by_column[start:stop]
        raw = frame[column.name][rows[here]]
        if not column.is_category:
            value[here] = raw.cast(pl.Float64).fill_null(np.nan).to_numpy()
            raw = pl.Series(as_said(column, value[here]), nan_to_null=True)
        if column.feature.unit == "money":
            currencies = _currency(frame, column, currency)[rows[here]]
        else:
            currencies = pl.repeat(None, len(here), dtype=pl.String, eager=True)
        different, place = _different(pl.DataFrame({"raw": raw, "currency": currencies}))
        return [_in_all_languages(column, raw, language, code) for raw, code in different], place

    named = [each for each in zip(columns, starts, starts[1:], strict=False) if each[1] < each[2]]
    with ThreadPoolExecutor(cores()) as threads:
        for (_, start, stop), (some, place) in zip(
            named, threads.map(lambda each: said(*each), named), strict=True
        ):
            text[by_column[start:stop]] = place + len(texts)
            texts += some
    names = {"text": pl.String, "translations": pl.String}
    words = pl.DataFrame(texts, schema=names, orient="row")[text]
    return words.with_columns(value=pl.Series(value, nan_to_null=True))


def _in_all_languages(
    column: Column, value: float | str | None, language: Language, currency: str | None
) -> tuple[str, str]:
    """The words in one language, and in the others as JSON."""
    words = {each: say_rounded(column, value, each, currency) for each in _LANGUAGES}
    text = words.pop(language)
    return text, json.dumps(words, ensure_ascii=False, separators=(",", ":"))


def _different(known: pl.DataFrame) -> tuple[list[tuple], np.ndarray]:
    """The different rows, and of each row the place among them."""
    different = known.unique(maintain_order=True).with_row_index("place")
    keys = known.columns
    joined = known.join(different, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return different.select(keys).rows(), joined["place"].to_numpy()


def _currency(frame: pl.DataFrame, column: Column, otherwise: pl.Series) -> pl.Series:
    """What the amounts of a column are in: as its own column says, where there is one."""
    named = column.feature.currency if isinstance(column.feature, Feature) else None
    return frame[named] if named in frame.columns else otherwise


def _lists(reasons: pl.DataFrame, count: np.ndarray) -> pl.Series:
    """One list per row, of so many of the reasons, in order."""
    ends = np.concatenate([[0], np.cumsum(count)])
    flat = reasons.to_struct("reason").cast(REASON).to_arrow(compat_level=pl.CompatLevel.newest())
    lists = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), flat)
    return pl.Series("reasons", lists, dtype=pl.List(REASON))
