"""By which of several keys a row's subscriber is known: ``COALESCE(external_id, customer_id)``."""

import re

import polars as pl

from perdura.sources.mapping.columns import ColumnRequest
from perdura.sources.mapping.sections import Value
from perdura.sources.mapping.values.conversion import blank_as_null

_COALESCE = re.compile(r"\s*COALESCE\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)


def keys_met(request: ColumnRequest, kept: pl.LazyFrame, subscriber_id: Value) -> str | None:
    """How many rows are met by each key, the first that is there; ``None`` if there is but one."""
    found = _COALESCE.fullmatch(str(subscriber_id))
    keys = _arguments(found[1]) if found else []
    if len(keys) < 2:
        return None
    values = {key: request.scope.compile("subscriber_id", key) for key in keys}
    schema = kept.select(value.alias(key) for key, value in values.items()).collect_schema()
    is_there = {
        key: blank_as_null(value, schema[key]).is_not_null() for key, value in values.items()
    }
    first = pl.coalesce(
        *(pl.when(there).then(pl.lit(number)) for number, there in enumerate(is_there.values()))
    )
    counts = dict(kept.group_by(first.alias("key")).len().collect(engine="streaming").iter_rows())
    met = [f"{counts.get(number, 0):,} by {key}" for number, key in enumerate(keys)]
    return f"subscriber_id: rows met {', '.join(met)}, {counts.get(None, 0):,} by none"


def _arguments(sql: str) -> list[str]:
    """What stands between the commas outside of parentheses and quotation marks.

    Nothing where a parenthesis ends that did not begin: ``COALESCE(a, b) || COALESCE(c, d)``.
    """
    arguments, depth, quote = [""], 0, ""
    for sign in sql:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "," and not depth:
            arguments.append("")
            continue
        depth += (not quote) * ((sign == "(") - (sign == ")"))
        if depth < 0:
            return []
        arguments[-1] += sign
    return [argument.strip() for argument in arguments]
