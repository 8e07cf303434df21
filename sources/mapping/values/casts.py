"""SQL casts that fail give no value, and a row is refused if its outcome hangs on one.

Polars stops at the first value that a ``CAST`` cannot read, even of a branch that is not taken.
"""

from dataclasses import dataclass
from datetime import date, time
from typing import Any, cast

import polars as pl

from perdura.sources.mapping.values.cast_tree import (
    Node,
    as_cast,
    casts_in,
    children,
    expression_of,
    tree_of,
)

_DAYS = (date(1700, 1, 1), date(2200, 1, 1))
#: In place of a value that a cast could not read: if these change the outcome, it hung on it.
_ENDS: dict[str, tuple[object, object]] = {
    "Boolean": (False, True),
    "Int8": (-100, 100),
    "Int16": (-30_000, 30_000),
    "Int32": (-2_000_000_000, 2_000_000_000),
    "UInt8": (0, 200),
    "UInt16": (0, 60_000),
    "UInt32": (0, 4_000_000_000),
    "UInt64": (0, 10**15),
    "Date": _DAYS,
    "Datetime": _DAYS,
    "Time": (time(0), time(23)),
}
_WIDE = (-(10**15), 10**15)


@dataclass(frozen=True, slots=True)
class Cast:
    """An expression with casts that do not stop the rest.

    Attributes:
        value: The expression; a cast that fails gives null in it.
        failed: Whether its outcome hangs on a cast that failed; ``None`` if it has no cast.
        reads: The column that the first cast reads, for messages.
        whole: What each cast to whole numbers reads, and what it makes of it.
    """

    value: pl.Expr
    failed: pl.Expr | None = None
    reads: str | None = None
    whole: tuple[tuple[pl.Expr, pl.Expr], ...] = ()


def lenient(expression: pl.Expr) -> Cast:
    """The expression, so that a value that a cast cannot read costs its own row only."""
    tree = tree_of(expression)
    found = [*casts_in(tree)]
    if not found:
        return Cast(expression)
    value = _lenient(tree)
    failed: list[pl.Expr] = []
    for strict in sorted({one.strict for one in found}):
        ends = [_lenient(tree, strict=strict, end=end) for end in (0, 1)]
        # Of ``CAST`` every change of the outcome counts; ``TRY_CAST`` was told to give null.
        if strict:
            failed += [value.ne_missing(one) for one in ends]
        else:
            failed += [value.is_null() & one.is_not_null() for one in ends]
    names = (name for one in found for name in sorted(expression_of(one.reads).meta.root_names()))
    whole = tuple(
        (_lenient(one.reads), _lenient(one.node))
        for one in found
        if one.into.startswith(("Int", "UInt"))
    )
    return Cast(value, pl.any_horizontal(failed), next(names, None), whole)


def _lenient(tree: Node, *, strict: bool | None = None, end: int = 0) -> pl.Expr:
    """The expression with casts that do not stop; of one kind with an end where they fail."""
    return expression_of(_grown(tree, strict, end))


def _grown(node: Node, strict: bool | None, end: int) -> Node:
    if isinstance(node, list):
        return [_grown(child, strict, end) for child in children(node)]
    if not isinstance(node, dict):
        return node
    fields = cast("dict[str, Any]", node)
    found = as_cast(fields)
    grown = {name: _grown(child, strict, end) for name, child in fields.items()}
    if found is None:
        return grown
    if "Cast" in grown:
        grown["Cast"]["options"] = "NonStrict"
    else:
        grown["Function"]["function"]["StringExpr"]["Strptime"][1]["strict"] = False
    if found.strict is not strict:
        return grown
    read, value = _lenient(found.reads, strict=strict, end=end), expression_of(grown)
    said = read.cast(pl.String, strict=False).str.strip_chars() != ""
    filled = (
        pl.when(value.is_null() & said)
        .then(pl.lit(_ENDS.get(found.into, _WIDE)[end]))
        .otherwise(value)
    )
    return tree_of(filled)
