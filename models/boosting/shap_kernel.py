"""The compiled loops behind exact reasons. Importing this costs numba's start."""

# numba has no types.
# pyright: standard
# numba passes arguments by position, and counts those of an intrinsic itself.
# ruff: noqa: ARG001, PLR0917
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

#: Sums that one cell of a table adds to together: a few wide registers.
LANES = 32
#: Lanes of a cell for the contributions; the other two hold what it adds to the score.
FEATURES = LANES - 2

# Rows of a block: their sums stay in a core's cache while all tables are added to them.
_IN_CACHE = 2_048

# LightGBM treats values up to it as zero (its float ``1e-35f``).
_ALMOST_ZERO = float(np.float32(1e-35))


@njit(cache=True, nogil=True)
def code_column(
    values: np.ndarray,
    thresholds: np.ndarray,
    missing: int,
    default_left: bool,
    codes: np.ndarray,
) -> None:  # pragma: no cover
    """Code each value: the number of thresholds (one at least) that lie below it.

    Missing values get a code of their own: the lowest where they go left by default, else the
    highest. ``missing`` is 0 (none), 1 (zero) or 2 (NaN), as in LightGBM.
    """
    count = len(thresholds)
    shift = 1 if missing and default_left else 0
    absent = 0 if shift else count + 1
    for row in range(len(values)):
        value = values[row]
        if missing == 2 and np.isnan(value):
            codes[row] = absent
            continue
        if np.isnan(value) or abs(value) <= _ALMOST_ZERO:
            value = 0.0
            if missing == 1:
                codes[row] = absent
                continue
        low, left = 0, count
        while left > 1:
            half = left >> 1
            low += half if thresholds[low + half - 1] < value else 0
            left -= half
        low += 1 if thresholds[low] < value else 0
        codes[row] = low + shift


@njit(cache=True, nogil=True)
def leaf_shap(shares: np.ndarray, value: float) -> np.ndarray:  # pragma: no cover
    """Path-dependent SHAP values of one leaf, by which of its features' conditions a row meets.

    Row ``pattern`` of the result is for rows that meet the conditions of the bits set. Of
    feature ``i`` it is ``value * (met_i - share_i)`` times the mean, over all orders of the
    features, of the product over those before it of ``met`` and over those after it of ``share``.
    """
    k = len(shares)
    weight = np.empty(k)
    weight[0] = 1.0 / k
    for size in range(1, k):
        weight[size] = weight[size - 1] * size / (k - size)
    shap = np.zeros((1 << k, k))
    product = np.empty(k)
    for pattern in range(1 << k):
        for i in range(k):
            product[:] = 0.0
            product[0] = 1.0
            for j in range(k):
                if j != i:
                    met = pattern >> j & 1
                    for size in range(k - 1, -1, -1):
                        more = product[size - 1] if met and size else 0.0
                        product[size] = product[size] * shares[j] + more
            mean = 0.0
            for size in range(k):
                mean += product[size] * weight[size]
            shap[pattern, i] = value * ((pattern >> i & 1) - shares[i]) * mean
    return shap


@njit(cache=True, nogil=True)
def add_leaf(
    table: np.ndarray,
    levels: np.ndarray,
    meets: np.ndarray,
    shap: np.ndarray,
    lanes: np.ndarray,
    value: float,
) -> None:  # pragma: no cover
    """Add one leaf to every cell of a table.

    ``table`` has one row per cell, ``levels`` the number of levels of each axis (the first varies
    fastest), ``meets`` for each axis and level the features (bits) with conditions that hold.
    """
    everything = len(shap) - 1
    for cell in range(len(table)):
        rest, pattern = cell, everything
        for axis in range(len(levels)):
            pattern &= meets[axis, rest % levels[axis]]
            rest //= levels[axis]
        for i in range(len(lanes)):
            table[cell, lanes[i]] += shap[pattern, i]
        if pattern == everything:
            table[cell, FEATURES] += value


@intrinsic
def _add_four(
    _context: Any, sums: Any, row: Any, cells: Any, one: Any, two: Any, three: Any, four: Any
) -> Any:
    """``sums[row] += cells[one] + ... + cells[four]``, all lanes together.

    In a plain loop the compiler cannot exclude that the arrays overlap, and adds lane by lane.
    """
    many = ir.VectorType(ir.IntType(32), LANES)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def lanes(array: int, index: Any) -> Any:
            data = context.make_array(signature.args[array])(context, builder, args[array]).data
            first = builder.gep(data, [builder.mul(index, index.type(LANES))])
            return builder.bitcast(first, many.as_pointer())

        into = lanes(0, args[1])
        total = builder.load(into, align=4)
        for cell in args[3:]:
            total = builder.add(total, builder.load(lanes(2, cell), align=4))
        builder.store(total, into, align=4)
        return context.get_dummy_value()

    index = types.uint64
    return types.void(sums, index, cells, index, index, index, index), build


