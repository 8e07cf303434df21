"""Payments: invoices and attempts, refunds, disputes, credit notes."""

from pathlib import Path
from typing import Any

import pytest

from perdura.sources.extract import extract
from perdura.sources.landing.landing import Landing
from perdura.sources.states.states import states_at
from tests.support.stripe_exports import (
    READ_AT,
    UNTIL,
    Object,
    at,
    charge,
    export,
    extracted,
    invoice,
    item,
    landed,
    line,
    moment,
    price,
    report_on,
    subscription,
)

PRO = price("pro", 3000)
ANN = subscription("ann", [item(PRO)])


def bill(number: int = 1, day: str = "2026-01-05", **more: Any) -> Object:
    return invoice("ann", number, day, [line(PRO, 3000, day, "2026-02-05", of="ann")], **more)


def folder_of(tmp_path: Path, **objects: list[Object]) -> Path:
    return export(tmp_path / "stripe", {"subscriptions": [ANN], **objects})


def paid(folder: Path) -> list[tuple[Any, ...]]:
    """Kind, day, payment, invoice and amount of what landed."""
    columns = ("kind", "happened_at", "payment_id", "invoice_id", "amount")
    rows = landed(folder, "payments").select(columns)
    return [(kind, f"{day:%m-%d}", *rest) for kind, day, *rest in rows.rows()]


def link(number: int, intent: str) -> Object:
    payment = {"type": "payment_intent", "payment_intent": intent}
    return {"invoice": f"in_ann_{number}", "status": "paid", "payment": payment}


def test_an_invoice_that_a_second_attempt_paid(tmp_path: Path) -> None:
    """Today's versions: the invoice's payments say which payment intent is for it."""
    declined = charge(
        "ann", 1, "2026-01-05", 3000, status="failed", payment_intent="pi_ann",
        failure_code="card_declined", outcome={"reason": "insufficient_funds"},
    )  # fmt: skip
    folder = folder_of(
        tmp_path,
        invoices=[bill(moves={"paid_at": at("2026-01-08")}, attempt_count=2)],
        invoice_payments=[link(1, "pi_ann")],
        charges=[declined, charge("ann", 2, "2026-01-08", 3000, payment_intent="pi_ann")],
    )

    extracted(folder)

    assert paid(folder) == [
        ("failed", "01-05", "ch_ann_1", "in_ann_1", 3000),
        ("invoiced", "01-05", "in_ann_1", "in_ann_1", 3000),
        ("paid", "01-08", "ch_ann_2", "in_ann_1", 3000),
    ]
    rows = landed(folder, "payments")
    assert rows["failure_code"].to_list() == ["insufficient_funds", None, None]
    assert rows["method"].to_list() == ["card", None, "card"]


@pytest.mark.parametrize(
    "objects",
    [
        {
            "charges": [charge("ann", 1, "2026-01-05", 3000, invoice="in_ann_1")],
            "invoices": [bill()],
        },
        {"charges": [charge("ann", 1, "2026-01-05", 3000)], "invoices": [bill(charge="ch_ann_1")]},
        {
            "charges": [charge("ann", 1, "2026-01-05", 3000)],
            "invoices": [bill(payment_intent={"id": "pi_ann_1", "object": "payment_intent"})],
        },
    ],
)
def test_older_versions_name_the_invoice_on_the_charge_or_the_charge_on_the_invoice(
    tmp_path: Path, objects: dict[str, list[Object]]
) -> None:
    folder = folder_of(tmp_path, **objects)

    extracted(folder)

    assert ("paid", "01-05", "ch_ann_1", "in_ann_1", 3000) in paid(folder)
    assert len(paid(folder)) == 2


def test_an_invoice_that_no_charge_paid_was_paid_all_the_same(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, invoices=[bill(moves={"paid_at": at("2026-01-09")})])

    extracted(folder)

    assert paid(folder) == [
        ("invoiced", "01-05", "in_ann_1", "in_ann_1", 3000),
        ("paid", "01-09", "in_ann_1", "in_ann_1", 3000),
    ]


