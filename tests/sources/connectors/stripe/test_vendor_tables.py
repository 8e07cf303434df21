"""Tables as Fivetran lands them and as the dashboard exports them; objects that Stripe wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from perdura.sources.connectors.stripe.frames import Frames
from perdura.sources.connectors.stripe.raw import read
from perdura.sources.landing.landing import Landing
from perdura.sources.states.states import states_at
from tests.support.stripe_exports import (
    UNTIL,
    extracted,
    landed,
    moment,
    report_on,
    write,
    write_table,
)

EXPORT = Path(__file__).parents[5] / "shared" / "data" / "vendor_exports" / "stripe"
given = pytest.mark.skipif(
    not EXPORT.is_dir(),
    reason="the third-party data is not beside this checkout, in ../shared/data",
)
AFTER = moment("2027-01-01")


def copied(tmp_path: Path) -> Path:
    """The tables that Fivetran lands, in a folder beside a mapping."""
    folder = tmp_path / "stripe"
    folder.mkdir()
    for path in EXPORT.glob("*.csv"):
        write(folder / path.name, path.read_text("utf-8"))
    return folder


@given
def test_each_row_of_fivetrans_tables_is_accounted_for(tmp_path: Path) -> None:
    folder = copied(tmp_path)

    report = extracted(folder, until=AFTER)

    subscriptions, payments = (report_on(report, t) for t in ("subscriptions", "payments"))
    # Two subscriptions, and what each of them costs.
    assert (subscriptions.in_rows.read, subscriptions.in_rows.landed) == (4, 4)
    # 16 charges, 2 invoices, 4 refunds, 12 disputes, 2 credit notes.
    assert payments.in_rows.read == 36
    # The charges all failed; one invoice is of test mode, as is one credit note; one credit note
    # is a refund; refunds and disputes are of charges that are not there.
    assert payments.in_rows.landed == 16 + 1
    assert payments.rejected["no_subscriber"] == 4 + 12
    assert payments.in_rows.dropped == 2
    kinds = landed(folder, "payments")["kind"].value_counts().sort("kind").rows()
    assert kinds == [("failed", 16), ("invoiced", 1), ("paid", 1)]


@given
def test_what_fivetrans_subscriptions_cost_a_month(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    raw = read(folder, tmp_path / "scratch", {})

    rows = Frames(raw).rows("plans").collect().sort("subscription")

    # 1 x 1500.00 and 2 x 1500.00 a month; both have ended.
    assert rows.select("subscription", "customer", "mrr", "currency").rows() == [
        ("sdgfs4536", "sdf6547", 150_000, "USD"),
        ("sfjytkyu876", "123fsdf", 300_000, "USD"),
    ]
    extracted(folder, until=AFTER)
    states = states_at(Landing(tmp_path / "landing").events(), AFTER)
    assert states["state"].to_list() == ["gone"] * 2


@given
def test_a_declined_charge_says_why(tmp_path: Path) -> None:
    folder = copied(tmp_path)

    extracted(folder, until=AFTER)

    failed = landed(folder, "payments").filter(kind="failed")
    assert failed["failure_code"].unique().to_list() == ["do_not_honor"]
    [charge] = failed.filter(payment_id="ch_0IMDAfig6peNXzgDJYQKfT3B").to_dicts()
    assert (charge["subscriber_id"], charge["amount"], charge["currency"]) == (
        "cus_IRb688lkE0TnTM", 3_293_232, "USD",
    )  # fmt: skip
    assert charge["happened_at"] == moment("2021-02-18T14:07:57")


def fixtures(livemode: bool) -> dict[str, list[dict[str, Any]]]:
    """The objects that Stripe ships as examples of today's version, all of one customer."""
    kinds = {
        "subscription": "subscriptions", "invoice": "invoices", "charge": "charges",
        "refund": "refunds", "dispute": "disputes", "credit_note": "credit_notes",
        "customer": "customers", "coupon": "coupons", "price": "prices", "plan": "plans",
        "product": "products", "invoice_payment": "invoice_payments", "event": "events",
        "discount": "discounts",
    }  # fmt: skip
    resources = json.loads((EXPORT / "fixtures3.json").read_text("utf-8"))["resources"]
    found = {file: [resources[kind] | {"livemode": livemode}] for kind, file in kinds.items()}
    found["charges"][0]["customer"] = found["customers"][0]["id"]
    return found


