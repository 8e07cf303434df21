"""What an extract's report says of Stripe's objects: what was approximated, and how often."""

from collections.abc import Generator

import polars as pl

from perdura.sources.connectors.stripe.frames import NEEDS, Frames
from perdura.sources.counted import counted, either
from perdura.sources.row_count import count_rows


def notes_on(name: str, frames: Frames) -> tuple[str, ...]:
    """Notes on one frame, in words; nothing of what is as usual."""
    makers = {"subscriptions": _on_subscriptions, "plans": _on_plans, "changes": _on_changes}
    own = makers[name](frames) if name in makers else ()
    repeated: list[str] = []
    if name not in {"plans", "changes", "accounts"}:  # these need not repeat what subscriptions say
        kind = NEEDS[name][0]
        alike = frames.raw.repeated.get(kind, 0)
        one = counted(alike, kind.removesuffix("s"))
        repeated = [f"{one} more than once; the last of each counts"] if alike else []
    return (*repeated, *own)


def _on_subscriptions(frames: Frames) -> Generator[str]:
    objects = frames.objects.select(
        never=(pl.col("status").is_in(("incomplete", "incomplete_expired"))).sum(),
        scheduled=pl.col("schedule").is_not_null().sum(),
    ).collect(engine="streaming")
    never, scheduled = objects.row(0)
    paused = count_rows(
        frames.rows("subscriptions").filter(
            pl.col("paused_at").is_not_null() & (pl.col("status") != "paused")
        )
    )
    if earlier := frames.raw.earlier:
        yield f"{counted(earlier, 'row')} with earlier versions of subscriptions not read"
    if never:
        yield (
            f"{counted(never, 'subscription')} {either(never, 'was', 'were')} never paid for "
            "(incomplete): no event"
        )
    if scheduled:
        yield (
            f"{counted(scheduled, 'subscription')} on a schedule; its phases to come are not read"
        )
    if paused:
        yield (
            f"{counted(paused, 'pause')} dated by the last payment before, and known since the "
            "object was read: no object says when it was paused"
        )
    deleted = frames.raw.table("customers").filter(pl.col("deleted").str.to_lowercase() == "true")
    if gone := count_rows(deleted):
        yield (
            f"{counted(gone, 'customer')} {either(gone, 'was', 'were')} deleted; their "
            "subscriptions end when they say"
        )


def _on_plans(frames: Frames) -> Generator[str]:
    read = frames.read.select(
        tiered=pl.col("tiered").sum(),
        blind=(pl.col("tiered") & pl.col("mrr").is_null()).sum(),
        unknown=(pl.col("unknown") > 0).sum(),
    ).collect(engine="streaming")
    tiered, blind, unknown = read.row(0)
    if tiered:
        yield (
            f"{counted(tiered, 'subscription')} with prices in tiers: what the last invoice "
            f"billed is taken for the revenue; of {blind:,} the export has no tiers, so without "
            "an invoice it is unknown (expand tiers of prices)"
        )
    if unknown:
        yield (
            f"{counted(unknown, 'subscription')} with discounts of which nothing is known but an "
            "id, and that do not count; export coupons, and expand discounts"
        )
    rows = [one.select("dated_by") for one in (frames.billed, frames.as_read)]
    yield _dated("prices of subscriptions", pl.concat(rows))


def _on_changes(frames: Frames) -> Generator[str]:
    for kind in ("paused", "resumed", "cancel_scheduled", "cancel_withdrawn"):
        if told := count_rows(frames.changes.filter(kind=kind)):
            yield f"{kind}: {told:,} dated by events"


def _dated(what: str, rows: pl.LazyFrame) -> str:
    counts = dict(rows.group_by("dated_by").len().collect(engine="streaming").iter_rows())
    told = (counts.get(name, 0) for name in ("event", "invoice", "object"))
    event, invoice, read = (f"{count:,}" for count in told)
    return (
        f"{what}: dated by events {event}, by invoices {invoice}, known since the object was read "
        f"{read}"
    )
