"""Things of one kind read from their source, and set aside; rows that cannot be read apart."""

from pathlib import Path

import polars as pl

from perdura.sources.connectors.zendesk.objects import ObjectKind
from perdura.sources.connectors.zendesk.values import as_kind
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

#: How many of the rows that cannot be read are kept as they stand; the others are only counted.
_KEPT_TEXTS = 10_000


def set_aside(
    kind: ObjectKind, rows: pl.LazyFrame, file: Path, where: pl.Expr | None = None
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """The rows with the kind's ``schema``, written as Parquet, and those that cannot be read.

    Args:
        kind: What the rows are.
        rows: The kind's columns as they were exported, ``FILE`` and ``ROW_IN_FILE``.
        file: Where they are set aside.
        where: Which rows tell an event at all, over the columns as read.
    """
    read = rows.select(
        *(as_kind(pl.col(name), how).alias(name) for name, how in kind.columns.items()),
        pl.col(FILE).cast(pl.String),
        pl.col(ROW_IN_FILE).cast(pl.UInt32),
    )
    lacks = pl.any_horizontal(pl.col(name).is_null() for name in kind.required)
    if where is not None:
        read = read.filter(where.fill_null(value=True) | lacks)
    read.sink_parquet(file, row_group_size=128_000)
    found = pl.scan_parquet(file, glob=False)
    broken = found.filter(lacks).select(FILE, ROW_IN_FILE).collect()
    if broken.is_empty():
        return found, pl.DataFrame(schema=BROKEN_ROWS)
    return found.filter(~lacks), _as_written(kind, rows, broken)


def _as_written(kind: ObjectKind, rows: pl.LazyFrame, broken: pl.DataFrame) -> pl.DataFrame:
    """The broken rows with the rule each breaks and the values that it should have."""
    places = broken.head(_KEPT_TEXTS).lazy()
    names = list(kind.required)
    texts = rows.select(*(pl.col(name).cast(pl.String) for name in names), FILE, ROW_IN_FILE).join(
        places, on=[FILE, ROW_IN_FILE], how="semi"
    )
    known = texts.select(
        _rule(kind).alias("rule"),
        pl.col(FILE),
        pl.col(ROW_IN_FILE),
        pl.struct(names).struct.json_encode().alias("text"),
    ).collect()
    others = broken.slice(_KEPT_TEXTS).select(
        pl.lit("bad_type").alias("rule"), FILE, ROW_IN_FILE, pl.lit(None, pl.String).alias("text")
    )
    return pl.concat([known.cast(BROKEN_ROWS), others.cast(BROKEN_ROWS)])


def _rule(kind: ObjectKind) -> pl.Expr:
    """Of the columns that are needed the first that is blank, or says nothing of its kind."""
    rule = pl.lit("bad_type")
    for name in reversed(kind.required):
        text, how = pl.col(name), kind.columns[name]
        blank = text.str.strip_chars().fill_null("") == ""
        misfits = as_kind(text, how).is_null()
        odd = pl.lit("unparseable_time" if how == "time" else "bad_type")
        rule = (
            pl.when(blank).then(pl.lit("missing_required")).when(misfits).then(odd).otherwise(rule)
        )
    return rule
