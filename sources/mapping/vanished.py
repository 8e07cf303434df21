"""What landed and is given no longer: how much, and what follows where it was told otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from perdura.sources.events import EventTable
from perdura.sources.inferred import not_inferred
from perdura.sources.landing.files import identity
from perdura.sources.versions import key


@dataclass(frozen=True, slots=True)
class Vanished:
    """Landed events of other days that the source gives no longer.

    Attributes:
        count: How many.
        oldest: The oldest of them, no row if there is none: ``happened_at``, ``kind``, ``thing``.
        moved: Of how many the same thing gives others now, that were due before.
    """

    count: int
    oldest: pl.DataFrame
    moved: int = 0


def vanished(
    table: EventTable,
    landed: pl.LazyFrame | None,
    given: pl.LazyFrame,
    due: pl.DataFrame | None = None,
) -> Vanished:
    """What landed of which no version is given; what was inferred was never given.

    Args:
        table: Their table.
        landed: What landed on other days; ``None`` where all of it is given.
        given: What the source gives.
        due: What it gives that should have landed before; ``None`` where that does not matter.
    """
    if landed is None:  # mostly: all of it is given
        landed, given = (pl.LazyFrame(schema=table.schema) for _ in range(2))
    on = key(table) or identity(table)
    rows = not_inferred(table, landed).join(given.select(on), on=on, how="anti", nulls_equal=True)
    thing = pl.col(table.thing) if table.thing else pl.lit(None, pl.String)
    columns = ("happened_at", "kind", thing.alias("thing"))
    same = ["subscriber_id", table.thing or "kind"]
    others = rows.head(0) if due is None else due.lazy().select(same)
    count, oldest, moved = pl.collect_all(
        [
            rows.select(pl.len()),
            rows.select(columns).sort("happened_at", "kind", "thing").head(1),
            rows.join(others, on=same, how="semi", nulls_equal=True).select(pl.len()),
        ],
        engine="streaming",
    )
    return Vanished(count.item(), oldest, moved.item())


def reverted(
    table: EventTable, landed: pl.LazyFrame, unsure: pl.LazyFrame, given: pl.LazyFrame
) -> pl.DataFrame:
    """Events given that landed once, were told otherwise later, and are told as before again.

    Of each the newest version that landed is given no longer, and no other is new.

    Args:
        table: Their table.
        landed: What has landed.
        unsure: The part of it that may be given no longer.
        given: What the source gives.
    """
    own, known = identity(table), pl.col("known_at").max()
    none = given.head(0).collect()
    if not table.thing or unsure.head(1).collect().is_empty():
        return none
    gone = not_inferred(table, unsure).join(given.select(own), on=own, how="anti", nulls_equal=True)
    gone = gone.collect(engine="streaming")
    if gone.is_empty():  # mostly; what follows takes long
        return none
    was = gone.lazy().group_by(key(table)).agg(otherwise=known)
    landed, given_again = (rows.join(was, on=key(table), how="semi") for rows in (landed, given))
    again = (
        landed.join(given_again.select(own), on=own, how="semi", nulls_equal=True)
        .group_by(own)
        .agg(known)
        .join(was, on=key(table), how="inner")
    )
    # Any version that is given and is not older than what vanished is what counts already.
    last = pl.col("known_at").max().over(key(table))
    older = again.filter(last < pl.col("otherwise"), pl.col("known_at") == last).select(own)
    new = given_again.join(landed, on=own, how="anti", nulls_equal=True).select(key(table))
    back = older.join(new, on=key(table), how="anti")
    given_again = given.join(back, on=own, how="semi", nulls_equal=True, maintain_order="left")
    return given_again.collect()


def example(found: Sequence[Vanished]) -> str:
    """The oldest event of several ranges in words; nothing where none vanished."""
    rows = pl.concat([one.oldest for one in found]).sort("happened_at", "kind", "thing")
    if rows.is_empty():
        return ""
    happened, kind, thing = rows.row(0)
    thing_words = f" of {thing}" if thing else ""
    return f"{kind}{thing_words}, {happened:%Y-%m-%d %H:%M} UTC"
