"""What looks odd about the values of a file and is no fault of a row: notes of the report."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from perdura.sources.counted import counted, either
from perdura.sources.events import EventTable
from perdura.sources.mapping.columns import ColumnRequest, Expressions
from perdura.sources.mapping.values.ids import (
    has_float_within,
    is_id,
    may_be_odd,
    may_be_power,
    was_float,
)
from perdura.sources.mapping.values.meaning import MONEY, says_nothing
from perdura.sources.mapping.values.number_marks import collect_counts

_ODD = "odd"


def odd_values(
    request: ColumnRequest, kept: pl.LazyFrame, kinds: Sequence[Expressions]
) -> tuple[str, ...]:
    """One sentence for each oddity of the rows that may hold events."""
    counted = _counted(request, kept, kinds)
    # Mostly nothing is odd, which is quicker to see than to count.
    looked = collect_counts(kept, {key: count for key, count in counted.items() if key[1] == _ODD})
    odd = {column for column, many in looked.items() if many[_ODD]}
    found = collect_counts(kept, {key: count for key, count in counted.items() if key[0] in odd})
    notes = (_sentence(column, what, many) for column, many in found.items() for what in _SENTENCES)
    return tuple(note for note in notes if note)


def _counted(
    request: ColumnRequest, kept: pl.LazyFrame, kinds: Sequence[Expressions]
) -> dict[tuple[str, str], pl.Expr]:
    """What is counted of each column, by its name; and whether there is anything to be counted."""
    counted: dict[tuple[str, str], pl.Expr] = {}
    for name, sql in dict.fromkeys((name, sql) for event in kinds for name, sql in event.items()):
        if isinstance(sql, str) and not (name in MONEY and sql in request.in_whole_units):
            value = request.scope.compile(name, sql)
            dtype = kept.select(value.alias("value")).collect_schema()["value"]
            column = sql if sql in request.scope.columns else name
            many = _of_column(request.table, name, value, dtype)
            many |= _of_casts(request, kept, name, sql)
            counted |= {(column, what): count for what, count in many.items()}
    return counted


def _of_column(
    table: EventTable, name: str, value: pl.Expr, dtype: pl.DataType
) -> dict[str, pl.Expr]:
    if not (dtype == pl.String or dtype.is_float()):
        return {}
    if is_id(name):
        return {
            _ODD: may_be_odd(value, dtype).any(),
            "floats": was_float(value, dtype).sum(),
            "within": has_float_within(value, dtype).sum(),
            "powers": may_be_power(value, dtype).sum(),
            "digits": value.cast(pl.String).str.contains("^[0-9]+$").sum(),
            "ids": value.count(),
        }
    if table.schema[name] == dtype == pl.String and name != "kind":
        nothing = says_nothing(value)
        words = value.filter(nothing).unique().sort().head(5).implode()
        return {_ODD: nothing.any(), "nothing": nothing.sum(), "words": words}
    if name in MONEY:
        number = value.cast(pl.Float64, strict=False)
        parts = (number - number.round()).abs() > 1e-6
        return {_ODD: parts.any(), "amounts": number.count(), "parts": parts.sum()}
    return {}


def _of_casts(
    request: ColumnRequest, kept: pl.LazyFrame, name: str, sql: str
) -> dict[str, pl.Expr]:
    """How many values lose decimals where a cast makes them whole: 19.99 * 100 is 1998.99..."""
    cast = request.scope.cast(name, sql)
    cut = [
        read != made
        for read, made in cast.whole
        if kept.select(read.alias("read")).collect_schema()["read"].is_float()
    ]
    if not cut:
        return {}
    lossy = pl.any_horizontal(cut)
    return {_ODD: lossy.any(), "cut": lossy.sum(), "values": cast.value.count()}


#: By what is counted: the words with one and with many, and the sentence they stand in.
_SENTENCES = {
    "cut": (
        ("loses", "lose"),
        (
            "{count:,} of {values} of {column} {verb} decimals in a CAST to whole numbers, which "
            "cuts them off: 19.99 * 100 becomes 1998; write ROUND(...) within it"
        ),
    ),
    "floats": (
        ("is a whole number", "are whole numbers"),
        "{ids} in {column} {verb} with .0, such as 17850.0; read without it",
    ),
    "within": (
        ("holds", "hold"),
        (
            "{ids} in {column} {verb} a whole number with .0, such as 17850.0/a; give that column "
            "types = {{ ... = 'integer' }}"
        ),
    ),
    "powers": (
        ("a number", "numbers"),
        (
            "{ids} in {column} may be {verb} in powers of ten, such as 12e5; read as written. "
            "Export ids as text"
        ),
    ),
    "nothing": (
        ("looks", "look"),
        (
            "{own_values} of {column} {verb} like no value: {words}; if that is so write "
            "null_words = [{words}]"
        ),
    ),
    "parts": (
        ("has decimals and is", "have decimals and are"),
        (
            "{count:,} of {amounts} of {column} {verb} rejected; the others are read as minor "
            "units (cents). If all are whole units write types = {{ {column} = 'number' }} and "
            "ROUND({column} * 100)"
        ),
    ),
}


def _sentence(column: str, what: str, many: dict[str, Any]) -> str | None:
    """What is odd about a column by one of its counts; ``None`` if nothing is."""
    count: int = many.get(what) or 0
    codes = what == "powers" and count and many["digits"] * 2 < many["ids"]
    if not count or codes or (what == "parts" and count == many["amounts"]):
        return None
    (one, several), sentence = _SENTENCES[what]
    return sentence.format(
        column=column,
        count=count,
        verb=either(count, one, several),
        ids=counted(count, "id"),
        own_values=counted(count, "value"),
        values=counted(many.get("values", 0), "value"),
        amounts=counted(many.get("amounts", 0), "value"),
        words=", ".join(f"'{word}'" for word in many.get("words", ())),
    )
