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
    found = _casts(tree)
    if not found:
        return Cast(expression)
    value = _read(_lenient(tree, strict=None, end=0))
    failed = [_failed(tree, value, strict=kind) for kind in sorted({one[0] for one in found})]
    reads = next((name for _, names in found for name in names), None)
    return Cast(value, pl.any_horizontal(failed), reads, tuple(_to_whole(tree)))


def _failed(tree: _Node, value: pl.Expr, *, strict: bool) -> pl.Expr:
    """Of ``CAST`` every change of the outcome counts; ``TRY_CAST`` was told to give null."""
    ends = [_read(_lenient(tree, strict=strict, end=end)) for end in (0, 1)]
    if strict:
        return pl.any_horizontal(value.ne_missing(one) for one in ends)
    return value.is_null() & pl.any_horizontal(one.is_not_null() for one in ends)


def _casts(node: _Node) -> list[tuple[bool, list[str]]]:
    """Whether each cast is strict, and the columns it reads."""
    own: list[tuple[bool, list[str]]] = []
    if (found := _as_cast(node)) is not None:
        own = [(found[1], sorted(_read(found[0]).meta.root_names()))]
    return own + [one for child in _children(node) for one in _casts(child)]


def _to_whole(node: _Node) -> Iterator[tuple[pl.Expr, pl.Expr]]:
    found = _as_cast(node)
    if found is not None and found[2].startswith(("Int", "UInt")):
        read = _read(_lenient(found[0], strict=None, end=0))
        yield read, _read(_lenient(node, strict=None, end=0))
    for child in _children(node):
        yield from _to_whole(child)


def _fields(node: _Node) -> dict[str, Any]:
    return cast("dict[str, Any]", node) if isinstance(node, dict) else {}


def _children(node: _Node) -> list[_Node]:
    if isinstance(node, dict):
        return list(cast("dict[str, _Node]", node).values())
    return cast("list[_Node]", node) if isinstance(node, list) else []


def _as_cast(node: _Node) -> tuple[_Node, bool, str] | None:
    """What a node casts, whether strictly, and to what type; ``None`` if it is no cast."""
    if not isinstance(node, dict):
        return None
    fields = cast("dict[str, Any]", node)
    if inner := fields.get("Cast"):
        dtype: Any = inner["dtype"]
        kind: Any = dtype.get("Literal") if hasattr(dtype, "get") else None
        name = kind if isinstance(kind, str) else next(iter(kind or {"": 0}))
        return None if name == "String" else (inner["expr"], inner["options"] == "Strict", name)
    call = cast("dict[str, Any]", fields.get("Function") or {})
    function = _fields(call.get("function"))
    if "Strptime" in (strings := _fields(function.get("StringExpr"))):
        return call["input"][0], strings["Strptime"][1]["strict"], "Datetime"
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
    inner, was_strict, kind = found
    if "Cast" in grown:
        grown["Cast"]["options"] = "NonStrict"
    else:
        grown["Function"]["function"]["StringExpr"]["Strptime"][1]["strict"] = False
    if was_strict is not strict:
        return grown
    read, value = _read(_lenient(inner, strict=strict, end=end)), _read(grown)
    said = read.cast(pl.String, strict=False).str.strip_chars() != ""
    filled = pl.when(value.is_null() & said).then(_end(kind, end)).otherwise(value)
    return json.loads(filled.meta.serialize(format="json"))


def _end(kind: str, end: int) -> pl.Expr:
    if kind.startswith("Date"):
        return pl.datetime(1700 if end == 0 else 2200, 1, 1)
    if kind == "Time":
        return pl.time(0) if end == 0 else pl.time(23)
    return pl.lit(_ENDS.get(kind, _WIDE)[end])


def _read(tree: _Node) -> pl.Expr:
    return pl.Expr.deserialize(BytesIO(json.dumps(tree).encode()), format="json")