@given
@pytest.mark.parametrize("livemode", [True, False])
def test_objects_of_todays_version(tmp_path: Path, livemode: bool) -> None:
    folder = tmp_path / "stripe"
    folder.mkdir()
    for kind, objects in fixtures(livemode).items():
        write(folder / f"{kind}.jsonl", "".join(json.dumps(one) + "\n" for one in objects))

    report = extracted(folder)

    payments = report_on(report, "payments")
    if livemode:
        assert payments.rejected == {}
        assert landed(folder, "payments")["kind"].to_list() == ["disputed", "refunded"]
        assert landed(folder, "subscriptions")["plan"].drop_nulls().to_list() == ["T-shirt"]
    else:
        assert payments.rejected == {"test_mode": 2}
        assert report_on(report, "subscriptions").in_rows.rejected == 1
        assert report_on(report, "subscriptions").rejected.keys() == {"test_mode"}
        assert landed(folder, "payments").is_empty()


def fivetran(folder: Path) -> None:
    """Two customers: one has two subscriptions, of two items and of one with a discount."""
    folder.mkdir()
    running = {"status": "active", "cancel_at_period_end": "FALSE", "livemode": "TRUE"}
    synced = {"_fivetran_synced": "2026-05-01 00:00:00"}
    begun = "2026-01-05 10:00:00"
    write_table(
        folder / "subscription.csv",
        *(
            {"id": f"sub_{n}", "customer_id": customer, "created": begun, **running, **synced}
            for n, customer in ((1, "cus_ann"), (2, "cus_ann"), (3, "cus_bob"))
        ),
    )
    items = [("sub_1", "price_month", 2), ("sub_1", "price_year", 1), ("sub_2", "price_month", 1)]
    write_table(
        folder / "subscription_item.csv",
        *(
            {"id": f"si_{n}", "subscription_id": of, "plan_id": plan, "quantity": many, **synced}
            for n, (of, plan, many) in enumerate(items)
        ),
        {
            "id": "si_9",
            "subscription_id": "sub_3",
            "plan_id": "plan_old",
            "quantity": 3,
            "_fivetran_synced": "2026-05-02 00:00:00",
        },
    )
    priced = {"currency": "usd", "recurring_interval_count": 1, "recurring_usage_type": "licensed"}
    write_table(
        folder / "price.csv",
        {
            "id": "price_month",
            "product_id": "prod_1",
            "unit_amount": 1000,
            "recurring_interval": "month",
            **priced,
        },
        {
            "id": "price_year",
            "product_id": "prod_2",
            "unit_amount": 12_000,
            "recurring_interval": "year",
            **priced,
        },
    )
    write_table(
        folder / "plan.csv",
        {
            "id": "plan_old",
            "amount": 9000,
            "currency": "eur",
            "interval": "month",
            "interval_count": 3,
            "product_id": "prod_1",
        },
    )
    write_table(
        folder / "product.csv", {"id": "prod_1", "name": "Pro"}, {"id": "prod_2", "name": "Extra"}
    )
    write_table(
        folder / "subscription_discount.csv",
        {"id": "di_1", "coupon_id": "HALF", "customer_id": "cus_ann", "subscription_id": "sub_2"},
    )
    write_table(folder / "coupon.csv", {"id": "HALF", "percent_off": 50, "duration": "forever"})


def test_fivetrans_tables_with_items_plans_and_discounts(tmp_path: Path) -> None:
    folder = tmp_path / "stripe"
    fivetran(folder)

    extracted(folder)

    states = states_at(Landing(tmp_path / "landing").events(), UNTIL)
    # Ann: 2 x 1000 + 12000 / 12, and 1000 x 0.5; Bob: 3 x 9000 / 3, in another currency.
    assert states.select("subscriber_id", "mrr", "currency", "plan").rows() == [
        ("cus_ann", 3500, "USD", "Pro"),
        ("cus_bob", 9000, "EUR", "Pro"),
    ]
    known = landed(folder, "subscriptions").drop_nulls("mrr").select("subscription_id", "known_at")
    # What it costs is known since the last of both was synchronised.
    assert dict(known.iter_rows()) == {
        "sub_1": moment("2026-05-01"), "sub_2": moment("2026-05-01"), "sub_3": moment("2026-05-02"),
    }  # fmt: skip


