"""What the fields of a ticket hold at each moment of its time line, and held before."""

import polars as pl

#: Zendesk's priorities, from the least.
PRIORITIES = ("low", "normal", "high", "urgent")
#: Fields that hold texts, and ids; what stands for one that was emptied, where null is "as before".
TEXTS, EMPTIED = ("status", "priority", "type"), ""
IDS, NONE = ("assignee_id", "requester_id", "organization_id"), 0

_RANKS = {name: rank for rank, name in enumerate(PRIORITIES, start=1)}
_WORD = pl.col("rating").str.to_lowercase().str.extract(r"^(good|bad)")
_NUMBER = pl.col("rating").str.extract(r"^([1-5])(?:\.0+)?$").cast(pl.Float64)
#: 1 to 5: of good and bad, with or without a comment, 5 and 1; numbers of surveys as told.
_SCORE = _WORD.replace_strict(
    {"good": 5.0, "bad": 1.0}, default=None, return_dtype=pl.Float64
).fill_null(_NUMBER)


def as_of_then(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Sorted rows with what the fields of the ticket hold by then, and held before.

    A row that sets nothing takes over what the row above has; the first row of a ticket, which has
    none above, is filled with what stands for nothing, so that no ticket takes over another's.
    """
    rank = pl.col("priority").replace_strict(_RANKS, default=None, return_dtype=pl.UInt8)
    starts = (pl.col("ticket_id") != pl.col("ticket_id").shift(1)).fill_null(value=True)
    new = rows.with_columns(
        starts=starts, new_status="status", new_rank=rank, new_score=_SCORE
    ).with_columns(rank="new_rank", score="new_score")
    nothing = {**dict.fromkeys(TEXTS, EMPTIED), **dict.fromkeys(IDS, NONE), "rank": 0, "score": 0.0}
    held = new.with_columns(
        pl.when(pl.col("starts") & pl.col(name).is_null())
        .then(pl.lit(nothing_yet))
        .otherwise(name)
        .forward_fill()
        .alias(name)
        for name, nothing_yet in nothing.items()
    )
    return held.with_columns(
        pl.when(~pl.col("starts")).then(pl.col(name).shift(1)).alias(f"{name}_before")
        for name in ("status", "rank", "score")
    )
