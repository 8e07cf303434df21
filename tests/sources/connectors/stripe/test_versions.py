"""The same objects in several files: each counts once, with all that it holds."""

from datetime import timedelta
from pathlib import Path
from shutil import copyfile

import polars as pl
import pytest

from tests.sources.connectors.stripe.test_mrr import coupon, mrr_of
from tests.support.stripe_exports import (
    READ_AT,
    UNTIL,
    at,
    charge,
    export,
    extracted,
    invoice,
    item,
    landed,
    line,
    price,
    subscription,
    write,
    write_table,
)

PRO, SEAT = price("pro", 2000), price("seat", 100)
BILL = invoice("ann", 1, "2026-01-05", [line(PRO, 2000, "2026-01-05", "2026-02-05", of="ann")])
ANN = subscription(
    "ann", [item(PRO), item(SEAT, 3, discounts=[coupon(percent_off=50)])],
    discounts=[coupon(percent_off=10)],
)  # fmt: skip
UPDATED = {
    "id": "evt_1",
    "type": "customer.subscription.updated",
    "created": at("2026-05-20"),
    "livemode": True,
    "data": {
        "object": subscription("bob", [item(PRO, 2)], discounts=[coupon(percent_off=50)]),
        "previous_attributes": {"quantity": 1, "items": {}},
    },
}
OBJECTS = {
    "subscriptions": [ANN, subscription("bob", [item(PRO)]), subscription("eve", [item(SEAT)])],
    "invoices": [BILL],
    "customers": [
        {"id": "cus_eve", "created": at("2026-01-05"), "discount": coupon(percent_off=50)}
    ],
    "charges": [charge("ann", 1, "2026-01-05", 2000)],
    "refunds": [
        {"id": "re_1", "charge": "ch_ann_1", "amount": 500, "currency": "usd",
         "created": at("2026-02-01"), "livemode": True, "status": "succeeded"}
    ],
    "events": [UPDATED],
}  # fmt: skip
TABLES = ("subscriptions", "payments")


def copied(folder: Path, name: str, later: timedelta = timedelta(hours=9)) -> None:
    """Each file of an export once more, under another name, delivered later."""
    for kind in OBJECTS:
        text = (folder / f"{kind}.jsonl").read_text()
        write(folder / name.format(kind), text, READ_AT + later)


def everything(folder: Path) -> list[pl.DataFrame]:
    return [landed(folder, name) for name in TABLES]


def told_mrr(folder: Path) -> list[int]:
    return landed(folder, "subscriptions")["mrr"].drop_nulls().to_list()


@pytest.mark.parametrize("name", ["{} (1).jsonl", "{}_2.jsonl"])
def test_an_export_that_is_delivered_twice_is_one(tmp_path: Path, name: str) -> None:
    once, twice = (export(tmp_path / one / "stripe", OBJECTS) for one in ("once", "twice"))
    copied(twice, name)

    extracted(once)
    report = extracted(twice)

    # (2000 + 300 / 2) x 0.9; two of pro at half the price; a seat at half the price
    assert mrr_of(once)["cus_ann"] == (1935, "USD")
    assert mrr_of(twice) == mrr_of(once)
    for told, told_once in zip(everything(twice), everything(once), strict=True):
        assert told.equals(told_once)
    assert "1 invoice more than once; the last of each counts" in str(report)


def test_a_copy_that_comes_and_goes_changes_nothing_that_landed(tmp_path: Path) -> None:
    folder = export(tmp_path / "stripe", OBJECTS)
    extracted(folder)
    before = everything(folder)

    copied(folder, "{}_2.jsonl", timedelta(days=1))
    extracted(folder, UNTIL + timedelta(days=1))
    during = everything(folder)
    for kind in OBJECTS:
        (folder / f"{kind}_2.jsonl").unlink()
    extracted(folder, UNTIL + timedelta(days=2))

    for one, other, last in zip(before, during, everything(folder), strict=True):
        assert one.equals(other)
        assert one.equals(last)


def test_of_two_versions_the_last_counts_alone_with_its_items_lines_and_discounts(
    tmp_path: Path,
) -> None:
    """The seats are gone and so is the discount on all; the invoice billed less."""
    folder = export(tmp_path / "stripe", {"subscriptions": [ANN]})
    newer = subscription("ann", [item(PRO)])
    export(folder, {"subscriptions_2": [newer]})

    extracted(folder)

    assert mrr_of(folder) == {"cus_ann": (2000, "USD")}


def test_an_invoice_twice_in_one_file_bills_once(tmp_path: Path) -> None:
    folder = export(
        tmp_path / "stripe",
        {"subscriptions": [subscription("ann", [item(PRO)])], "invoices": [BILL, BILL]},
    )

    extracted(folder)

    assert told_mrr(folder) == [2000]


def test_tables_of_items_lines_and_discounts_that_are_delivered_twice(tmp_path: Path) -> None:
    """As Fivetran lands them: lines and discounts have no id that is theirs alone."""
    folder = export(tmp_path / "stripe", {"prices": [PRO]})
    write_table(
        folder / "subscription.csv",
        {"id": "sub_ann", "customer_id": "cus_ann", "status": "active", "livemode": "true",
         "created": "2026-01-05", "start_date": "2026-01-05", "currency": "usd"},
    )  # fmt: skip
    write_table(
        folder / "subscription_item.csv",
        {"id": "si_1", "subscription_id": "sub_ann", "price_id": "price_pro", "quantity": "1"},
        {"id": "si_2", "subscription_id": "sub_ann", "price_id": "price_pro", "quantity": "1"},
    )
    write_table(
        folder / "subscription_discount.csv",
        {"id": "di_1", "subscription_id": "sub_ann", "coupon_id": "HALF"},
    )
    write_table(
        folder / "coupon.csv", {"id": "HALF", "percent_off": "25", "duration": "forever"}
    )  # fmt: skip
    write_table(
        folder / "invoice.csv",
        {"id": "in_1", "customer_id": "cus_ann", "subscription_id": "sub_ann", "status": "paid",
         "created": "2026-01-05", "currency": "usd", "total": "2000"},
    )  # fmt: skip
    bill = {
        "id": "il", "invoice_id": "in_1", "subscription_id": "sub_ann", "price_id": "price_pro",
        "amount": "1000", "quantity": "1", "type": "subscription", "currency": "usd",
        "period_start": "2026-01-05", "period_end": "2026-02-05",
    }  # fmt: skip
    write_table(folder / "invoice_line_item.csv", bill, bill)
    for file in [*folder.glob("*.csv")]:
        copyfile(file, file.with_name(f"{file.stem}_2.csv"))
        write(file.with_name(f"{file.stem}_2.csv"), file.read_text())

    extracted(folder)

    # What the lines billed; then two items at 2000, a quarter off.
    assert told_mrr(folder) == [2000, 3000]
