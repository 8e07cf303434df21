"""Tables of exact reasons: what a row's place between a few thresholds adds to its score.

What one leaf adds to the SHAP values of a row depends on the row only through which of the few
columns on the leaf's path meet their conditions. So the leaves of a part of a tree are added up
once, for each combination of levels (cell) of the columns that they ask about, and explaining a row
is to find its cell in each table and to add that. Cells hold integers of a common unit: sums are
exact, and the same in any order. A cell has two lanes for the score, coarse and fine.
"""

from dataclasses import dataclass
from math import ceil, floor, log2

import numpy as np

from perdura.models.boosting.shap_leaves import Leaf, LeafPart, Variant, parts_of
from perdura.models.boosting.tree_text import Tree, UnreadableTrees

# Greatest sum that 32 bits can hold.
_LARGEST = 2**31 - 1
# More cells than these make other ways faster: half a GiB of them.
_MOST_CELLS = 1 << 23


@dataclass(frozen=True, slots=True)
class Coding:
    """How to code one variant of a column: its thresholds, rising."""

    variant: Variant
    thresholds: np.ndarray


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a model, as ``models.boosting.shap_kernel.sum_tables`` reads them.

    Attributes:
        codings: Of each variant.
        variant: Of each cut, whose codes it cuts.
        cut: Codes above it go further.
        stride: By so many cells.
        cut_start: Where each table's cuts begin, and the last's end.
        cells: Of all tables, one row each, int32.
        cell_start: Where each table's cells begin.
        group_start: Where each group of tables with common lanes begins, and the last's ends; each
            has a multiple of four.
        lanes: One row per group: the feature of each lane, or -1.
        unit: Log-odds of one, in the contributions and the coarse part of the score.
        fine: Log-odds of one, in the fine part.
        bias: Log-odds of the trees that ask nothing.
        scores: The coarse part of the score of each cell, int32: the lane of ``cells`` alone.
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
        """A byte per code where that is enough."""
        most = max((len(coding.thresholds) for coding in self.codings), default=0)
        return np.uint8 if most < 255 else np.uint16


def build_tables(trees: list[Tree]) -> Tables:
    """The tables of all trees.

    Raises:
        UnreadableTrees: They would be too large, for trees without a bound on their depth, say.
    """
    from perdura.models.boosting.shap_kernel import FEATURES

    asking = [tree for tree in trees if len(tree.feature)]
    found = [part for tree in asking for part in parts_of(tree, FEATURES)]
    groups = [_in_fours(group) for group in _grouped(found, FEATURES)]
    parts = [part for group in groups for part in group]
    lanes = _lanes(groups, FEATURES)
    group_of = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    cell_start = _starts([_size(part) for part in parts])
    cells = _fill(parts, cell_start, lanes[group_of])
    unit, fine = _units(cells, cell_start, lanes[group_of])
    codings = _codings(parts)
    variant, cut, stride, cut_start = _cuts(parts, codings)
    whole = _whole(cells, unit, fine)
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
    """The parts in few groups, of at most so many columns each, so that lanes can be shared."""
    every = max((max(part.features) for part in parts), default=-1) + 1
    asks = np.zeros((len(parts), every), bool)
    for place, part in enumerate(parts):
        asks[place, list(part.features)] = True
    rest, groups = np.arange(len(parts)), []
    while len(rest):
        columns = asks[rest[np.argmax(asks[rest].sum(axis=1))]].copy()
        while (wanted := _wanted(columns, asks[rest], most)) is not None:
            columns[wanted] = True
        covered = ~(asks[rest] & ~columns).any(axis=1)
        groups.append([parts[place] for place in rest[covered]])
        rest = rest[~covered]
    return groups


