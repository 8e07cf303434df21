"""The frames that Stripe's data become, in Stripe's own words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from perdura.sources.connectors.lookups import looked_up
from perdura.sources.connectors.stripe import payments, reversals
from perdura.sources.connectors.stripe.logged import changes, described
from perdura.sources.connectors.stripe.plans import as_read_now, later_billed, with_first
from perdura.sources.connectors.stripe.prices import Prices, read_prices
from perdura.sources.connectors.stripe.raw import Raw
from perdura.sources.connectors.stripe.recurring import as_billed, as_logged, as_read
from perdura.sources.connectors.stripe.subscriptions import (
    STATUSES,
    described_since,
    told_by_objects,
)
from perdura.sources.staged import FILE, ROW_IN_FILE

_DESCRIBING = ("invoices", "lines", "prices", "plans", "products", "coupons", "discounts")
#: The kinds of objects that each frame is made from; the first one it cannot be without.
NEEDS: dict[str, tuple[str, ...]] = {
    "subscriptions": ("subscriptions", *_DESCRIBING, "customers", "events"),
    "plans": ("subscriptions", "items", *_DESCRIBING, "customers", "events"),
    "changes": ("subscriptions", "events"),
    "invoices": ("invoices", "charges", "invoice_payments"),
    "charges": ("charges", "invoices", "invoice_payments"),
    "refunds": ("refunds", "charges", "invoices", "invoice_payments"),
    "disputes": ("disputes", "charges", "invoices", "invoice_payments"),
    "credit_notes": ("credit_notes", "invoices"),
    "customers": ("customers",),
    "accounts": ("customers",),
}


@dataclass(slots=True)
class Frames:
    """Frames of an export.

    Attributes:
        raw: The export.
        metadata: Keys of metadata that become columns of customers and subscriptions.
        account: The key of metadata that is a customer's account; ``None``: they have none.
    """

    raw: Raw
    metadata: tuple[str, ...] = ()
    account: str | None = None
    _prices: Prices | None = field(default=None, init=False)
    _made: dict[str, pl.LazyFrame] = field(default_factory=dict[str, pl.LazyFrame], init=False)

    def rows(self, name: str) -> pl.LazyFrame:
        """The rows of one frame of ``NEEDS``."""
        charges = payments.charges(self.raw)
        makers: Mapping[str, Callable[[], pl.LazyFrame]] = {
            "subscriptions": self._subscriptions,
            "plans": lambda: pl.concat([later_billed(self.objects, self.billed), self.as_read]),
            "changes": lambda: self.changes,
            "charges": lambda: charges,
            "invoices": lambda: payments.invoices(self.raw, charges),
            "refunds": lambda: reversals.refunds(self.raw, charges),
            "disputes": lambda: reversals.disputes(self.raw, charges),
            "credit_notes": lambda: reversals.credit_notes(self.raw),
            "customers": lambda: payments.customers(self.raw, self.metadata),
            "accounts": lambda: payments.accounts(self.raw, self.account),
        }
        return makers[name]()

    @property
    def prices(self) -> Prices:
        """Prices and discounts, read once."""
        self._prices = self._prices or read_prices(self.raw)
        return self._prices

    @property
    def objects(self) -> pl.LazyFrame:
        """Subscriptions, as objects say they went."""
        return told_by_objects(self.raw)

    @property
    def billed(self) -> pl.LazyFrame:
        """What invoices and events say of subscriptions."""

        def make() -> pl.LazyFrame:
            told = described(self.raw, as_logged(self.raw, self.prices))
            return described_since(self.raw, as_billed(self.raw, self.prices), told, self.objects)

        return self._once("billed", make)

    @property
    def changes(self) -> pl.LazyFrame:
        """Pauses and requests to cancel that events date."""
        return self._once("changes", lambda: changes(self.raw, self.objects))

    @property
    def read(self) -> pl.LazyFrame:
        """What the objects say that subscriptions cost now."""
        return self._once("read", lambda: as_read(self.raw, self.prices))

    @property
    def as_read(self) -> pl.LazyFrame:
        """Rows of ``plans`` that the objects alone say."""
        return self._once("as_read", lambda: as_read_now(self.objects, self.read, self.billed))

    def _once(self, name: str, make: Callable[[], pl.LazyFrame]) -> pl.LazyFrame:
        """What several frames need, set aside when it is needed first."""
        if name not in self._made:
            path = self.raw.scratch / "made" / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            make().sink_parquet(path)
            self._made[name] = pl.scan_parquet(path)
        return self._made[name]

    def _subscriptions(self) -> pl.LazyFrame:
        last = self.changes.filter(pl.col("kind").is_in(("paused", "resumed")))
        last = last.group_by("subscription", maintain_order=True).agg(logged=pl.col("kind").last())
        rows = with_first(self.objects, self.billed)
        for other in (payments.last_paid(self.raw), last.filter(pl.col("logged") == "paused")):
            rows = looked_up(rows, other, "subscription")
        since = pl.max_horizontal("last_paid_at", pl.coalesce("started_at", "trial_at"))
        # An event says it better.
        paused = pl.when(pl.col("is_paused") & pl.col("logged").is_null()).then(since)
        return rows.select(
            "subscription", "customer", "status", "livemode", "currency", "plan", "price",
            "product", "quantity", "interval_months", "mrr", "trial_at", "trial_known_at",
            "started_at", "started_known_at", "requested_at", "ended_at", "reason", "unreadable",
            FILE, ROW_IN_FILE,
            *payments.with_metadata(self.metadata),
            paused_at=pl.coalesce("lapsed_at", paused),
            paused_known_at=pl.when(pl.col("lapsed_at").is_not_null()).then("lapsed_at")
            .otherwise(pl.max_horizontal("read_at", paused)),
            has_begun=pl.coalesce("trial_at", "started_at").is_not_null(),
            is_known=pl.col("status").is_in(STATUSES).fill_null(value=False),
        )  # fmt: skip
