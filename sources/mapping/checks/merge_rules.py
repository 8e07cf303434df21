"""Merges that cannot all hold: into itself, in a circle, or of one account into two at one moment.

Which rows these are only a look at all merges shows. The one known first counts.
"""

from dataclasses import replace
from datetime import datetime

import polars as pl

from perdura.sources.events import MERGES, EventTable
from perdura.sources.mapping.files.lines import ROW
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
        table: Their table; events of others than merges stay as they are.
        ranges: What the source gives.
        landed: What other days' files hold: that holds, whatever it says.
        held: What this day's file holds.
    """
    if table is not MERGES:
        return ranges
    stored = [events.select(_MERGE) for events in (landed, held) if events is not None]
    accepted = pl.concat(stored).unique().sort(_MERGE).collect().rows() if stored else []
    given = pl.concat(ranges.found).filter(pl.col("rule").is_null())
    merges = given.select("known_at", *_MERGE, ORIGIN, ROW).sort(pl.all()).collect()
    rules = pl.Series(_REFUSED, _rules(merges.select(_MERGE).rows(), accepted), pl.String)
    refused = merges.select(*_MERGE, ORIGIN, ROW, rules).drop_nulls(_REFUSED).lazy()
    own, rule = [*_MERGE, ORIGIN, ROW], pl.coalesce("rule", _REFUSED).alias("rule")
    ruled = (
        found.join(refused, on=own, how="left", maintain_order="left") for found in ranges.found
    )
    return replace(ranges, found=tuple(one.with_columns(rule).drop(_REFUSED) for one in ruled))


def _rules(merges: list[_Merge], accepted: list[_Merge]) -> list[str | None]:
    """The rule that each merge breaks beside those before it; ``None`` if it holds."""
    holds, rules = set(accepted), list[str | None]()
    into = {merged: (kept, when) for when, merged, kept in accepted}
    for merge in merges:
        rule = None if merge in holds else _rule(merge, into)
        when, merged, kept = merge
        if rule is None and (merged not in into or into[merged][1] <= when):
            into[merged] = kept, when
        rules.append(rule)
    return rules


def _rule(merge: _Merge, into: dict[str, tuple[str, datetime]]) -> str | None:
    when, merged, kept = merge
    if merged == kept:
        return INTO_ITSELF
    # At another moment it is a correction: the last word counts.
    if merged in into and into[merged][0] != kept and into[merged][1] == when:
        return TWICE
    seen, last = {merged}, kept
    while last in into and last not in seen:
        seen.add(last)
        last = into[last][0]
    return IN_CIRCLE if last == merged else None
