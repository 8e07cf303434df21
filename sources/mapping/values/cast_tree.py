"""Casts in an expression of Polars, as its serialised form has them: a tree of JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import polars as pl

#: A part of the tree: an object, a list or a value.
Node = Any


def tree_of(expression: pl.Expr) -> Node:
    """The expression as a tree; ``expression_of`` is its inverse."""
    return json.loads(expression.meta.serialize(format="json"))


def expression_of(tree: Node) -> pl.Expr:
    """The expression that a tree stands for."""
    return pl.Expr.deserialize(BytesIO(json.dumps(tree).encode()), format="json")


@dataclass(frozen=True, slots=True)
class CastNode:
    """A node of the tree that is a cast: what it reads, whether strictly, and into what type."""

    node: Node
    reads: Node
    strict: bool
    into: str


def casts_in(node: Node) -> Iterator[CastNode]:
    """The casts of a tree, outer ones first."""
    if found := as_cast(node):
        yield found
    for child in children(node):
        yield from casts_in(child)


def children(node: Node) -> list[Node]:
    """The parts of an object or a list; none of a value."""
    if isinstance(node, dict):
        return list(cast("dict[str, Node]", node).values())
    return cast("list[Node]", node) if isinstance(node, list) else []


def as_cast(node: Node) -> CastNode | None:
    """The cast that a node is; ``None`` if it is none, or one to text, which never fails."""
    match node:
        case {"Cast": {"expr": reads, "dtype": dtype, "options": options}}:
            kind: Any = dtype.get("Literal") if hasattr(dtype, "get") else None
            name = kind if isinstance(kind, str) else next(iter(kind or {"": 0}))
            return None if name == "String" else CastNode(node, reads, options == "Strict", name)
        case {
            "Function": {
                "input": [reads, *_],
                "function": {"StringExpr": {"Strptime": [_, {"strict": strict}, *_]}},
            }
        }:
            return CastNode(node, reads, strict, "Datetime")
        case _:
            return None
