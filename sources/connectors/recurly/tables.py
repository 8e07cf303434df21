"""Recurly's tables as Fivetran lands them, with the columns that events need.

Names are those of Recurly's API. A table named ``..._history`` has a row for each state that a
thing was in, from ``updated_at`` on; the oldest row is of the first synchronisation.
"""

from pathlib import Path

import polars as pl

from perdura.sources.connectors.cells import Kind, empty_table
from perdura.sources.connectors.connection import Connection
from perdura.sources.connectors.landed import ReadTable, files_of, read_table
from perdura.sources.connectors.unread import unread_note

_TABLES: dict[str, tuple[dict[str, Kind], tuple[str, ...]]] = {
    "subscription_history": (
        {
            "id": "text",
            "account_id": "text",
            "updated_at": "time",
            "state": "text",
            "created_at": "time",
            "activated_at": "time",
            "canceled_at": "time",
            "expires_at": "time",
            "paused_at": "time",
            "trial_started_at": "time",
            "trial_ends_at": "time",
            "current_period_started_at": "time",
            "current_period_ends_at": "time",
            "plan_id": "text",
            "currency": "text",
            "unit_amount": "number",
            "quantity": "number",
            "add_ons_total": "number",
            "subtotal": "number",
            "expiration_reason": "text",
        },
        ("id", "account_id", "updated_at", "state"),
    ),
    "plan_history": (
        {
            "id": "text",
            "updated_at": "time",
            "code": "text",
            "interval_unit": "text",
            "interval_length": "number",
        },
        ("id", "updated_at"),
    ),
    "coupon_redemption_history": (
        {
            "id": "text",
            "account_id": "text",
            "coupon_id": "text",
            "updated_at": "time",
            "created_at": "time",
            "removed_at": "time",
            "state": "text",
        },
        ("id", "account_id", "coupon_id", "updated_at", "created_at"),
    ),
    "coupon_discount": (
        {
            "coupon_id": "text",
            "type": "text",
            "percentage": "number",
            "amount": "number",
            "currency": "text",
        },
        ("coupon_id",),
    ),
    "line_item_history": (
        {
            "id": "text",
            "account_id": "text",
            "subscription_id": "text",
            "invoice_id": "text",
            "created_at": "time",
            "updated_at": "time",
            "type": "text",
            "origin": "text",
            "plan_id": "text",
            "currency": "text",
            "quantity": "number",
            "subtotal": "number",
            "discount": "number",
            "proration_rate": "number",
            "refund": "flag",
            "start_date": "time",
            "end_date": "time",
        },
        ("id", "created_at"),
    ),
    "invoice_history": (
        {
            "id": "text",
            "account_id": "text",
            "updated_at": "time",
            "created_at": "time",
            "closed_at": "time",
            "type": "text",
            "state": "text",
            "currency": "text",
            "total": "number",
            "paid": "number",
            "balance": "number",
        },
        ("id", "account_id", "updated_at", "created_at", "state"),
    ),
    "transaction": (
        {
            "id": "text",
            "account_id": "text",
            "invoice_id": "text",
            "created_at": "time",
            "collected_at": "time",
            "voided_at": "time",
            "type": "text",
            "status": "text",
            "currency": "text",
            "amount": "number",
            "payment_method_object": "text",
            "status_code": "text",
            "_fivetran_synced": "time",
        },
        ("id", "account_id", "created_at", "type", "status"),
    ),
    "credit_payment_history": (
        {
            "id": "text",
            "account_id": "text",
            "updated_at": "time",
            "created_at": "time",
            "action": "text",
            "applied_to_invoice_id": "text",
            "currency": "text",
            "amount": "number",
        },
        ("id", "account_id", "updated_at", "created_at", "action"),
    ),
    "account_history": (
        {
            "id": "text",
            "updated_at": "time",
            "code": "text",
            "email": "text",
            "account_country": "text",
            "parent_account_id": "text",
        },
        ("id", "updated_at"),
    ),
}


def table(connection: Connection, folder: Path, name: str) -> ReadTable | None:
    """A table by name; ``None`` if it is not in the folder."""
    columns, required = _TABLES[name]
    return read_table(connection, folder, name, columns, required)


def empty(name: str) -> pl.LazyFrame:
    """The columns of a table, without rows."""
    return empty_table(_TABLES[name][0])


def unread_tables(folder: Path) -> str | None:
    """What lies in a folder and is none of the tables, in words; ``None`` if nothing does."""
    read = [path for name in _TABLES for path in files_of(folder, name)]
    return unread_note(folder, read, "CSV", ())
