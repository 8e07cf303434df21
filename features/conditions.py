"""What the condition of a feature may ask of a row: refused in words where no row can answer it."""

from __future__ import annotations

import re
from difflib import get_close_matches

import polars as pl

from perdura.sources.events import EventTable

#: How Polars writes what reads more than the row at hand: aggregates and windows.
_NOT_BY_ROW = re.compile(
    r"(?<!list)(?<!arr)\.(sum|mean|median|min|max|count|first|last|std|var|n_unique|quantile|over"
    r"|shift|cum_\w+|rank)\(|(?<![.\w])len\(\)"
)
#: Kinds that a condition names, on either side of a comparison or in a list.
_KIND = re.compile(
    r"""(?ix) \b"?kind"?\s*(?:=|==|<>|!=)\s*'(?P<right>[^']*)'
    | '(?P<left>[^']*)'\s*(?:=|==|<>|!=)\s*"?kind"?\b
    | \b"?kind"?\s+(?:not\s+)?in\s*\((?P<some>[^)]*)\)"""
)
_REFUSES = re.compile(r"(?i)<>|!=|\bnot\s+in\b")
_QUOTED = re.compile(r"'([^']*)'")


class BadFeature(ValueError):
    """A feature asks what its table cannot tell: it would be zero or unknown for each row."""


def check_condition(feature: str, table: EventTable, condition: str) -> None:
    """Nothing, if rows of the table can answer the condition one by one.

    Raises:
        BadFeature: It is no SQL, names a column or kind that the table has not, asks of many rows
            at once, or is neither true nor false.
    """
    refused = f"feature {feature!r} counts rows of {table.name} where {condition!r}"
    kinds = [kind for match in _KIND.finditer(condition) for kind in _named(match)]
    for kind in kinds:
        if table.kinds and kind not in table.kinds:
            raise BadFeature(
                f"{refused}; {table.name} have no kind {kind!r}{_meant(kind, table.kinds)}"
            )
    try:
        expression = pl.sql_expr(condition)
        names = sorted(set(expression.meta.root_names()))
    except pl.exceptions.PolarsError as error:
        why = str(error).partition("\n")[0]
        raise BadFeature(f"{refused}, which is no condition in SQL ({why})") from None
    columns = readable_columns(table)
    for name in names:
        if name not in columns:
            raise BadFeature(
                f"{refused}; {table.name} have no column {name!r}{_meant(name, columns)}"
            )
    if _NOT_BY_ROW.search(re.sub(r"\"[^\"]*\"", '""', str(expression))):
        raise BadFeature(
            f"{refused}, which looks at many rows at once; a condition asks one row at a time. "
            "Measure the aggregate as a feature of its own, and compare columns in a Derived"
        )
    _refuse_other_types(refused, columns, expression)


def check_column(feature: str, table: EventTable, column: str | None, *, number: bool) -> None:
    """Nothing, if the table has the column that is measured, and numbers in it if need be.

    Raises:
        BadFeature: It has not.
    """
    if column is None:
        return
    columns = readable_columns(table)
    if column not in columns:
        raise BadFeature(
            f"feature {feature!r} measures column {column!r} of {table.name}, which have none"
            f"{_meant(column, columns)}"
        )
    if number and not (columns[column].is_numeric() or columns[column] == pl.Boolean):
        raise BadFeature(
            f"feature {feature!r} adds up or compares column {column!r} of {table.name}, which "
            f"holds {columns[column]} and no numbers; count rows, or take its latest value"
        )


def readable_columns(table: EventTable) -> dict[str, pl.DataType]:
    """What conditions and measures may read: the table's columns, and some as they were before."""
    before = {f"{name}_before": table.schema[name] for name in table.previous}
    return {**table.schema, **before}


def _refuse_other_types(refused: str, columns: dict[str, pl.DataType], expression: pl.Expr) -> None:
    try:
        answered = pl.LazyFrame(schema=columns).select(it=expression).collect().schema["it"]
    except pl.exceptions.PolarsError as error:
        why = str(error).partition("\n")[0]
        raise BadFeature(f"{refused}, which cannot be asked ({why})") from None
    if not isinstance(answered, pl.Boolean | pl.Null):
        raise BadFeature(f"{refused}, which is {answered} and neither true nor false")


def kinds_counted(table: EventTable, condition: str) -> tuple[str, ...]:
    """Kinds of which rows may fulfil a condition, in the table's order; empty: any kind may.

    A kind counts where the condition says that it is one, or that it is not another.
    """
    said = [(match[0], _named(match)) for match in _KIND.finditer(condition)]
    refused = {kind for text, kinds in said if _REFUSES.search(text) for kind in kinds}
    wanted = {kind for text, kinds in said if not _REFUSES.search(text) for kind in kinds}
    if not wanted | refused:
        return ()
    return tuple(kind for kind in table.kinds if kind in (wanted or {*table.kinds} - refused))


def _named(match: re.Match[str]) -> list[str]:
    """The kinds that one comparison names."""
    if match["some"] is not None:
        return _QUOTED.findall(match["some"])
    return [kind for kind in (match["right"] or match["left"],) if kind is not None]


def _meant(name: str, known: dict[str, pl.DataType] | tuple[str, ...]) -> str:
    close = get_close_matches(name.lower(), list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
