"""Monthly recurring revenue: of subscriptions as they are read, and of what invoices billed.

Recurring items only, metered usage left out; after discounts that last, before tax. Amounts are in
minor units as Stripe counts them.
"""

import polars as pl

from perdura.sources.connectors.stripe.prices import Prices, amounts, rounded, terms
from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.periods import DAYS_A_MONTH

#: What describes a subscription.
DESCRIBED = ("plan", "price", "product", "quantity", "interval_months", "mrr", "currency")


def as_read(raw: Raw, prices: Prices) -> pl.LazyFrame:
    """One row per subscription with items: ``subscription``, ``DESCRIBED``, and more.

    ``items_read_at``; ``tiered``: whether a price in tiers is among them; ``unknown``: how many
    discounts say nothing of what they take off; ``unreadable_item``: the first value that is none.
    """
    subscriptions = raw.table("subscriptions").select(
        "customer", subscription="id", own_currency="currency"
    ).unique("subscription", keep="last")  # fmt: skip
    of_customers = terms(prices.discounts)
    return _described(raw.table("items"), subscriptions, prices, of_customers, of_customers)


def as_logged(raw: Raw, prices: Prices) -> pl.LazyFrame:
    """The same of subscriptions as events show them; ``subscription`` is the event."""
    events = raw.table("logged").select("customer", subscription="id", own_currency="currency")
    items = raw.table("logged_items")
    lasting, of_customers = terms(prices.logged), terms(prices.discounts)
    return _described(items, events.unique("subscription"), prices, lasting, of_customers)


def _described(
    items: pl.LazyFrame,
    subscriptions: pl.LazyFrame,
    prices: Prices,
    lasting: pl.DataFrame,
    of_customers: pl.DataFrame,
) -> pl.LazyFrame:
    deleted = pl.col("deleted").str.to_lowercase() == "true"
    items = items.filter(~deleted.fill_null(value=False) & pl.col("subscription").is_not_null())
    priced = _discounted(amounts(items, prices.prices), "id", lasting)
    monthly = pl.col("left") / pl.col("months")
    licensed = ~pl.col("metered").fill_null(value=False)
    by_subscription = (
        priced.with_columns(monthly=pl.when(licensed).then(monthly).otherwise(0.0))
        .group_by("subscription")
        .agg(
            *_main("plan", "price", "product", "units", "months", "priced_in", by="monthly"),
            monthly=pl.when(~pl.col("monthly").is_null().any()).then(pl.col("monthly").sum()),
            shortest=pl.col("months").filter(licensed).min(),
            tiered=pl.col("tiered").any(),
            unknown=pl.col("unknown").sum(),
            items_read_at=pl.col("read_at").max(),
            unreadable_item=pl.col("unreadable_item").drop_nulls().first(),
        )
    )
    theirs = of_customers.rename({name: f"{name}_of" for name in of_customers.columns[1:]}).lazy()
    joined = (
        by_subscription.join(subscriptions, on="subscription", how="left")
        .join(lasting.lazy(), left_on="subscription", right_on="owner", how="left", suffix="_own")
        .join(theirs, left_on="customer", right_on="owner", how="left")
        .with_columns(currency=pl.coalesce(pl.col("own_currency").str.to_uppercase(), "priced_in"))
    )
    # A customer's discount counts where the subscription has none of its own.
    own = pl.col("factor").is_not_null()
    factor = pl.when(own).then("factor").otherwise("factor_of").fill_null(1.0)
    off = pl.when(own).then("off").otherwise("off_of").fill_null(0.0)
    monthly = pl.col("monthly") * factor - off / pl.col("shortest").fill_null(1.0)
    return joined.select(
        "subscription",
        "plan",
        "price",
        "product",
        quantity=pl.col("units").cast(pl.Int64, strict=False),
        interval_months="months",
        mrr=rounded(_not_negative(monthly), pl.col("currency")),
        currency="currency",
        tiered=pl.col("tiered").fill_null(value=False),
        unknown=pl.col("unknown").fill_null(0)
        + pl.when(own).then("unknown_own").otherwise("unknown_of").fill_null(0),
        items_read_at="items_read_at",
        unreadable_item="unreadable_item",
    )