@pytest.mark.parametrize(
    ("status", "moves", "last"),
    [
        ("open", {"paid_at": None}, []),
        (
            "uncollectible",
            {"paid_at": None, "marked_uncollectible_at": at("2026-02-01")},
            [("written_off", "02-01", "in_ann_1", "in_ann_1", 2000)],
        ),
        (
            "void",
            {"paid_at": None, "voided_at": at("2026-02-01")},
            [("written_off", "02-01", "in_ann_1", "in_ann_1", 2000)],
        ),
    ],
)
def test_what_becomes_of_an_invoice_that_is_not_paid(
    tmp_path: Path, status: str, moves: Object, last: list[Any]
) -> None:
    folder = folder_of(tmp_path, invoices=[bill(status=status, moves=moves, amount_remaining=2000)])

    extracted(folder)

    assert paid(folder) == [("invoiced", "01-05", "in_ann_1", "in_ann_1", 3000), *last]


def test_a_failed_attempt_makes_past_due_until_the_invoice_is_settled(tmp_path: Path) -> None:
    failed = charge("ann", 1, "2026-01-05", 3000, status="failed", invoice="in_ann_1")
    folder = folder_of(
        tmp_path,
        charges=[failed],
        invoices=[bill(moves={"paid_at": at("2026-01-20")}, attempt_count=3)],
    )
    extracted(folder)
    events = Landing(folder.parent / "landing").events()

    states = [
        states_at(events, moment(day))["state"].item() for day in ("2026-01-06", "2026-01-21")
    ]

    assert states == ["past_due", "active"]


def test_what_asks_for_no_money_and_what_is_no_payment_yet_is_left_out(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        invoices=[invoice("ann", 1, "2026-01-05", []), bill(2, status="draft")],
        charges=[
            charge("ann", 1, "2026-01-05", 3000, status="pending"),
            charge("ann", 2, "2026-01-05", 3000, captured=False),
        ],
    )

    report = report_on(extracted(folder), "payments")

    assert paid(folder) == []
    assert (report.rows, report.skipped, report.rejected) == (4, 4, {})


def test_a_debit_is_known_to_have_failed_days_after_it_was_made(tmp_path: Path) -> None:
    debit = {"payment_method_details": {"type": "sepa_debit"}, "status": "failed"}
    folder = folder_of(
        tmp_path,
        charges=[
            charge("ann", 1, "2026-01-05", 3000, **debit),
            charge("ann", 2, "2026-05-30", 3000, **debit),
        ],
    )

    extracted(folder)

    rows = landed(folder, "payments")
    assert rows["happened_at"].to_list() == [moment("2026-01-05"), moment("2026-05-30")]
    assert rows["known_at"].to_list() == [moment("2026-01-19"), READ_AT]


def test_a_debit_that_went_through_was_paid_when_the_invoice_says(tmp_path: Path) -> None:
    debit = {"payment_method_details": {"type": "us_bank_account"}, "invoice": "in_ann_1"}
    folder = folder_of(
        tmp_path,
        charges=[charge("ann", 1, "2026-01-05", 3000, **debit)],
        invoices=[bill(moves={"paid_at": at("2026-01-09")})],
    )

    extracted(folder)

    assert ("paid", "01-09", "ch_ann_1", "in_ann_1", 3000) in paid(folder)


def test_refunds_and_disputes_are_those_of_their_charge(tmp_path: Path) -> None:
    back = {"currency": "usd", "created": at("2026-01-20"), "livemode": None}
    folder = folder_of(
        tmp_path,
        charges=[
            charge("ann", 1, "2026-01-05", 3000, invoice="in_ann_1"),
            charge("bob", 1, "2026-01-05", 900, livemode=False),
        ],
        refunds=[
            {"id": "re_1", "charge": "ch_ann_1", "amount": 1000, "status": "succeeded", **back},
            {
                "id": "re_2",
                "payment_intent": "pi_ann_1",
                "amount": 500,
                "status": "pending",
                **back,
            },
            {"id": "re_3", "charge": "ch_ann_1", "amount": 1000, "status": "failed", **back},
            {"id": "re_4", "charge": "ch_bob_1", "amount": 900, "status": "succeeded", **back},
            {"id": "re_5", "charge": "ch_gone", "amount": 900, "status": "succeeded", **back},
        ],
        disputes=[
            {"id": "dp_1", "charge": {"id": "ch_ann_1"}, "amount": 3000, "status": "lost", **back}
        ],
    )

    report = report_on(extracted(folder), "payments")

    assert paid(folder)[1:] == [
        ("disputed", "01-20", "dp_1", "in_ann_1", 3000),
        ("refunded", "01-20", "re_1", "in_ann_1", 1000),
        ("refunded", "01-20", "re_2", "in_ann_1", 500),
    ]
    # The charge in test mode, and its refund; the refund of a charge that is not there.
    assert report.rejected == {"test_mode": 2, "no_subscriber": 1}
    assert report.skipped == 1


