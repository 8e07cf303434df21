"""Rows that are read only when they change: none may hold an event that is to come."""

from datetime import datetime

import polars as pl

from perdura.sources.mapping.candidates import CandidateEvents
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.files.part import BadSource
from perdura.sources.mapping.values.conversion import parsed
from perdura.sources.staged import WATERMARK


def refuse_lost(found: CandidateEvents, until: datetime) -> None:
    """Nothing, if every event that is left for later will be read again.

    Raises:
        BadSource: A row holds an event that becomes known long after the row last changed.
    """
    source, frame = found.source, found.part.frame
    if source.watermark is None:
        return
    later = found.events.filter(pl.col("rule").is_null(), pl.col("known_at") >= until)
    mark = parsed(pl.col(WATERMARK), frame.collect_schema()[WATERMARK], source, until)
    changed = frame.select(ROW, mark.struct.field("moment").alias("changed"))
    rows = later.select(ROW, "known_at").join(changed, on=ROW, how="left")
    lost = rows.filter(pl.col("known_at") > pl.col("changed") + source.overlap)
    count, first = lost.select(pl.len(), pl.col(ROW).min()).collect(engine="streaming").row(0)
    if count:
        raise BadSource(
            f"{found.part.file}: {count:,} events are still to come, the first in row {first:,}, "
            f"and by watermark = {source.watermark!r} their rows would not be read again; write "
            "the latest of their times, as watermark = 'GREATEST(updated_at, ends_at)', or leave "
            "watermark out"
        )
