"""The compiled loops behind exact reasons. Importing this costs numba's start."""

# numba passes arguments by place, and counts those of an intrinsic itself.
# ruff: noqa: ARG001, PLR0917
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

#: Sums that one cell of a table adds to at once: a few wide registers.
LANES = 32
#: Lanes of a cell for the contributions; the other two hold what it adds to the score.
FEATURES = LANES - 2

# Rows whose sums stay in a core's cache while all tables are added to them.
_IN_CACHE = 2_048

# Below it, LightGBM takes a value for zero (its float ``1e-35f``).
_ALMOST_ZERO = float(np.float32(1e-35))


@njit(cache=True, nogil=True)
def code_column(values, thresholds, missing, default_left, codes):  # pragma: no cover
    """Code each value: how many thresholds (one at least) lie below it; the missing get their own.

    What is missing gets the least code where it goes left by default, else the greatest.
    ``missing`` is 0 (nothing is), 1 (zero) or 2 (NaN), as in LightGBM.
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
def leaf_shap(shares, value):  # pragma: no cover
    """Path-dependent SHAP values of one leaf, by which of its features' conditions a row meets.

    Row ``pattern`` of the result is for rows that meet the conditions whose bits are set. Of
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
def add_leaf(table, levels, meets, shap, lanes, value):  # pragma: no cover
    """Add one leaf to every cell of a table.

    ``table`` has one row per cell, ``levels`` the number of levels of each axis (the first is the
    quickest to change), ``meets`` for each axis and level the features whose conditions hold.
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
    """``sums[row] += cells[one] + ... + cells[four]``, all lanes at once.

    In a plain loop the compiler must fear that the arrays overlap, and adds lane by lane.
    """
    many = ir.VectorType(ir.IntType(32), LANES)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def lanes(array: int, place: Any) -> Any:
            data = context.make_array(signature.args[array])(context, builder, args[array]).data
            first = builder.gep(data, [builder.mul(place, place.type(LANES))])
            return builder.bitcast(first, many.as_pointer())

        into = lanes(0, args[1])
        total = builder.load(into, align=4)
        for cell in args[3:]:
            total = builder.add(total, builder.load(lanes(2, cell), align=4))
        builder.store(total, into, align=4)
        return context.get_dummy_value()

    place = types.uint64
    return types.void(sums, place, cells, place, place, place, place), build


@njit(cache=True, nogil=True)
def _step(column, above, stride, found):  # pragma: no cover
    """Move the rows whose codes lie above a cut further, by its stride, to their cell.

    Every row is written, moved or not: many at once on any processor, and nothing to guess.
    """
    for row in range(len(column)):
        found[row] += stride if column[row] > above else np.uint16(0)


@njit(cache=True, nogil=True)
def _add_cells(sums, cells, first, found, rows):  # pragma: no cover
    """Add each row's cells of four tables; four at once, since sums are slow to fetch and keep."""
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
    codes, variant, cut, stride, cut_start, cells, cell_start, group_start, lanes, total, score
):  # pragma: no cover
    """Add up the cells of each row, exactly: integers.

    Args:
        codes: One row per variant, one column per row.
        variant, cut, stride: Of each cut of each table.
        cut_start: Where each table's cuts begin, and the last's end.
        cells: The cells of all tables, ``LANES`` wide, int32.
        cell_start: Where each table's cells begin.
        group_start: Where each group of tables begins, and the last's ends: in steps of four.
        lanes: One row per group: the feature that each lane is for, -1 where none.
        total: One row per row, one column per feature, int32: here the contributions are added.
        score: One row per row, two columns: here the score's coarse and fine parts are added.
    """
    found = np.empty((4, _IN_CACHE), np.uint16)
    first = np.empty(4, np.uint64)
    sums = np.empty((_IN_CACHE, LANES), np.int32)
    for start in range(0, len(total), _IN_CACHE):
        rows = min(_IN_CACHE, len(total) - start)
        for group in range(len(group_start) - 1):
            sums[:] = 0
            for table in range(group_start[group], group_start[group + 1]):
                place = table & 3
                found[place] = 0
                for at in range(cut_start[table], cut_start[table + 1]):
                    column = codes[variant[at], start : start + rows]
                    _step(column, cut[at], stride[at], found[place])
                first[place] = cell_start[table]
                if place == 3:
                    _add_cells(sums, cells, first, found, rows)
            used = lanes[group][lanes[group] >= 0].astype(np.uint64)
            for row in range(rows):
                for lane in range(len(used)):
                    total[start + row, used[lane]] += sums[row, lane]
                score[start + row, 0] += sums[row, FEATURES]
                score[start + row, 1] += sums[row, FEATURES + 1]


@njit(cache=True, nogil=True)
def sum_falls(
    codes, other, place, variant, cut, stride, cut_start, scores, cell_start, tables, total
):  # pragma: no cover
    """Add up by how much the score of each row falls where some of its codes are other ones.

    Args:
        codes: One row per variant, one column per row; rows lie in memory one after another.
        other: The other codes, likewise: one row per variant that has any.
        place: Of each variant, its row of ``other``, or -1.
        variant, cut, stride, cut_start, cell_start: As for ``sum_tables``.
        scores: What each cell adds to the score, int32.
        tables: The tables that cut any of the variants with other codes.
        total: One per row, int64: here the falls are added.
    """
    was = np.empty(_IN_CACHE, np.uint16)
    now = np.empty(_IN_CACHE, np.uint16)
    sums = np.empty(_IN_CACHE, np.int64)
    for start in range(0, len(total), _IN_CACHE):
        rows = min(_IN_CACHE, len(total) - start)
        sums[:] = 0
        for table in tables:
            was[:] = 0
            for at in range(cut_start[table], cut_start[table + 1]):
                if place[variant[at]] < 0:
                    _step(codes[variant[at], start : start + rows], cut[at], stride[at], was)
            now[:] = was
            for at in range(cut_start[table], cut_start[table + 1]):
                which = place[variant[at]]
                if which >= 0:
                    _step(codes[variant[at], start : start + rows], cut[at], stride[at], was)
                    _step(other[which, start : start + rows], cut[at], stride[at], now)
            mine = scores[cell_start[table] :]
            for row in range(rows):
                sums[row] += mine[np.uint64(was[row])] - mine[np.uint64(now[row])]
        for row in range(rows):
            total[start + row] += sums[row]
