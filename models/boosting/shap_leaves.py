"""Leaves that ask about few columns between them, put together: each such part gets a table."""

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from perdura.models.boosting.tree_text import NOTHING, Tree, UnreadableTrees

# Leaves are put together until their table would have more cells: so many lie in a core's cache.
_CELLS = 256
# A leaf that asks about very many columns has a large table of its own, to this limit.
_MOST_CELLS = 1 << 14


class Variant(NamedTuple):
    """A column as some splits read it: where its missing values go."""

    feature: int
    missing: int
    default_left: bool


class Condition(NamedTuple):
    """What a path asks at one split: to lie above the threshold, or not to."""

    variant: Variant
    threshold: float
    above: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf, the conditions that lead there, and by feature the share of rows that met them."""

    value: float
    path: tuple[Condition, ...]
    shares: dict[int, float]


#: By variant, the thresholds that some leaves ask about.
Axes = dict[Variant, frozenset[float]]


@dataclass(frozen=True, slots=True)
class LeafPart:
    """Leaves of one tree, and what they ask about between them."""

    leaves: tuple[Leaf, ...]
    axes: Axes

    @property
    def features(self) -> frozenset[int]:
        """Places of the columns that they ask about."""
        return frozenset(variant.feature for variant in self.axes)


def parts_of(tree: Tree, most_features: int) -> list[LeafPart]:
    """All leaves of a tree of at least two, in as few parts as the limits on a table allow.

    Raises:
        UnreadableTrees: A leaf alone asks about more than a table can hold.
    """
    parts: list[LeafPart] = []
    for part in _below(tree, 0, Leaf(0.0, (), {}), most_features):
        fitting = [
            (_cells(joined.axes) - _cells(other.axes), place, joined)
            for place, other in enumerate(parts)
            if _fits(joined := _joined(other, part), most_features)
        ]
        if fitting:
            _, place, joined = min(fitting, key=lambda fit: fit[:2])
            parts[place] = joined
        else:
            parts.append(part)
    return parts


def _below(tree: Tree, node: int, here: Leaf, most_features: int) -> list[LeafPart]:
    """The leaves below a node that ``here`` leads to: one part where they fit into one table."""
    if node < 0:
        return [_alone(Leaf(float(tree.leaf_value[~node]), here.path, here.shares), most_features)]
    left, right = (
        _below(tree, child, _further(tree, node, child, here), most_features)
        for child in (int(tree.left[node]), int(tree.right[node]))
    )
    if len(left) == len(right) == 1:
        joined = _joined(left[0], right[0])
        if _fits(joined, most_features):
            return [joined]
    return left + right


def _further(tree: Tree, node: int, child: int, here: Leaf) -> Leaf:
    feature, missing = int(tree.feature[node]), int(tree.missing[node])
    left_by_default = missing != NOTHING and bool(tree.default_left[node])
    asked = Condition(
        Variant(feature, missing, left_by_default),
        float(tree.threshold[node]),
        child == tree.right[node],
    )
    share = here.shares.get(feature, 1.0) * tree.share(node, child)
    return Leaf(0.0, (*here.path, asked), {**here.shares, feature: share})


def _alone(leaf: Leaf, most_features: int) -> LeafPart:
    axes: Axes = {}
    for variant, threshold, _ in leaf.path:
        axes[variant] = axes.get(variant, frozenset()) | {threshold}
    part = LeafPart((leaf,), axes)
    if _cells(axes) > _MOST_CELLS or len(part.features) > most_features:
        raise UnreadableTrees(
            f"a leaf asks about {len(part.features)} columns on its path; fit with less depth"
        )
    return part


def _joined(one: LeafPart, other: LeafPart) -> LeafPart:
    axes = dict(one.axes)
    for variant, thresholds in other.axes.items():
        axes[variant] = axes.get(variant, frozenset()) | thresholds
    return LeafPart(one.leaves + other.leaves, axes)


def _fits(part: LeafPart, most_features: int) -> bool:
    return _cells(part.axes) <= _CELLS and len(part.features) <= most_features


def _cells(axes: Axes) -> int:
    return prod(len(thresholds) + 1 for thresholds in axes.values())