def _wanted(columns: np.ndarray, asks: np.ndarray, most: int) -> int | None:
    """The column that brings most parts nearest to being covered by ``columns``, if there is room.

    A part counts the more, the fewer columns it lacks.
    """
    lacking = asks & ~columns
    lacks = lacking.sum(axis=1)
    near = (lacks > 0) & (lacks + columns.sum() <= most)
    if not near.any():
        return None
    return int(np.argmax((lacking[near] * 0.25 ** lacks[near, None]).sum(axis=0)))


def _in_fours(group: list[LeafPart]) -> list[LeafPart]:
    """The group, filled up with parts that ask nothing and add nothing: four are read at once."""
    return group + [LeafPart((), {})] * (-len(group) % 4)


def _size(part: LeafPart) -> int:
    return int(np.prod([len(cuts) + 1 for cuts in part.axes.values()], dtype=np.int64))


def _starts(lengths: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _lanes(groups: list[list[LeafPart]], width: int) -> np.ndarray:
    """One row per group: its features in order, -1 where there are no more."""
    lanes = np.full((len(groups), width), -1, np.int64)
    for place, group in enumerate(groups):
        features = sorted(frozenset().union(*(part.features for part in group)))
        lanes[place, : len(features)] = features
    return lanes


def _fill(parts: list[LeafPart], starts: np.ndarray, lanes: np.ndarray) -> np.ndarray:
    """The cells of all parts, in log-odds. ``lanes``: one row per part."""
    from perdura.models.boosting.shap_kernel import LANES, add_leaf, leaf_shap

    if starts[-1] > _MOST_CELLS:
        raise UnreadableTrees(f"their tables would have {starts[-1]} cells; fit with less depth")
    cells = np.zeros((starts[-1], LANES))
    for place, part in enumerate(parts):
        table = cells[starts[place] : starts[place + 1]]
        axes = [(variant, sorted(cuts)) for variant, cuts in part.axes.items()]
        levels = np.array([len(cuts) + 1 for _, cuts in axes])
        lane_of = {feature: lane for lane, feature in enumerate(lanes[place].tolist())}
        for leaf in part.leaves:
            shap = leaf_shap(np.array(list(leaf.shares.values())), leaf.value)
            mine = np.array([lane_of[feature] for feature in leaf.shares])
            add_leaf(table, levels, _meets(leaf, axes), shap, mine, leaf.value)
    return cells


def _meets(leaf: Leaf, axes: list[tuple[Variant, list[float]]]) -> np.ndarray:
    """For each axis and level, the leaf's features (bits) whose conditions hold there."""
    slot = {feature: place for place, feature in enumerate(leaf.shares)}
    order = {variant: place for place, (variant, _) in enumerate(axes)}
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
    """Every cut of every table: whose codes, above which, by how many cells; and their starts."""
    place_of = {coding.variant: place for place, coding in enumerate(codings)}
    cuts: list[tuple[int, int, int]] = []
    starts = [0]
    for part in parts:
        stride = 1
        for variant, thresholds in part.axes.items():
            place = place_of[variant]
            shift = int(variant.default_left)  # codes of what is missing come first
            above = np.searchsorted(codings[place].thresholds, sorted(thresholds)) + shift
            cuts += [(place, code, stride) for code in above.tolist()]
            stride *= len(thresholds) + 1
        starts.append(len(cuts))
    table = np.array(cuts, np.int64).reshape(-1, 3)
    place, cut, stride = table.T
    return place.copy(), cut.astype(np.uint16), stride.astype(np.uint16), np.array(starts)


def _units(cells: np.ndarray, starts: np.ndarray, lanes: np.ndarray) -> tuple[float, float]:
    """Units so small that no sum can be larger than 32 bits hold, and powers of two."""
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


def _whole(cells: np.ndarray, unit: float, fine: float) -> np.ndarray:
    """The cells in whole units; what the score's coarse lane leaves over is in the fine one."""
    whole = np.rint(cells / unit)
    left = cells[:, -2] - whole[:, -2] * unit
    whole[:, -1] = np.rint(left / fine)
    return whole.astype(np.int32)