def _discounted(items: pl.LazyFrame, on: str, lasting: pl.DataFrame) -> pl.LazyFrame:
    """Items with what their own discounts ``left`` of their amount."""
    joined = items.join(lasting.lazy(), left_on=on, right_on="owner", how="left")
    left = pl.col("amount") * pl.col("factor").fill_null(1.0) - pl.col("off").fill_null(0.0)
    return joined.with_columns(left=_not_negative(left))


def _not_negative(amount: pl.Expr) -> pl.Expr:
    return pl.when(amount < 0).then(0.0).otherwise(amount)


def _main(*names: str, by: str) -> list[pl.Expr]:
    """Of the item that comes to most; of equal ones the first by the price's id."""
    order = [pl.col(by).fill_null(-1.0), pl.col("price").rank("dense", descending=True)]
    return [pl.col(name).sort_by(order).last() for name in names]


def as_billed(raw: Raw, prices: Prices) -> pl.LazyFrame:
    """One row per invoice and subscription that it bills a whole period of: ``invoice``,
    ``subscription``, ``DESCRIBED``, ``changed_at``.

    ``changed_at`` is from when on the invoice sets off what was billed before against what is
    billed since: the plan was changed then. Lines that set off are no period of their own.
    """
    proration = pl.col("proration").str.to_lowercase() == "true"
    proration = proration.fill_null(value=False)
    facts = prices.prices.lazy().select("price", "plan", "product", "unit", "months", "metered")
    lines = raw.table("lines").filter(
        (pl.col("recurring") == "true") & pl.col("subscription").is_not_null()
    )
    joined = lines.join(facts, on="price", how="left").with_columns(
        billed=pl.col("amount").cast(pl.Float64, strict=False), proration=proration
    )
    lasting = pl.element().struct.field("amount").cast(pl.Float64, strict=False)
    counts = ~pl.element().struct.field("discount").is_in(prices.once.implode())
    off = pl.col("discounts").list.eval(lasting.filter(counts.fill_null(value=True))).list.sum()
    # Nothing is billed for a trial; only of a price of nothing it says what is paid.
    whole = ~pl.col("proration") & ~pl.col("metered").fill_null(value=False)
    whole &= (pl.col("billed") != 0) | (pl.col("unit") == 0)
    months = _months()
    return (
        joined.with_columns(
            monthly=pl.when(whole).then((pl.col("billed") - off.fill_null(0)) / months),
            months=months,
            units=pl.col("quantity").cast(pl.Int64, strict=False),
            plan=pl.coalesce("plan", "price"),
        )
        .group_by("invoice", "subscription")
        .agg(
            *(
                pl.col(name).filter(pl.col("monthly").is_not_null())
                .sort_by(
                    pl.col("monthly").filter(pl.col("monthly").is_not_null()),
                    pl.col("price").filter(pl.col("monthly").is_not_null()).fill_null(""),
                    descending=[False, True],
                ).last()
                for name in ("plan", "price", "product", "units", "months")
            ),
            monthly=pl.when(pl.col("monthly").is_not_null().any()).then(pl.col("monthly").sum()),
            currency=pl.col("currency").str.to_uppercase().first(),
            changed_at=pl.col("start").filter("proration").max(),
            more=(pl.col("has_more").str.to_lowercase() == "true").any(),
        )
        .filter(pl.col("monthly").is_not_null() & ~pl.col("more").fill_null(value=False))
        .select(
            "invoice",
            "subscription",
            "plan",
            "price",
            "product",
            quantity="units",
            interval_months="months",
            mrr=rounded(_not_negative(pl.col("monthly")), pl.col("currency")),
            currency="currency",
            changed_at="changed_at",
        )
    )  # fmt: skip


def _months() -> pl.Expr:
    """The months of a billed period: the price's interval, unless the period is another one."""
    by_days = (pl.col("end") - pl.col("start")).dt.total_seconds() / 86_400 / DAYS_A_MONTH
    by_days = pl.when(by_days > 0).then(by_days)
    months = pl.col("months")
    # Months are of 28 to 31 days.
    near = ((by_days - months).abs() <= 0.1 * months).fill_null(value=False)
    whole = pl.when((by_days.round() >= 1) & ((by_days - by_days.round()).abs() <= 0.1)).then(
        by_days.round()
    )
    return pl.when(near | by_days.is_null()).then(months).otherwise(pl.coalesce(whole, by_days))
