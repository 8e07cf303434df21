"""What Recurly's subscriptions cost before their history begins, by the lines of their invoices."""

import polars as pl

from perdura.sources.connectors.cells import minor_units
from perdura.sources.connectors.lookups import looked_up
from perdura.sources.connectors.recurly.prices import months_between, with_months
from perdura.sources.staged import FILE, ROW_IN_FILE

_RECURRING = ("plan", "add_on")
#: Whether a line bills a whole period of a plan, before the history of its subscription begins.
_RECURS = pl.all_horizontal(
    pl.col("type") == "charge",
    pl.col("origin").is_in(_RECURRING),
    pl.col("end_date").is_not_null(),
    ~pl.col("refund").fill_null(value=False),
    pl.col("proration_rate").is_null() | (pl.col("proration_rate") == 1),
    pl.col("created_at") < pl.col("oldest"),
    pl.int_range(pl.len()).over("id") == 0,
).fill_null(value=False)
_BILL = ("subscription_id", "invoice_id")


def billed(lines: pl.LazyFrame, plans: pl.LazyFrame, history: pl.LazyFrame) -> pl.LazyFrame:
    """One row per line; the first of each subscription's lines of a bill has what all cost a month.

    ``changes`` says whether the row tells an event: the bill is older than the history of its
    subscription, and another price than the bill before.

    Args:
        lines: ``line_item_history``.
        plans: ``plan_history``.
        history: ``subscription_history``.
    """
    oldest = history.group_by("id").agg(pl.col("updated_at").min().alias("oldest"))
    once = with_months(lines, plans).sort("created_at", "id", "updated_at", FILE, ROW_IN_FILE)
    of_period = months_between(pl.col("start_date"), pl.col("end_date"))
    rows = looked_up(once, oldest, "subscription_id", "id").with_columns(
        pl.coalesce("months", of_period).alias("months"), pl.col(*_BILL).fill_null("")
    )
    net = pl.col("subtotal") - pl.col("discount").fill_null(0)
    monthly = pl.when("recurs").then(net / pl.col("months")).sum().over(_BILL)
    bills = rows.with_columns(recurs=_RECURS).with_columns(
        mrr=minor_units(monthly, pl.col("currency")),
        leads=pl.col("recurs") & (pl.col("recurs").cum_sum().over(_BILL) == 1),
    )
    leading = bills.filter("leads").select(
        FILE,
        ROW_IN_FILE,
        differs=pl.any_horizontal(
            pl.col(name).ne_missing(pl.col(name).shift().over("subscription_id"))
            for name in ("mrr", "plan")
        ),
    )
    joined = bills.join(leading, on=[FILE, ROW_IN_FILE], how="left", maintain_order="left")
    return joined.select(
        pl.col("subscription_id").replace("", None),
        *("account_id", "created_at", "plan", "months", "quantity", "mrr", "currency"),
        pl.col("differs").fill_null(value=False).alias("changes"),
        FILE,
        ROW_IN_FILE,
    )
