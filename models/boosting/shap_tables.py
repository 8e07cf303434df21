"""Tables of exact SHAP values: what the levels of a few columns add to a row's score.

What one leaf adds to the SHAP values of a row depends on the row only through which of the few
columns on the leaf's path meet their conditions. So the leaves of a part of a tree are summed
once, for each combination of levels (cell) of the columns on their paths. To explain a row is to
find its cell in each table and to add these cells. Cells hold integers of a common unit: sums are
exact in any order. A cell has two lanes for the score, coarse and fine.
"""

from dataclasses import dataclass
from math import ceil, floor, log2

import numpy as np

from perdura.models.boosting.shap_leaves import Leaf, LeafPart, Variant, parts_of
from perdura.models.boosting.tree_text import Tree, UnreadableTrees

# Largest sum that 32 bits can hold.
_LARGEST = 2**31 - 1
# Beyond this number of cells (half a GiB) LightGBM's own way is faster.
_MOST_CELLS = 1 << 23


@dataclass(frozen=True, slots=True)
class Coding:
    """How to code one variant of a column: its thresholds, ascending."""

    variant: Variant
    thresholds: np.ndarray


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a model, as ``models.boosting.shap_kernel.sum_tables`` reads them.

    Attributes:
        codings: One per variant.
        variant: Index of the variant that each cut applies to.
        cut: Codes above it move on.
        stride: By this number of cells.
        cut_start: Where each table's cuts begin, and the last's end.
        cells: Cells of all tables, one row each, int32.
        cell_start: Where each table's cells begin.
        group_start: Where each group of tables with common lanes begins, and the last's ends; each
            has a multiple of four.
        lanes: One row per group: the feature of each lane, or -1.
        unit: Log-odds of one, in the contributions and the coarse part of the score.
        fine: Log-odds of one, in the fine part.
        bias: Log-odds of the trees without a split.
        scores: The coarse part of the score of each cell, int32: one lane of ``cells``.
    """

    codings: tuple[Coding, ...]
    variant: np.ndarray
    cut: np.ndarray
    stride: np.ndarray
    cut_start: np.ndarray
    cells: np.ndarray
    cell_start: np.ndarray
    group_start: np.ndarray
    lanes: np.ndarray
    unit: float
    fine: float
    bias: float
    scores: np.ndarray

    @property
    def code_type(self) -> type[np.unsignedinteger]:
        """One byte per code where that is enough, else two."""
        most = max((len(coding.thresholds) for coding in self.codings), default=0)
        return np.uint8 if most < 255 else np.uint16


def build_tables(trees: list[Tree]) -> Tables:
    """The tables of all trees.

    Raises:
        UnreadableTrees: They would be too large, e.g. of trees without a limit on their depth.
    """
    from perdura.models.boosting.shap_kernel import FEATURES

    found = [part for tree in trees if len(tree.feature) for part in parts_of(tree, FEATURES)]
    # The kernel reads four tables together: empty parts fill each group up to a multiple of four.
    groups = [g + [LeafPart((), {})] * (-len(g) % 4) for g in _grouped(found, FEATURES)]
    parts = [part for group in groups for part in group]
    lanes = _lanes(groups, FEATURES)
    group_of = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    cell_start = _starts([part.cells for part in parts])
    cells = _fill(parts, cell_start, lanes[group_of])
    unit, fine = _units(cells, cell_start, lanes[group_of])
    codings = _codings(parts)
    variant, cut, stride, cut_start = _cuts(parts, codings)
    whole = np.rint(cells / unit)
    # The fine lane holds what rounding took from the score's coarse lane.
    whole[:, -1] = np.rint((cells[:, -2] - whole[:, -2] * unit) / fine)
    whole = whole.astype(np.int32)
    return Tables(
        codings=codings,
        variant=variant,
        cut=cut,
        stride=stride,
        cut_start=cut_start,
        cells=whole,
        cell_start=cell_start,
        group_start=_starts([len(group) for group in groups]),
        lanes=lanes,
        unit=unit,
        fine=fine,
        bias=sum(float(tree.leaf_value[0]) for tree in trees if not len(tree.feature)),
        scores=whole[:, -2].copy(),
    )


def _grouped(parts: list[LeafPart], most: int) -> list[list[LeafPart]]:
    """The parts in few groups of at most ``most`` columns each, so that they can share lanes."""
    width = max((max(part.features) for part in parts), default=-1) + 1
    reads = np.zeros((len(parts), width), bool)
    for index, part in enumerate(parts):
        reads[index, list(part.features)] = True
    rest = np.arange(len(parts))
    groups: list[list[LeafPart]] = []
    while len(rest):
        columns = reads[rest[np.argmax(reads[rest].sum(axis=1))]].copy()
        while (column := _next_column(columns, reads[rest], most)) is not None:
            columns[column] = True
        covered = ~(reads[rest] & ~columns).any(axis=1)
        groups.append([parts[index] for index in rest[covered]])
        rest = rest[~covered]
    return groups


def _next_column(columns: np.ndarray, reads: np.ndarray, most: int) -> int | None:
    """The column to add to a group: the one that most parts still lack, if there is room.

    A part counts more, the fewer columns it lacks.
    """
    lacking = reads & ~columns
    lacks = lacking.sum(axis=1)
    near = (lacks > 0) & (lacks + columns.sum() <= most)
    if not near.any():
        return None
    return int(np.argmax((lacking[near] * 0.25 ** lacks[near, None]).sum(axis=0)))


def _starts(lengths: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _lanes(groups: list[list[LeafPart]], width: int) -> np.ndarray:
    """One row per group: its features in order, -1 where there are no more."""
    lanes = np.full((len(groups), width), -1, np.int64)
    for index, group in enumerate(groups):
        features = sorted({feature for part in group for feature in part.features})
        lanes[index, : len(features)] = features
    return lanes


def _fill(parts: list[LeafPart], starts: np.ndarray, lanes: np.ndarray) -> np.ndarray:
    """The cells of all parts, in log-odds. ``lanes``: one row per part."""
    from perdura.models.boosting.shap_kernel import LANES, add_leaf, leaf_shap

    if starts[-1] > _MOST_CELLS:
        raise UnreadableTrees(f"their tables would have {starts[-1]} cells; fit with less depth")
    cells = np.zeros((starts[-1], LANES))
    for index, part in enumerate(parts):
        table = cells[starts[index] : starts[index + 1]]
        axes = [(variant, sorted(cuts)) for variant, cuts in part.axes.items()]
        levels = np.array([len(cuts) + 1 for _, cuts in axes])
        lane_of = {feature: lane for lane, feature in enumerate(lanes[index].tolist())}
        for leaf in part.leaves:
            shap = leaf_shap(np.array(list(leaf.shares.values())), leaf.value)
            leaf_lanes = np.array([lane_of[feature] for feature in leaf.shares])
            add_leaf(table, levels, _meets(leaf, axes), shap, leaf_lanes, leaf.value)
    return cells


def _meets(leaf: Leaf, axes: list[tuple[Variant, list[float]]]) -> np.ndarray:
    """For each axis and level, the leaf's features (bits) with conditions that hold there."""
    slot = {feature: bit for bit, feature in enumerate(leaf.shares)}
    order = {variant: axis for axis, (variant, _) in enumerate(axes)}
    most = max(len(cuts) for _, cuts in axes) + 1
    meets = np.full((len(axes), most), (1 << len(slot)) - 1, np.int64)
    for variant, threshold, above in leaf.path:
        axis = order[variant]
        level = axes[axis][1].index(threshold) + 1  # the first above the threshold
        broken = slice(0, level) if above else slice(level, most)
        meets[axis, broken] &= ~(1 << slot[variant.feature])
    return meets


