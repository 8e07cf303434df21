"""SQL casts that fail give no value, and a row is refused if its outcome hangs on one.

Polars stops at the first value that a ``CAST`` cannot read, even of a branch that is not taken.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import polars as pl

_Node = Any
_Fill = Callable[[pl.Expr, pl.Expr], pl.Expr]

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
    written = expression.meta.serialize(format="json")
    if '"Strict"' not in written and '"NonStrict"' not in written and '"Strptime"' not in written:
        return Cast(expression)
    tree = json.loads(written)
    found = [*_casts(tree)]
    if not found:
        return Cast(expression)
    value = _read(_lenient(tree, strict=None, end=0))
    failed = [_failed(tree, value, strict=kind) for kind in sorted({one.strict for one in found})]
    names = (name for one in found for name in sorted(_read(one.reads).meta.root_names()))
    whole = tuple(
        (
            _read(_lenient(one.reads, strict=None, end=0)),
            _read(_lenient(one.node, strict=None, end=0)),
        )
        for one in found
        if one.into.startswith(("Int", "UInt"))
    )
    return Cast(value, pl.any_horizontal(failed), next(names, None), whole)


def _failed(tree: _Node, value: pl.Expr, *, strict: bool) -> pl.Expr:
    """Of ``CAST`` every change of the outcome counts; ``TRY_CAST`` was told to give null."""
    ends = [_read(_lenient(tree, strict=strict, end=end)) for end in (0, 1)]
    if strict:
        return pl.any_horizontal(value.ne_missing(one) for one in ends)
    return value.is_null() & pl.any_horizontal(one.is_not_null() for one in ends)


@dataclass(frozen=True, slots=True)
class _CastNode:
    """A node of the tree that is a cast: what it reads, whether strictly, and into what type."""

    node: _Node
    reads: _Node
    strict: bool
    into: str


def _casts(node: _Node) -> Iterator[_CastNode]:
    """The casts of a tree, outer ones first."""
    if found := _as_cast(node):
        yield found
    for child in _children(node):
        yield from _casts(child)


def _children(node: _Node) -> list[_Node]:
    if isinstance(node, dict):
        return list(cast("dict[str, _Node]", node).values())
    return cast("list[_Node]", node) if isinstance(node, list) else []


def _as_cast(node: _Node) -> _CastNode | None:
    """The cast that a node is; ``None`` if it is none, or one to text, which never fails."""
    match node:
        case {"Cast": {"expr": reads, "dtype": dtype, "options": options}}:
            kind: Any = dtype.get("Literal") if hasattr(dtype, "get") else None
            name = kind if isinstance(kind, str) else next(iter(kind or {"": 0}))
            return None if name == "String" else _CastNode(node, reads, options == "Strict", name)
        case {
            "Function": {
                "input": [reads, *_],
                "function": {"StringExpr": {"Strptime": [_, {"strict": strict}, *_]}},
            }
        }:
            return _CastNode(node, reads, strict, "Datetime")
        case _:
            return None


def _lenient(node: _Node, *, strict: bool | None, end: int) -> _Node:
    """The tree with casts that do not stop; of one kind with an end where they fail."""
    if isinstance(node, list):
        return [_lenient(child, strict=strict, end=end) for child in _children(node)]
    if not isinstance(node, dict):
        return node
    fields = cast("dict[str, Any]", node)
    found = _as_cast(fields)
    grown = {name: _lenient(child, strict=strict, end=end) for name, child in fields.items()}
    if found is None:
        return grown
    if "Cast" in grown:
        grown["Cast"]["options"] = "NonStrict"
    else:
        grown["Function"]["function"]["StringExpr"]["Strptime"][1]["strict"] = False
    if found.strict is not strict:
        return grown
    read, value = _read(_lenient(found.reads, strict=strict, end=end)), _read(grown)
    said = read.cast(pl.String, strict=False).str.strip_chars() != ""
    filled = pl.when(value.is_null() & said).then(_end(found.into, end)).otherwise(value)
    return json.loads(filled.meta.serialize(format="json"))


def _end(kind: str, end: int) -> pl.Expr:
    if kind.startswith("Date"):
        return pl.datetime(1700 if end == 0 else 2200, 1, 1)
    if kind == "Time":
        return pl.time(0) if end == 0 else pl.time(23)
    return pl.lit(_ENDS.get(kind, _WIDE)[end])


def _read(tree: _Node) -> pl.Expr:
    return pl.Expr.deserialize(BytesIO(json.dumps(tree).encode()), format="json")
