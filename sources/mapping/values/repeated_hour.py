"""Where clocks were put back, a time of that hour may be two moments: the order of things decides.

The later one is taken, so that nothing seems known too early. A ticket opened at 02:50 and solved
at 02:10 was opened in the first of the two hours.
"""

import polars as pl

from perdura.sources.events import EventTable

#: How far clocks were put back between the two moments that a time may be; null for all others.
PUT_BACK = "put back"

#: What a subscription, a payment or a ticket begins with.
_OPENINGS = ("trial_started", "started", "invoiced", "opened")


def openings_first(table: EventTable, events: pl.DataFrame) -> pl.DataFrame:
    """The events, of which openings in a repeated hour come before what they opened.

    ``known_at`` stays: nothing is known earlier than the later of the two moments.
    """
    if not table.thing or events[PUT_BACK].null_count() == events.height:
        return events
    back = pl.col(PUT_BACK).is_not_null()
    unsure = events.filter(back, pl.col("kind").is_in(_OPENINGS))
    if unsure.is_empty():
        return events
    thing = ["subscriber_id", table.thing]
    closings = events.filter(~pl.col("kind").is_in(_OPENINGS)).join(unsure, on=thing, how="semi")
    first = closings.group_by(thing).agg(pl.col("happened_at").min().alias("first"))
    # The earliest of what followed may lie before, on its own account: then nothing is to be moved.
    earlier = pl.col("happened_at") - pl.col(PUT_BACK)
    moved = (
        back
        & pl.col("kind").is_in(_OPENINGS)
        & (pl.col("first") < pl.col("happened_at"))
        & (pl.col("first") >= earlier)
    )
    joined = events.join(first, on=thing, how="left", maintain_order="left")
    placed = pl.when(moved).then(earlier).otherwise("happened_at").alias("happened_at")
    return joined.with_columns(placed).drop("first")
