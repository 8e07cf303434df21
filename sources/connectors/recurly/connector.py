"""Recurly's landed tables as frames."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property

import polars as pl

from perdura.sources.connectors.connection import Connection, Options
from perdura.sources.connectors.connector import Frame, Unavailable
from perdura.sources.connectors.landed import ReadTable
from perdura.sources.connectors.recurly.line_items import billed
from perdura.sources.connectors.recurly.payments import credit_payments, invoices, transactions
from perdura.sources.connectors.recurly.prices import redemptions
from perdura.sources.connectors.recurly.subscriptions import Subscriptions, subscriptions
from perdura.sources.connectors.recurly.tables import empty, table, unread_tables
from perdura.sources.staged import BROKEN_ROWS, FILE, ROW_IN_FILE

#: Each frame, and the table without which there is none.
_TABLE_OF = {
    "subscriptions": "subscription_history",
    "earlier": "subscription_history",
    "discounts": "subscription_history",
    "line_items": "line_item_history",
    "invoices": "invoice_history",
    "transactions": "transaction",
    "credit_payments": "credit_payment_history",
    "accounts": "account_history",
    "account_history": "account_history",
    "parents": "account_history",
}
_BILLED = ("line_item_history", "plan_history", "subscription_history")
#: Frames without which the others tell what they tell.
_MAY_LACK = ("line_items", "credit_payments")
_ALSO = ("earlier", "discounts", "accounts", "parents")


class RecurlyOptions(Options):
    """Where Recurly's tables are."""

    folder: str


class Recurly:
    """Recurly's tables in a folder."""

    frames = (*_TABLE_OF,)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._folder = connection.folder(connection.read_options(RecurlyOptions).folder)
        self._read: dict[str, ReadTable | None] = {}

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame | Unavailable]:
        """The frames that are wanted, whatever was read before: a folder has all of it."""
        found: dict[str, Frame | Unavailable] = {}
        for name in sorted(self._connection.wanted):
            try:
                landed = self._landed(_TABLE_OF[name])
                if landed is None and name not in _MAY_LACK:
                    continue
                rows, notes = self._frame(name)
            except Unavailable as error:
                found[name] = error
                continue
            # Of several frames of one table the first tells its broken rows.
            tells = landed if name not in _ALSO else None
            broken = tells.broken if tells else pl.DataFrame(schema=BROKEN_ROWS)
            found[name] = Frame(rows, broken, notes)
        return found

    def _landed(self, name: str) -> ReadTable | None:
        if name not in self._read:
            self._read[name] = table(self._connection, self._folder, name)
        return self._read[name]

    def _rows(self, name: str) -> pl.LazyFrame:
        landed = self._landed(name)
        return landed.rows if landed else empty(name)

    def _frame(self, name: str) -> tuple[pl.LazyFrame, tuple[str, ...]]:
        made: dict[str, Callable[[], pl.LazyFrame]] = {
            "subscriptions": lambda: self._subscriptions.versions,
            "earlier": lambda: self._subscriptions.earlier,
            "discounts": lambda: self._subscriptions.discounts,
            "line_items": lambda: billed(*map(self._rows, _BILLED)),
            "invoices": lambda: invoices(self._rows("invoice_history"), self._rows("transaction")),
            "transactions": lambda: transactions(self._rows("transaction")),
            "credit_payments": lambda: credit_payments(self._rows("credit_payment_history")),
            "accounts": lambda: newest_accounts(self._rows("account_history")),
            "account_history": lambda: self._rows("account_history").drop("code", "email"),
            "parents": lambda: parents(self._rows("account_history")),
        }
        return made[name](), self._price_notes() if name == "subscriptions" else ()

    @cached_property
    def _subscriptions(self) -> Subscriptions:
        redeemed = self._rows("coupon_redemption_history")
        coupons = redemptions(redeemed, self._rows("coupon_discount"))
        history, plans = self._rows("subscription_history"), self._rows("plan_history")
        return subscriptions(history, plans, redeemed, coupons)

    def _price_notes(self) -> tuple[str, ...]:
        """What is approximated of prices, with how often."""
        lacking = [
            (name, words)
            for name, words in (
                ("plan_history", "what a subscription's period says is taken for its interval"),
                ("coupon_redemption_history", "no discount is taken off"),
                ("coupon_discount", "no discount is taken off"),
            )
            if self._landed(name) is None
        ]
        unread = unread_tables(self._folder)
        notes = [unread] if unread else []
        notes += [f"there is no table {name}: {words}" for name, words in lacking]
        redeemed = self._rows("coupon_redemption_history")
        coupons = redemptions(redeemed, self._rows("coupon_discount")).collect(engine="streaming")
        if fixed := coupons.filter(pl.col("type") == "fixed").height:
            notes.append(
                "fixed discounts come off once a bill, in equal parts where an account has several "
                f"subscriptions: {fixed:,} redeemed coupons"
            )
        return (*notes,)


def newest_accounts(history: pl.LazyFrame) -> pl.LazyFrame:
    """One row per account, as it was last: keys by which other systems know it."""
    return history.sort("updated_at", FILE, ROW_IN_FILE).unique("id", keep="last").sort("id")


def parents(history: pl.LazyFrame) -> pl.LazyFrame:
    """Each state of an account that has, or once had, a parent, and of the parents themselves:
    ``account`` is the parent's id, or without one the account's own.
    """
    parent = pl.col("parent_account_id")
    named = history.filter(parent.is_not_null())
    family = pl.concat([named.select("id"), named.select(id=parent)]).unique()
    rows = history.join(family, on="id", how="semi", maintain_order="left")
    return rows.select("id", "updated_at", FILE, ROW_IN_FILE, account=pl.coalesce(parent, "id"))


def connect(connection: Connection) -> Recurly:
    """Recurly's tables where a section says."""
    return Recurly(connection)
