"""Merges that cannot all hold: into itself, in a circle, or of one account into two at one moment.

Which rows these are only a look at all merges shows. The one known first counts.
"""

from dataclasses import replace
from datetime import datetime

import polars as pl

from perdura.sources.events import MERGES, EventTable
from perdura.sources.mapping.files.reading import ROW
from perdura.sources.mapping.ranges import ORIGIN, Ranges

INTO_ITSELF, IN_CIRCLE, TWICE = "merged_into_itself", "merged_in_circle", "merged_twice"
#: The rules that merges break beside others.
OF_MERGES = (INTO_ITSELF, IN_CIRCLE, TWICE)

_MERGE = ["happened_at", "subscriber_id", "merged_into"]
_Merge = tuple[datetime, str, str]
_REFUSED = "refused"


def without_bad_merges(
    table: EventTable, ranges: Ranges, landed: pl.LazyFrame | None, held: pl.LazyFrame | None
) -> Ranges:
    """The ranges, in which merges that cannot hold beside earlier ones break a rule.

    Args:
        table: Whose events; of others than merges all stay as they are.
        ranges: What the source gives.
        landed: What other days' files hold: that holds, whatever it says.
        held: What this day's file holds.
    """
    if table is not MERGES:
        return ranges
    stored = [each.select(_MERGE) for each in (landed, held) if each is not None]
    accepted = pl.concat(stored).unique().sort(_MERGE).collect().rows() if stored else []
    given = pl.concat(ranges.found).filter(pl.col("rule").is_null())
    told = given.select("known_at", *_MERGE, ORIGIN, ROW).sort(pl.all()).collect()
    rules = pl.Series(_REFUSED, _rules(told.select(_MERGE).rows(), accepted), pl.String)
    refused = told.select(*_MERGE, ORIGIN, ROW, rules).drop_nulls(_REFUSED).lazy()
    return replace(ranges, found=tuple(_with_rules(each, refused) for each in ranges.found))


def _rules(told: list[_Merge], accepted: list[_Merge]) -> list[str | None]:
    """The rule that each merge breaks beside those before it; ``None`` if it holds."""
    holds, rules = set(accepted), []
    into = {merged: (kept, at) for at, merged, kept in accepted}
    for each in told:
        rule = None if each in holds else _rule(each, into)
        at, merged, kept = each
        if rule is None and (merged not in into or into[merged][1] <= at):
            into[merged] = kept, at
        rules.append(rule)
    return rules


def _rule(merge: _Merge, into: dict[str, tuple[str, datetime]]) -> str | None:
    at, merged, kept = merge
    if merged == kept:
        return INTO_ITSELF
    # At another moment it is a correction: the last word counts.
    if merged in into and into[merged][0] != kept and into[merged][1] == at:
        return TWICE
    seen, last = {merged}, kept
    while last in into and last not in seen:
        seen.add(last)
        last = into[last][0]
    return IN_CIRCLE if last == merged else None


def _with_rules(found: pl.LazyFrame, refused: pl.LazyFrame) -> pl.LazyFrame:
    joined = found.join(refused, on=[*_MERGE, ORIGIN, ROW], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("rule", _REFUSED).alias("rule")).drop(_REFUSED)