def _codings(parts: list[LeafPart]) -> tuple[Coding, ...]:
    thresholds: dict[Variant, set[float]] = {}
    for part in parts:
        for variant, cuts in part.axes.items():
            thresholds.setdefault(variant, set()).update(cuts)
    return tuple(Coding(v, np.array(sorted(cuts))) for v, cuts in sorted(thresholds.items()))


def _cuts(
    parts: list[LeafPart], codings: tuple[Coding, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Every cut of every table: its variant, code and stride; and where each table's cuts begin."""
    index_of = {coding.variant: index for index, coding in enumerate(codings)}
    cuts: list[tuple[int, int, int]] = []
    starts = [0]
    for part in parts:
        stride = 1
        for variant, thresholds in part.axes.items():
            index = index_of[variant]
            shift = int(variant.default_left)  # codes of missing values come first
            above = np.searchsorted(codings[index].thresholds, sorted(thresholds)) + shift
            cuts += [(index, code, stride) for code in above.tolist()]
            stride *= len(thresholds) + 1
        starts.append(len(cuts))
    table = np.array(cuts, np.int64).reshape(-1, 3)
    index, cut, stride = table.T
    return index.copy(), cut.astype(np.uint16), stride.astype(np.uint16), np.array(starts)


def _units(cells: np.ndarray, starts: np.ndarray, lanes: np.ndarray) -> tuple[float, float]:
    """The smallest units, powers of two, with which every sum fits into 32 bits."""
    if not len(cells):
        return 1.0, 1.0
    most = np.maximum.reduceat(np.abs(cells), starts[:-1])
    features = lanes.shape[1]
    by_feature = np.bincount(lanes[lanes >= 0], most[:, :features][lanes >= 0])
    bound = max(by_feature.max(), most[:, features].sum(), 1e-30)
    # Rounding adds at most half a unit per table.
    spare = len(lanes) + 1
    unit = 2.0 ** -floor(log2((_LARGEST - spare) / bound))
    return unit, unit / 2.0 ** (30 - ceil(log2(spare)))
