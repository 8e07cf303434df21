"""Discounts: what they and their coupons say, and what they leave of an amount."""

import polars as pl

from perdura.sources.connectors.stripe.raw import Raw


def with_coupons(raw: Raw, rows: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """Discounts with what they, or others of their id, or their coupons say."""
    coupons = raw.table("coupons").collect(engine="streaming")
    said = ("coupon", "percent_off", "amount_off", "currency", "duration", "start", "end")
    telling = every.filter(pl.col("coupon").is_not_null() & pl.col("id").is_not_null())
    telling = telling.select("id", *said).unique("id", keep="last")
    full = rows.join(telling, on="id", how="left", suffix="_said").with_columns(
        pl.coalesce(name, f"{name}_said").alias(name) for name in said
    )
    known = coupons.select("percent_off", "amount_off", "currency", "duration", coupon="id").unique(
        "coupon"
    )
    full = full.join(known, on="coupon", how="left", suffix="_of").with_columns(
        pl.coalesce(name, f"{name}_of").alias(name) for name in said[1:5]
    )
    percent, off = (
        pl.col(name).cast(pl.Float64, strict=False) for name in ("percent_off", "amount_off")
    )
    return full.select(
        "owner",
        "id",
        "duration",
        is_over=(pl.col("end") <= pl.col("read_at")).fill_null(value=False),
        position=pl.col("position").cast(pl.Int64, strict=False).fill_null(0),
        percent=percent,
        amount_off=off,
        currency=pl.col("currency").str.to_uppercase(),
        is_known=percent.is_not_null() | off.is_not_null(),
    )


def terms(discounts: pl.DataFrame) -> pl.DataFrame:
    """What discounts that last leave of an amount: ``owner``, ``factor``, ``off``, ``unknown``.

    An amount becomes ``amount * factor - off``, never less than nothing. Those for one invoice
    alone, or that are over, do not count; ``unknown`` is of how many nothing is known.
    """
    once = (pl.col("duration") == "once").fill_null(value=False)
    lasting = discounts.filter(pl.col("owner").is_not_null() & ~once & ~pl.col("is_over"))
    place = pl.col("position")
    kept = (1 - pl.col("percent").fill_null(0) / 100).sort_by(place)
    # What later discounts leave of an amount that an earlier one takes off.
    later = kept.reverse().cum_prod().shift(1, fill_value=1.0).reverse()
    off = pl.col("amount_off").fill_null(0).sort_by(place)
    return lasting.group_by("owner").agg(
        factor=kept.product(),
        off=(off * later).sum(),
        unknown=(~pl.col("is_known")).sum(),
    )
