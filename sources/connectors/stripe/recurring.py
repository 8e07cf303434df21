"""Monthly recurring revenue: of subscriptions as they are read, and of what invoices billed.

Recurring items only, metered usage left out; after discounts that last, before tax. Amounts are in
minor units as Stripe counts them.
"""

import polars as pl

from perdura.sources.connectors.stripe.amounts import amounts, rounded
from perdura.sources.connectors.stripe.discounts import terms
from perdura.sources.connectors.stripe.prices import Prices
from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.periods import DAYS_A_MONTH

#: What the item that comes to most says of a subscription.
_OF_MAIN_ITEM = ("plan", "price", "product", "units", "months")
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
    joined = (
        _by_subscription(items, prices, lasting)
        .join(subscriptions, on="subscription", how="left")
        .join(lasting.lazy(), left_on="subscription", right_on="owner", how="left", suffix="_own")
        .join(
            of_customers.lazy().select("owner", pl.exclude("owner").name.suffix("_of")),
            left_on="customer",
            right_on="owner",
            how="left",
        )
        .with_columns(currency=pl.coalesce(pl.col("own_currency").str.to_uppercase(), "priced_in"))
    )
    # A customer's discount counts where the subscription has none of its own.
    own = pl.col("factor").is_not_null()
    factor = pl.when(own).then("factor").otherwise("factor_of").fill_null(1.0)
    off = pl.when(own).then("off").otherwise("off_of").fill_null(0.0)
    unknown = pl.when(own).then("unknown_own").otherwise("unknown_of").fill_null(0)
    monthly = pl.col("monthly") * factor - off / pl.col("shortest").fill_null(1.0)
    return joined.select(
        *("subscription", "plan", "price", "product"),
        quantity=pl.col("units").cast(pl.Int64, strict=False),
        interval_months="months",
        mrr=rounded(monthly.clip(lower_bound=0), pl.col("currency")),
        currency="currency",
        tiered=pl.col("tiered").fill_null(value=False),
        unknown=pl.col("unknown").fill_null(0) + unknown,
        items_read_at="items_read_at",
        unreadable_item="unreadable_item",
    )


def _by_subscription(items: pl.LazyFrame, prices: Prices, lasting: pl.DataFrame) -> pl.LazyFrame:
    """What the items of each subscription come to a month, after the discounts on each item."""
    deleted = pl.col("deleted").str.to_lowercase() == "true"
    items = items.filter(~deleted.fill_null(value=False) & pl.col("subscription").is_not_null())
    left = pl.col("amount") * pl.col("factor").fill_null(1.0) - pl.col("off").fill_null(0.0)
    licensed = ~pl.col("metered").fill_null(value=False)
    monthly = pl.when(licensed).then(left.clip(lower_bound=0) / pl.col("months")).otherwise(0.0)
    # Of the item that comes to most; of equal ones the first by the price's id.
    most = [pl.col("monthly").fill_null(-1.0), pl.col("price").rank("dense", descending=True)]
    return (
        amounts(items, prices.prices)
        .join(lasting.lazy(), left_on="id", right_on="owner", how="left")
        .with_columns(monthly=monthly)
        .group_by("subscription")
        .agg(
            pl.col(*_OF_MAIN_ITEM, "priced_in").sort_by(most).last(),
            monthly=pl.when(~pl.col("monthly").is_null().any()).then(pl.col("monthly").sum()),
            shortest=pl.col("months").filter(licensed).min(),
            tiered=pl.col("tiered").any(),
            unknown=pl.col("unknown").sum(),
            items_read_at=pl.col("read_at").max(),
            unreadable_item=pl.col("unreadable_item").drop_nulls().first(),
        )
    )


def as_billed(raw: Raw, prices: Prices) -> pl.LazyFrame:
    """One row per invoice and subscription that it bills a whole period of: ``invoice``,
    ``subscription``, ``DESCRIBED``, ``changed_at``.

    ``changed_at`` is from when on the invoice sets off what was billed before against what is
    billed since: the plan was changed then. Lines that set off are no period of their own.
    """
    counts = pl.col("monthly").is_not_null()
    most = [pl.col("monthly").filter(counts), pl.col("price").filter(counts).fill_null("")]
    of_main = pl.col(*_OF_MAIN_ITEM).filter(counts)
    return (
        _billed_lines(raw, prices)
        .group_by("invoice", "subscription")
        .agg(
            of_main.sort_by(most, descending=[False, True]).last(),
            monthly=pl.when(counts.any()).then(pl.col("monthly").sum()),
            currency=pl.col("currency").str.to_uppercase().first(),
            changed_at=pl.col("start").filter("proration").max(),
            more=(pl.col("has_more").str.to_lowercase() == "true").any(),
        )
        .filter(counts & ~pl.col("more").fill_null(value=False))
        .select(
            *("invoice", "subscription", "plan", "price", "product"),
            quantity="units",
            interval_months="months",
            mrr=rounded(pl.col("monthly").clip(lower_bound=0), pl.col("currency")),
            currency="currency",
            changed_at="changed_at",
        )
    )


def _billed_lines(raw: Raw, prices: Prices) -> pl.LazyFrame:
    """Lines of recurring items with the ``monthly`` that each bills; null where it bills no period.

    Nothing is billed for a trial; only of a price of nothing it says what is paid.
    """
    is_recurring = (pl.col("recurring") == "true") & pl.col("subscription").is_not_null()
    facts = prices.prices.lazy().select("price", "plan", "product", "unit", "months", "metered")
    proration = (pl.col("proration").str.to_lowercase() == "true").fill_null(value=False)
    amount = pl.element().struct.field("amount").cast(pl.Float64, strict=False)
    lasts = ~pl.element().struct.field("discount").is_in(prices.once.implode())
    off = pl.col("discounts").list.eval(amount.filter(lasts.fill_null(value=True))).list.sum()
    billed = pl.col("amount").cast(pl.Float64, strict=False)
    whole = ~proration & ~pl.col("metered").fill_null(value=False)
    whole &= (billed != 0) | (pl.col("unit") == 0)
    months = _months()
    return (
        raw.table("lines")
        .filter(is_recurring)
        .join(facts, on="price", how="left")
        .with_columns(
            monthly=pl.when(whole).then((billed - off.fill_null(0)) / months),
            months=months,
            units=pl.col("quantity").cast(pl.Int64, strict=False),
            plan=pl.coalesce("plan", "price"),
            proration=proration,
        )
    )


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
