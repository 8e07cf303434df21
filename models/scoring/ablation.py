"""Ablation of reasons: by how much a score falls with typical values in a signal's columns."""

import numpy as np

from perdura.models.boosting.booster import load_booster, raw_scores
from perdura.models.boosting.shap_tables import Tables
from perdura.models.boosting.shap_values import Explained, code_rows, tables_of
from perdura.models.predictor.typical_values import EncodedTypical


def score_falls(
    text: str,
    matrix: np.ndarray,
    explained: Explained,
    typical: EncodedTypical,
    *,
    group: np.ndarray,
    signal: np.ndarray,
    candidates: np.ndarray,
) -> np.ndarray:
    """By how much each score falls without each of some signals.

    Without a signal, each of its columns has the typical value of comparable subscribers; where
    these are grouped by one of its columns, the typical value of all.

    Args:
        text: LightGBM's text of the trees.
        matrix: Encoded rows.
        explained: Their attributions, from ``explained``.
        typical: The typical values.
        group: The index of the group of each row.
        signal: The signal of each column: one row per row, one column per column.
        candidates: The signals to take away, or -1: one row per row.

    Returns:
        As ``candidates``: log-odds, float64; 0 for -1.
    """
    falls = np.zeros(candidates.shape)
    tables = tables_of(text)
    codes = None if tables is None else code_rows(tables, typical.values)
    for number in np.unique(candidates[candidates >= 0]):
        rows, slots = np.nonzero(candidates == number)
        taken = signal[rows] == number
        compared = (taken & typical.compared.any(axis=0)).any(axis=1)
        groups = np.where(compared, 0, group[rows])
        if tables is None or codes is None or explained.codes is None:
            without = np.where(taken, typical.values[groups], matrix[rows])
            fall = explained.score[rows] - raw_scores(load_booster(text), without)
        else:
            own = np.take(explained.codes, rows, axis=1)
            fall = _falls_by_tables(tables, own, taken, np.take(codes, groups, axis=1))
        falls[rows, slots] = fall
    return falls


def _falls_by_tables(
    tables: Tables, codes: np.ndarray, taken: np.ndarray, typical: np.ndarray
) -> np.ndarray:
    """The falls of rows with ``typical`` in place of ``codes`` where the feature is ``taken``.

    Args:
        tables: Tables of the trees.
        codes, typical: One row per variant, one column per row.
        taken: One row per row, one column per feature.
    """
    from perdura.models.boosting.shap_kernel import sum_falls

    feature = np.array([coding.variant.feature for coding in tables.codings], np.int64)
    changed = np.flatnonzero(np.asarray(taken.any(axis=0))[feature])
    other_row = np.full(len(feature), -1)
    other_row[changed] = np.arange(len(changed))
    before = np.zeros(len(tables.variant) + 1, np.int64)
    np.cumsum(np.isin(tables.variant, changed), out=before[1:])
    affected = before[tables.cut_start[1:]] > before[tables.cut_start[:-1]]
    total = np.zeros(len(taken), np.int64)
    sum_falls(
        codes,
        np.ascontiguousarray(np.where(taken.T[feature[changed]], typical[changed], codes[changed])),
        other_row,
        tables.variant,
        tables.cut,
        tables.stride,
        tables.cut_start,
        tables.scores,
        tables.cell_start,
        np.flatnonzero(affected),
        total,
    )
    return total * tables.unit
