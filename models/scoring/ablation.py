"""Reasons taken away: by how much a score falls where what tells a signal is typical instead."""

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
    signal: np.ndarray,
    candidates: np.ndarray,
) -> np.ndarray:
    """By how much each score falls without each of some signals.

    A signal is taken away by giving each of its columns the value that is typical of comparable
    subscribers; where they are compared by one of its columns, what is typical of all.

    Args:
        text: LightGBM's text of the trees.
        matrix: Encoded rows.
        explained: As of ``explained`` of them.
        typical: What is typical.
        signal: One row per row, one column per column: the signal that the column is a sign of.
        candidates: One row per row: the signals to take away, or -1.

    Returns:
        As ``candidates``: log-odds, float64; 0 where there is none.
    """
    falls, group = np.zeros(candidates.shape), typical.group_of(matrix)
    tables = tables_of(text)
    codes = None if tables is None else code_rows(tables, typical.values)
    for number in np.unique(candidates[candidates >= 0]):
        rows, places = np.nonzero(candidates == number)
        taken = signal[rows] == number
        compared = (taken & typical.compared.any(axis=0)).any(axis=1)
        alike = np.where(compared, 0, group[rows])
        if tables is None or codes is None or explained.codes is None:
            without = np.where(taken, typical.values[alike], matrix[rows])
            fall = explained.score[rows] - raw_scores(load_booster(text), without)
        else:
            own, usual = (
                np.take(*each, axis=1) for each in ((explained.codes, rows), (codes, alike))
            )
            fall = _by_tables(tables, own, taken, usual)
        falls[rows, places] = fall
    return falls


def _by_tables(
    tables: Tables, codes: np.ndarray, taken: np.ndarray, typical: np.ndarray
) -> np.ndarray:
    """The falls of rows whose ``codes`` are ``typical`` where their feature is ``taken``.

    Args:
        tables: Of the trees.
        codes, typical: One row per variant, one column per row.
        taken: One row per row, one column per feature.
    """
    from perdura.models.boosting.shap_kernel import sum_falls

    feature = np.array([coding.variant.feature for coding in tables.codings], np.int64)
    changed = np.flatnonzero(np.asarray(taken.any(axis=0))[feature])
    place = np.full(len(feature), -1)
    place[changed] = np.arange(len(changed))
    before = np.zeros(len(tables.variant) + 1, np.int64)
    np.cumsum(np.isin(tables.variant, changed), out=before[1:])
    cut_anew = before[tables.cut_start[1:]] > before[tables.cut_start[:-1]]
    total = np.zeros(len(taken), np.int64)
    sum_falls(
        codes,
        np.ascontiguousarray(np.where(taken.T[feature[changed]], typical[changed], codes[changed])),
        place,
        tables.variant,
        tables.cut,
        tables.stride,
        tables.cut_start,
        tables.scores,
        tables.cell_start,
        np.flatnonzero(cut_anew),
        total,
    )
    return total * tables.unit
