"""Exact TreeSHAP: what each column adds to each score, in log-odds, and the scores themselves."""

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import lightgbm as lgb
import numpy as np

from perdura.models.boosting.row_blocks import ROWS, in_blocks
from perdura.models.boosting.shap_tables import Tables, build_tables
from perdura.models.boosting.tree_text import UnreadableTrees, read_trees
from perdura.progress import OnProgress

# Building tables holds the GIL: one thread builds, the others wait for its result.
_BUILDING = Lock()


@dataclass(frozen=True, slots=True)
class Explained:
    """The score of each row, log-odds, and what each column adds to it (float32).

    Attributes:
        score: One per row.
        added: One row per row, one column per column.
        codes: The rows as the tables read them: one row per variant, one column per row; ``None``
            where LightGBM computed the contributions.
    """

    score: np.ndarray
    added: np.ndarray
    codes: np.ndarray | None = None


def contributions(
    booster: lgb.Booster,
    matrix: np.ndarray,
    progress: OnProgress | None = None,
    block_rows: int = ROWS,
) -> np.ndarray:
    """How much each column moves each row's score away from the mean score.

    The values are those of ``booster.predict(matrix, pred_contrib=True)`` without its last
    column, to about 1e-6.

    Args:
        booster: Trees of a binary model.
        matrix: Encoded columns, float64 (thresholds are doubles), unknown is NaN.
        progress: Called after each block: rows done, of how many, and the step's name.
        block_rows: Rows of a block.

    Returns:
        One row per row, one column per column: log-odds, float32.
    """
    text, rows = booster.model_to_string(), len(matrix)
    blocks = in_blocks(
        rows,
        lambda start, stop: explained(text, matrix[start:stop]).added,
        lambda done: progress(done, rows, "reasons") if progress else None,
        block_rows,
    )
    return np.concatenate([np.empty((0, matrix.shape[1]), np.float32), *blocks])


def explained(text: str, matrix: np.ndarray) -> Explained:
    """The scores and contributions of a block of rows, on one core.

    Neither depends on the other rows, to the bit. Scores are those of LightGBM to about 1e-12.
    Trees that the tables cannot hold are explained by LightGBM, hundreds of times slower.

    Args:
        text: LightGBM's text of the trees.
        matrix: Encoded columns, float64, unknown is NaN; fastest in column-major order.
    """
    if (tables := tables_of(text)) is not None:
        return _by_tables(tables, matrix)
    booster = lgb.Booster(model_str=text)
    contributed = np.asarray(booster.predict(matrix, pred_contrib=True))
    score = np.asarray(booster.predict(matrix, raw_score=True), dtype=np.float64)
    return Explained(score, contributed[:, :-1].astype(np.float32))


def tables_of(text: str) -> Tables | None:
    """The tables of LightGBM's text of trees; ``None`` where they would be too large."""
    with _BUILDING:
        return _built(text)


@lru_cache(maxsize=8)
def _built(text: str) -> Tables | None:
    try:
        return build_tables(read_trees(text))
    except UnreadableTrees:
        return None


def _by_tables(tables: Tables, matrix: np.ndarray) -> Explained:
    from perdura.models.boosting.shap_kernel import sum_tables

    total, parts = np.zeros(matrix.shape, np.int32), np.zeros((len(matrix), 2), np.int32)
    codes = code_rows(tables, matrix)
    sum_tables(
        codes,
        tables.variant,
        tables.cut,
        tables.stride,
        tables.cut_start,
        tables.cells,
        tables.cell_start,
        tables.group_start,
        tables.lanes,
        total,
        parts,
    )
    score = parts[:, 0] * tables.unit + (parts[:, 1] * tables.fine + tables.bias)
    return Explained(score, total * np.float32(tables.unit), codes)


def code_rows(tables: Tables, matrix: np.ndarray) -> np.ndarray:
    """One row per variant, one column per row."""
    from perdura.models.boosting.shap_kernel import code_column

    codes = np.empty((len(tables.codings), len(matrix)), tables.code_type)
    for row, coding in enumerate(tables.codings):
        feature, missing, default_left = coding.variant
        values = np.ascontiguousarray(matrix[:, feature], dtype=np.float64)
        code_column(values, coding.thresholds, missing, default_left, codes[row])
    return codes