def test_of_fivetrans_history_of_subscriptions_the_latest_versions_count(tmp_path: Path) -> None:
    folder = tmp_path / "stripe"
    fivetran(folder)
    (folder / "subscription.csv").unlink()
    of = {"id": "sub_1", "customer_id": "cus_ann", "created": "2026-01-05 10:00:00"}
    gone = {"status": "canceled", "ended_at": "2026-03-05 10:00:00"}
    write_table(
        folder / "subscription_history.csv",
        {**of, "status": "active", "_fivetran_active": "FALSE"},
        {**of, **gone, "_fivetran_active": "TRUE"},
    )

    report = report_on(extracted(folder), "subscriptions")

    assert "1 row with earlier versions of subscriptions not read" in report.notes
    states = states_at(Landing(tmp_path / "landing").events(), UNTIL)
    assert states.select("subscriber_id", "state").rows() == [("cus_ann", "gone")]


def test_the_dashboards_exports(tmp_path: Path) -> None:
    folder = tmp_path / "stripe"
    folder.mkdir()
    begun = {"Created (UTC)": "2026-01-05 10:00", "Start (UTC)": "2026-01-05 10:00"}
    ended = {"Canceled At (UTC)": "2026-03-01 09:30", "Ended At (UTC)": "2026-03-01 09:30"}
    write_table(
        folder / "subscriptions.csv",
        {
            "id": "sub_1",
            "Customer ID": "cus_ann",
            "Customer Email": "ann@example.com",
            "Plan": "Pro",
            "Quantity": 2,
            "Currency": "usd",
            "Interval": "month",
            "Amount": "30.00",
            "Status": "active",
            "Cancel At Period End": "false",
            **begun,
        },
        {
            "id": "sub_2",
            "Customer ID": "cus_bob",
            "Plan": "Yearly",
            "Quantity": 1,
            "Currency": "jpy",
            "Interval": "year",
            "Amount": "12000",
            "Status": "canceled",
            "Cancel At Period End": "false",
            "Cancellation Reason": "payment_failed",
            **begun,
            **ended,
        },
    )
    paid = {"Captured": "true", "Payment Source Type": "card"}
    write_table(
        folder / "unified_payments.csv",
        {
            "id": "ch_1",
            "Created date (UTC)": "2026-01-05 10:00:05",
            "Amount": "1,060.00",
            "Currency": "usd",
            "Status": "Paid",
            "Customer ID": "cus_ann",
            "Invoice ID": "in_1",
            **paid,
        },
        {
            "id": "ch_2",
            "Created date (UTC)": "2026-02-05 10:00:05",
            "Amount": "60.00",
            "Currency": "usd",
            "Status": "Failed",
            "Customer ID": "cus_ann",
            "Invoice ID": "in_2",
            "Captured": "false",
            "Decline Reason": "insufficient_funds",
        },
        {
            "id": "ch_3",
            "Created date (UTC)": "2026-02-05 10:00:05",
            "Amount": "12000",
            "Currency": "jpy",
            "Status": "Refunded",
            "Customer ID": "cus_bob",
            **paid,
        },
    )

    report = extracted(folder)

    assert {r for table in report.tables for r in table.rejected} == set()
    states = states_at(Landing(tmp_path / "landing").events(), moment("2026-06-02"))
    assert states.select("subscriber_id", "state", "mrr", "currency").rows() == [
        ("cus_ann", "past_due", 6000, "USD"),
        ("cus_bob", "gone", 0, "JPY"),
    ]
    payments = landed(folder, "payments")
    assert payments.select("payment_id", "kind", "amount", "failure_code").rows() == [
        ("ch_1", "paid", 106_000, None),
        ("ch_2", "failed", 6000, "insufficient_funds"),
        ("ch_3", "paid", 12_000, None),
    ]


def test_a_line_of_a_table_with_too_few_fields_is_rejected(tmp_path: Path) -> None:
    folder = tmp_path / "stripe"
    fivetran(folder)
    path = folder / "subscription.csv"
    write(path, path.read_text("utf-8") + "sub_4,cus_eve,2026-0")

    report = report_on(extracted(folder), "subscriptions")

    assert report.rejected == {"cut_off": 1}
    assert {(e.file, e.row) for e in report.examples} == {("stripe/subscription.csv", 4)}


def test_a_folder_without_an_export_says_what_it_looked_for(tmp_path: Path) -> None:
    folder = tmp_path / "stripe"
    folder.mkdir()
    write(folder / "notes.csv", "a,b\n")

    with pytest.raises(ValueError, match="no export of Stripe in") as error:
        extracted(folder)

    assert "subscriptions.jsonl" in str(error.value)
    assert "not read: notes.csv" in str(error.value)
