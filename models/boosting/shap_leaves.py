"""Group the leaves of a tree that split on few columns together: each group gets a table."""

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from perdura.models.boosting.tree_text import NOTHING, Tree, UnreadableTrees

# Most cells of a table of several leaves: such a table fits into a core's cache.
_CELLS = 256
# Most cells of a table of a single leaf.
_MOST_CELLS = 1 << 14


class Variant(NamedTuple):
    """A column as some splits read it: which values are missing, and where they go."""

    feature: int
    missing: int
    default_left: bool


class Condition(NamedTuple):
    """One split of a path: the value lies above the threshold, or does not."""

    variant: Variant
    threshold: float
    above: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf, the conditions on its path, and by feature the share of rows that met them."""

    value: float
    path: tuple[Condition, ...]
    shares: dict[int, float]


#: The thresholds of some leaves, by variant.
Axes = dict[Variant, frozenset[float]]


@dataclass(frozen=True, slots=True)
class LeafPart:
    """Leaves of one tree, and the thresholds on their paths."""

    leaves: tuple[Leaf, ...]
    axes: Axes

    @property
    def features(self) -> frozenset[int]:
        """Indices of the columns on the paths."""
        return frozenset(variant.feature for variant in self.axes)

    @property
    def cells(self) -> int:
        """Cells of the table: one for each combination of levels."""
        return prod(len(thresholds) + 1 for thresholds in self.axes.values())

    def joined(self, other: "LeafPart") -> "LeafPart":
        """Both parts as one."""
        axes = dict(self.axes)
        for variant, thresholds in other.axes.items():
            axes[variant] = axes.get(variant, frozenset()) | thresholds
        return LeafPart(self.leaves + other.leaves, axes)

    def fits(self, most_features: int) -> bool:
        """Whether one table can hold it."""
        return self.cells <= _CELLS and len(self.features) <= most_features


def parts_of(tree: Tree, most_features: int) -> list[LeafPart]:
    """All leaves of a tree of at least two, in as few parts as the limits on a table allow.

    Raises:
        UnreadableTrees: A single leaf needs more than a table can hold.
    """
    parts: list[LeafPart] = []
    for part in _parts_below(tree, 0, Leaf(0.0, (), {}), most_features):
        fitting = [
            (joined.cells - other.cells, index, joined)
            for index, other in enumerate(parts)
            if (joined := other.joined(part)).fits(most_features)
        ]
        if fitting:
            _, index, joined = min(fitting, key=lambda fit: fit[:2])
            parts[index] = joined
        else:
            parts.append(part)
    return parts


def _parts_below(tree: Tree, node: int, path: Leaf, most_features: int) -> list[LeafPart]:
    """The leaves below a node, reached by ``path``: one part where one table can hold them."""
    if node < 0:
        leaf = Leaf(float(tree.leaf_value[~node]), path.path, path.shares)
        return [_single_leaf(leaf, most_features)]
    feature, missing = int(tree.feature[node]), int(tree.missing[node])
    variant = Variant(feature, missing, missing != NOTHING and bool(tree.default_left[node]))
    sides: list[list[LeafPart]] = []
    for above, child in enumerate((int(tree.left[node]), int(tree.right[node]))):
        condition = Condition(variant, float(tree.threshold[node]), bool(above))
        share = path.shares.get(feature, 1.0) * tree.share(node, child)
        longer = Leaf(0.0, (*path.path, condition), {**path.shares, feature: share})
        sides.append(_parts_below(tree, child, longer, most_features))
    left, right = sides
    if len(left) == len(right) == 1 and (joined := left[0].joined(right[0])).fits(most_features):
        return [joined]
    return left + right


def _single_leaf(leaf: Leaf, most_features: int) -> LeafPart:
    axes: Axes = {}
    for variant, threshold, _ in leaf.path:
        axes[variant] = axes.get(variant, frozenset()) | {threshold}
    part = LeafPart((leaf,), axes)
    if part.cells > _MOST_CELLS or len(part.features) > most_features:
        raise UnreadableTrees(
            f"a leaf asks about {len(part.features)} columns on its path; fit with less depth"
        )
    return part