@njit(cache=True, nogil=True)
def _step(column, above, stride, found):  # pragma: no cover
    """Move the rows with codes above a cut by its stride, towards their cell.

    Every row is written, moved or not, so that the loop is vectorised and has no branches.
    """
    for row in range(len(column)):
        found[row] += stride if column[row] > above else np.uint16(0)


@njit(cache=True, nogil=True)
def _add_cells(sums, cells, first, found, rows):  # pragma: no cover
    """Add each row's cells of four tables together, since loading and storing sums is slow."""
    one, two, three, four = found[0], found[1], found[2], found[3]
    for row in range(rows):
        _add_four(  # pyright: ignore[reportCallIssue]
            sums,
            np.uint64(row),
            cells,
            first[0] + np.uint64(one[row]),
            first[1] + np.uint64(two[row]),
            first[2] + np.uint64(three[row]),
            first[3] + np.uint64(four[row]),
        )


@njit(cache=True, nogil=True)
def sum_tables(
    codes: np.ndarray,
    variant: np.ndarray,
    cut: np.ndarray,
    stride: np.ndarray,
    cut_start: np.ndarray,
    cells: np.ndarray,
    cell_start: np.ndarray,
    group_start: np.ndarray,
    lanes: np.ndarray,
    total: np.ndarray,
    score: np.ndarray,
) -> None:  # pragma: no cover
    """Add the cells of each row, exactly: integers.

    Args:
        codes: One row per variant, one column per row.
        variant, cut, stride: One value per cut of each table.
        cut_start: Where each table's cuts begin, and the last's end.
        cells: The cells of all tables, ``LANES`` wide, int32.
        cell_start: Where each table's cells begin.
        group_start: Where each group of tables begins, and the last's ends: in steps of four.
        lanes: One row per group: the feature of each lane, or -1.
        total: One row per row, one column per feature, int32: the contributions are added here.
        score: One row per row, two columns: the score's coarse and fine parts are added here.
    """
    found = np.empty((4, _IN_CACHE), np.uint16)
    first = np.empty(4, np.uint64)
    sums = np.empty((_IN_CACHE, LANES), np.int32)
    for start in range(0, len(total), _IN_CACHE):
        rows = min(_IN_CACHE, len(total) - start)
        for group in range(len(group_start) - 1):
            sums[:] = 0
            for table in range(group_start[group], group_start[group + 1]):
                slot = table & 3
                found[slot] = 0
                for i in range(cut_start[table], cut_start[table + 1]):
                    column = codes[variant[i], start : start + rows]
                    _step(column, cut[i], stride[i], found[slot])
                first[slot] = cell_start[table]
                if slot == 3:
                    _add_cells(sums, cells, first, found, rows)
            used = lanes[group][lanes[group] >= 0].astype(np.uint64)
            for row in range(rows):
                for lane in range(len(used)):
                    total[start + row, used[lane]] += sums[row, lane]
                score[start + row, 0] += sums[row, FEATURES]
                score[start + row, 1] += sums[row, FEATURES + 1]


@njit(cache=True, nogil=True)
def sum_falls(
    codes: np.ndarray,
    other: np.ndarray,
    other_row: np.ndarray,
    variant: np.ndarray,
    cut: np.ndarray,
    stride: np.ndarray,
    cut_start: np.ndarray,
    scores: np.ndarray,
    cell_start: np.ndarray,
    tables: np.ndarray,
    total: np.ndarray,
) -> None:  # pragma: no cover
    """Add by how much the score of each row falls when some of its codes are replaced.

    Args:
        codes: One row per variant, one column per row, row-major.
        other: The codes that replace them, likewise: one row per variant that has any.
        other_row: The row of ``other`` for each variant, or -1.
        variant, cut, stride, cut_start, cell_start: As for ``sum_tables``.
        scores: What each cell adds to the score, int32.
        tables: The tables that cut any of the replaced variants.
        total: One per row, int64: the falls are added here.
    """
    before = np.empty(_IN_CACHE, np.uint16)
    after = np.empty(_IN_CACHE, np.uint16)
    sums = np.empty(_IN_CACHE, np.int64)
    for start in range(0, len(total), _IN_CACHE):
        rows = min(_IN_CACHE, len(total) - start)
        sums[:] = 0
        for table in tables:
            before[:] = 0
            for i in range(cut_start[table], cut_start[table + 1]):
                if other_row[variant[i]] < 0:
                    _step(codes[variant[i], start : start + rows], cut[i], stride[i], before)
            after[:] = before
            for i in range(cut_start[table], cut_start[table + 1]):
                replaced = other_row[variant[i]]
                if replaced >= 0:
                    _step(codes[variant[i], start : start + rows], cut[i], stride[i], before)
                    _step(other[replaced, start : start + rows], cut[i], stride[i], after)
            table_scores = scores[cell_start[table] :]
            for row in range(rows):
                sums[row] += table_scores[np.uint64(before[row])]
                sums[row] -= table_scores[np.uint64(after[row])]
        for row in range(rows):
            total[start + row] += sums[row]