def test_a_credit_note_gives_back_what_no_refund_does(tmp_path: Path) -> None:
    note = {
        "customer": "cus_ann", "invoice": "in_ann_1", "currency": "usd", "livemode": True,
        "created": at("2026-01-20"), "status": "issued", "type": "post_payment", "total": 800,
    }  # fmt: skip
    folder = folder_of(
        tmp_path,
        invoices=[bill()],
        credit_notes=[
            {"id": "cn_balance", "customer_balance_transaction": "cbtxn_1", **note},
            {"id": "cn_refund", **note, "refunds": [{"refund": "re_1", "amount_refunded": 800}]},
            {"id": "cn_before", **note, "type": "pre_payment"},
            {"id": "cn_void", **note, "status": "void"},
        ],
    )

    report = report_on(extracted(folder), "payments")

    assert paid(folder)[2:] == [("refunded", "01-20", "cn_balance", "in_ann_1", 800)]
    assert report.skipped == 3


def test_amounts_are_in_the_digits_of_their_currency(tmp_path: Path) -> None:
    amounts = {"jpy": 500, "kwd": 5120, "isk": 50_000, "ugx": 50_000, "mga": 500, "usd": 500}
    charges = [
        charge("ann", n, "2026-01-05", amount, currency=code)
        for n, (code, amount) in enumerate(amounts.items())
    ]
    folder = folder_of(tmp_path, charges=charges)

    extracted(folder)

    rows = landed(folder, "payments")
    assert dict(zip(rows["currency"], rows["amount"], strict=True)) == {
        "JPY": 500, "KWD": 5120, "ISK": 500, "UGX": 500, "MGA": 50_000, "USD": 500,
    }  # fmt: skip


def test_customers_tell_keys_to_join_by_and_their_country(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        customers=[
            {
                "id": "cus_ann",
                "created": at("2026-01-04"),
                "email": "Ann@Example.com ",
                "livemode": True,
                "address": {"country": "es"},
                "metadata": {"user_id": "u1"},
            },
            {"id": "cus_gone", "deleted": True},
        ],
    )
    path = folder.parent / "mapping.toml"

    report = extracted(folder, options='metadata = ["user_id"]')
    with path.open("a", encoding="utf-8") as file:
        file.write(_USAGE)
    (folder.parent / "usage.csv").write_text("user,mail,day\nu1,ann@example.com,2026-02-01\n")

    assert "1 customer was deleted" in "; ".join(report_on(report, "subscriptions").notes)
    rows = landed(folder, "subscribers")
    assert rows.select("subscriber_id", "known_at", "name", "value").rows() == [
        ("cus_ann", READ_AT, "country", "ES")
    ]
    extract_again(path)
    assert landed(folder, "usage")["subscriber_id"].to_list() == ["cus_ann", "cus_ann"]


_USAGE = """
[[usage]]
file = "usage.csv"
subscriber_id = "customer"
happened_at = "day"
kind = "'by_id'"
[[usage.join]]
file = "stripe:customers"
on = { user = "metadata_user_id" }
take = { customer = "customer" }

[[usage]]
file = "usage.csv"
subscriber_id = "customer"
happened_at = "day"
kind = "'by_mail'"
[[usage.join]]
file = "stripe:customers"
on = { mail = "email" }
take = { customer = "customer" }
"""


def extract_again(path: Path) -> None:
    extract(path, until=UNTIL, landing=path.parent / "landing")
