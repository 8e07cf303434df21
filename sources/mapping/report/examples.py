"""Of each rule that rows broke one row, so that people see what is meant, and what to write."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from perdura.sources.landing.tombstones import FORGOTTEN
from perdura.sources.mapping.checks.merge_rules import OF_MERGES
from perdura.sources.mapping.checks.rules import DUPLICATE, NO_LENGTH
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.plan import MappingPlan
from perdura.sources.mapping.ranges import ORIGIN
from perdura.sources.mapping.report.fault import Fault
from perdura.sources.mapping.report.hints import hint
from perdura.sources.mapping.report.report import Example
from perdura.sources.staged import FILE, ROW_IN_FILE

_LONGEST = 80
#: Rules for which the report names the commonest values.
_SEVERAL = {"unknown_kind", "null_word", "unparseable_time", "bad_type", "bad_currency"}
#: The most rows that values are looked up for.
_ROWS = 100_000


def examples(plan: MappingPlan, lines: pl.DataFrame, broken: pl.DataFrame) -> Iterator[Example]:
    """One example of each rule, by its name.

    Args:
        plan: The table.
        lines: Lines that are no rows; schema ``REJECTED``.
        broken: Events that broke a rule: ``rule``, ``ORIGIN``, ``ROW``.
    """
    counts = dict(
        pl.concat([lines["rule"], broken["rule"]]).value_counts().sort("rule").iter_rows()
    )
    for rule, count in counts.items():
        own = lines.filter(pl.col("rule") == rule)
        if own.is_empty():
            yield Example(count=count, **_of_event(plan, broken, rule))
            continue
        file, row, text = own.select("file", "row", "text").row(0)
        value = None if rule == FORGOTTEN else _short(text)
        words = hint(Fault(rule))
        yield Example(
            rule=rule, count=count, file=file, row=row, column=None, value=value, hint=words
        )


def _of_event(plan: MappingPlan, broken: pl.DataFrame, rule: str) -> dict[str, Any]:
    rows = broken.filter(pl.col("rule") == rule).sort(ORIGIN, ROW)
    origin, row, subscriber_id = rows.select(ORIGIN, ROW, "subscriber_id").row(0)
    found = plan.found[int(origin)]
    one = pl.DataFrame({ROW: [row]}, schema={ROW: pl.UInt32})
    file, own = found.part.located(one).select(FILE, ROW_IN_FILE).row(0)
    common = {"rule": rule, "file": file, "row": own, "column": None, "value": None}
    if rule in {FORGOTTEN, DUPLICATE, NO_LENGTH, *OF_MERGES} or rule in found.source.reject:
        # No single value breaks these: the subscriber's id, unless it was erased, tells the row.
        named = (
            {} if rule == FORGOTTEN else {"column": "subscriber_id", "value": _short(subscriber_id)}
        )
        return {**common, **named, "hint": hint(Fault(rule, plan.table, found.source))}
    same = pl.col("rule") == rule
    fault = found.faults.filter(pl.col(ROW) == row, same).collect(engine="streaming")
    column, value = fault.select("column", "value").row(0) if fault.height else (None, None)
    values = _values(plan, rows, rule) if rule in _SEVERAL else {}
    words = hint(Fault(rule, plan.table, found.source, column, value, values))
    return {**common, "column": column, "value": _short(value), "hint": words}


def _values(plan: MappingPlan, rows: pl.DataFrame, rule: str) -> dict[str, int]:
    """The commonest values that broke the rule, and how many have each."""
    found: list[pl.LazyFrame] = []
    for origin in rows[ORIGIN].unique():
        own = rows.filter(pl.col(ORIGIN) == origin).head(_ROWS).select(pl.col(ROW).unique())
        faults = plan.found[int(origin)].faults.filter(pl.col("rule") == rule)
        schema = faults.collect_schema()
        found.append(
            faults.join(own.lazy().cast({ROW: schema[ROW]}), on=ROW, how="semi").select("value")
        )
    values = pl.concat(found).collect(engine="streaming")["value"]
    counts = values.value_counts().sort(["count", "value"], descending=[True, False])
    return {_short(value) or "": count for value, count in counts.head(5).iter_rows()}


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 1]}…"
