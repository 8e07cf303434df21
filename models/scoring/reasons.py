"""The reasons for each risk: the signals that raise it, in words, strongest first."""

import json
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import numpy as np
import polars as pl
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs] - it has none

from perdura.features.definition import Column, Feature, Language
from perdura.features.evidence import evidence_of
from perdura.features.topics.paid_term import with_renewal
from perdura.features.topics.phrases import as_said, say_rounded
from perdura.models.boosting.row_blocks import cores
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.attribution import Attributions, attribute, in_contract_order
from perdura.progress import OnProgress

#: The fields of a reason.
REASON = pl.Struct(
    {
        #: The signal, e.g. ``payment_failures``.
        "signal": pl.String,
        #: The measured value, in words.
        "text": pl.String,
        #: The column that represents the signal.
        "column": pl.String,
        #: Its value; null where it is unknown or a text.
        "value": pl.Float64,
        #: What the whole signal adds, in log-odds.
        "weight": pl.Float64,
        #: The text in the other languages, JSON by language.
        "translations": pl.String,
        #: The events behind it, from ``features.evidence.Evidence.to_json``; null: none.
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

    Only signals that raise the risk are named. The column that raises it most represents its
    signal.

    Args:
        model: The model that scores.
        frame: The columns of its contract, as for ``model.predict``.
        columns: Definitions of the columns.
        language: Language of ``text``.
        currency: ISO 4217 code of each row's amounts, for columns with a currency column that the
            model does not read.
        unnamed: Signals and columns that are never given as a reason.
        progress: Called after each block of rows: rows done, of how many, and the step's name.

    Returns:
        ``reasons``: one list per row of at most ``MOST`` values of ``REASON``, strongest first.

    Raises:
        ColumnMismatch: As ``model.predict``.
    """
    found = attribute(model, frame, columns, progress, unnamed)
    return in_words(found, model, frame, columns, language=language, currency=currency)


def in_words(
    attributions: Attributions,
    model: ChurnModel,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    *,
    language: Language = "en",
    currency: pl.Series | None = None,
) -> pl.Series:
    """``reasons`` as from ``explain``, for rows with attributions."""
    ordered = in_contract_order(model, columns)
    money = (
        pl.Series("currency", [None] * frame.height, pl.String) if currency is None else currency
    )
    by_name = {column.name: column for column in ordered}
    found = [evidence_of(column, by_name) for column in ordered]
    evidence = [None if events is None else events.to_json() for events in found]
    words = _worded(attributions, with_renewal(frame), ordered, language, money)
    reasons = words.select(
        signal=pl.Series(attributions.signal_names, dtype=pl.String)[attributions.signal],
        text="text",
        column=pl.Series(list(by_name), dtype=pl.String)[attributions.column],
        value="value",
        weight=pl.Series(attributions.weight, dtype=pl.Float64).round(4),
        translations="translations",
        evidence=pl.Series(evidence, dtype=pl.String)[attributions.column],
    )
    ends = np.concatenate([[0], np.cumsum(attributions.count)])
    struct = reasons.to_struct("reason").cast(REASON)
    flat = struct.to_arrow(compat_level=pl.CompatLevel.newest())
    lists = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), flat)
    return pl.Series("reasons", lists, dtype=pl.List(REASON))


def _worded(
    attributions: Attributions,
    frame: pl.DataFrame,
    columns: Sequence[Column],
    language: Language,
    currency: pl.Series,
) -> pl.DataFrame:
    """One row per reason: ``text``, ``translations`` and ``value``; equal reasons worded once."""
    rows = np.repeat(np.arange(frame.height), attributions.count)
    by_column = np.argsort(attributions.column, kind="stable")
    starts = np.searchsorted(attributions.column[by_column], np.arange(len(columns) + 1))
    text, value = np.zeros(len(rows), np.int64), np.full(len(rows), np.nan)
    texts: list[tuple[str, str]] = []

    def worded(part: tuple[Column, int, int]) -> tuple[list[tuple[str, str]], np.ndarray]:
        """The different texts of one column, and for each reason the index of its text."""
        column, selected = part[0], by_column[part[1] : part[2]]
        raw = frame[column.name][rows[selected]]
        if not column.is_category:
            value[selected] = raw.cast(pl.Float64).fill_null(np.nan).to_numpy()
            raw = pl.Series(as_said(column, value[selected]), nan_to_null=True)
        if column.feature.unit == "money":
            codes = _currency(frame, column, currency)[rows[selected]]
        else:
            codes = pl.repeat(None, len(selected), dtype=pl.String, eager=True)
        typical = pl.Series("usual", attributions.usual[selected], nan_to_null=True)
        facts = pl.DataFrame({"raw": raw, "currency": codes}).with_columns(typical)
        different, index = _distinct(facts)
        return [_in_all_languages(column, language, *fact) for fact in different], index

    parts = [part for part in zip(columns, starts, starts[1:], strict=False) if part[1] < part[2]]
    with ThreadPoolExecutor(cores()) as threads:
        results = zip(parts, threads.map(worded, parts), strict=True)
        for (_, start, stop), (new_texts, index) in results:
            text[by_column[start:stop]] = index + len(texts)
            texts += new_texts
    names = {"text": pl.String, "translations": pl.String}
    words = pl.DataFrame(texts, schema=names, orient="row")[text]
    return words.with_columns(value=pl.Series(value, nan_to_null=True))


def _in_all_languages(
    column: Column,
    language: Language,
    value: float | str | None,
    currency: str | None,
    usual: float | None,
) -> tuple[str, str]:
    """The text in one language, and in the others as JSON."""
    words = {name: say_rounded(column, value, name, currency, usual) for name in _LANGUAGES}
    text = words.pop(language)
    return text, json.dumps(words, ensure_ascii=False, separators=(",", ":"))


def _distinct(rows: pl.DataFrame) -> tuple[list[tuple[Any, ...]], np.ndarray]:
    """The distinct rows, and for each row its index among them."""
    distinct = rows.unique(maintain_order=True).with_row_index("index")
    keys = rows.columns
    joined = rows.join(distinct, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return distinct.select(keys).rows(), joined["index"].to_numpy()


def _currency(frame: pl.DataFrame, column: Column, default: pl.Series) -> pl.Series:
    """The currency of a column's amounts: that of its currency column, else ``default``."""
    name = column.feature.currency if isinstance(column.feature, Feature) else None
    return frame[name] if name in frame.columns else default
