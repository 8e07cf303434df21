"""What happened to subscriptions, by the objects, and since when it was known."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.stripe_exports import (
    READ_AT,
    UNTIL,
    Object,
    at,
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
    write,
)

PRO, BASIC = price("pro", 3000), price("basic", 1000)


def told(folder: Path) -> list[tuple[Any, ...]]:
    """Kind, day and hour it happened, and became known, and MRR of what landed."""
    rows = landed(folder, "subscriptions")
    return [
        (
            row["kind"],
            f"{row['happened_at']:%m-%d}",
            f"{row['known_at']:%m-%d}",
            row["mrr"],
        )
        for row in rows.to_dicts()
    ]


def one(tmp_path: Path, *invoices: Object, **more: Any) -> Path:
    """An export of one subscription and its invoices."""
    items = more.pop("items", [item(PRO)])
    objects = {"subscriptions": [subscription("ann", items, **more)], "invoices": [*invoices]}
    return export(tmp_path / "stripe", objects)


def billed(number: int, day: str, until: str, what: Object = PRO, **more: Any) -> Object:
    """An invoice of one whole period."""
    amount = more.pop("amount", what["unit_amount"])
    lines = [line(what, amount, day, until, of="ann"), *more.pop("also", [])]
    return invoice("ann", number, day, lines, **more)


FIRST = billed(1, "2026-01-05", "2026-02-05")


def test_the_first_invoice_tells_what_was_started(tmp_path: Path) -> None:
    folder = one(tmp_path, FIRST, billed(2, "2026-02-05", "2026-03-05"))

    extracted(folder)

    assert told(folder) == [("started", "01-05", "01-05", 3000)]
    [row] = landed(folder, "subscriptions").to_dicts()
    assert (row["plan"], row["interval_months"], row["quantity"]) == ("pro", 1.0, 1)


def test_without_invoices_the_price_is_known_since_the_object_was_read(tmp_path: Path) -> None:
    folder = one(tmp_path)

    extracted(folder)

    rows = landed(folder, "subscriptions")
    assert told(folder) == [
        ("started", "01-05", "01-05", None),
        ("started", "01-05", "06-01", 3000),
    ]
    assert rows["known_at"].to_list() == [moment("2026-01-05"), READ_AT]


def test_what_an_object_shows_is_not_known_before_it_was_read(tmp_path: Path) -> None:
    folder = one(tmp_path, pause_collection={"behavior": "void", "resumes_at": None})

    report = extracted(folder, until=moment("2026-06-01"))

    assert told(folder) == [("started", "01-05", "01-05", None)]
    assert report.tables[0].not_yet_known == 2


def test_an_upgrade_within_a_period_is_dated_by_what_the_next_invoice_sets_off(
    tmp_path: Path,
) -> None:
    """Upgraded on 20 February; the invoice of 5 March gives back the rest and bills the new."""
    change = {"of": "ann", "proration": True}
    also = [
        line(BASIC, -464, "2026-02-20", "2026-03-05", **change),
        line(PRO, 1393, "2026-02-20", "2026-03-05", **change),
    ]
    folder = one(
        tmp_path,
        billed(1, "2026-01-05", "2026-02-05", BASIC),
        billed(2, "2026-02-05", "2026-03-05", BASIC),
        billed(3, "2026-03-05", "2026-04-05", PRO, also=also),
    )

    extracted(folder)

    assert told(folder) == [
        ("started", "01-05", "01-05", 1000),
        ("plan_changed", "02-20", "03-05", 3000),
    ]


def test_a_price_that_no_invoice_billed_yet_is_a_newer_version_of_what_was_known(
    tmp_path: Path,
) -> None:
    folder = one(tmp_path, billed(1, "2026-01-05", "2026-02-05", BASIC), items=[item(PRO)])

    extracted(folder)

    assert told(folder) == [
        ("started", "01-05", "01-05", 1000),
        ("started", "01-05", "06-01", 3000),
    ]


def test_a_draft_and_a_line_that_is_no_period_bill_nothing(tmp_path: Path) -> None:
    setup = {**line(PRO, 9900, "2026-02-05", "2026-02-05", of="ann")}
    setup["parent"] = {"invoice_item_details": {"subscription": "sub_ann", "proration": False}}
    draft = billed(
        3, "2026-03-05", "2026-04-05", BASIC, status="draft", moves={"finalized_at": None}
    )
    folder = one(tmp_path, FIRST, billed(2, "2026-02-05", "2026-03-05", also=[setup]), draft)

    extracted(folder)

    assert told(folder) == [("started", "01-05", "01-05", 3000)]


def test_a_reduction_that_ends_is_a_change_and_one_for_a_single_invoice_is_none(
    tmp_path: Path,
) -> None:
    def reduced(number: int, day: str, until: str, discount: str, amount: int) -> Object:
        made = billed(number, day, until)
        made["lines"]["data"][0]["discount_amounts"] = [{"amount": amount, "discount": discount}]
        return made

    folder = one(
        tmp_path,
        reduced(1, "2026-01-05", "2026-02-05", "di_once", 1500),
        reduced(2, "2026-02-05", "2026-03-05", "di_3_months", 600),
        billed(3, "2026-03-05", "2026-04-05"),
    )
    coupons = [
        {"id": "di_once", "coupon": {"id": "A", "percent_off": 50, "duration": "once"}},
        {"id": "di_3_months", "coupon": {"id": "B", "percent_off": 20, "duration": "repeating"}},
    ]
    export(folder, {"discounts": coupons})

    extracted(folder)

    assert told(folder) == [
        ("started", "01-05", "01-05", 3000),
        ("plan_changed", "02-05", "02-05", 2400),
        ("plan_changed", "03-05", "03-05", 3000),
    ]


def test_a_trial_that_was_paid_for_after_it_ended(tmp_path: Path) -> None:
    trial = {"trial_start": at("2026-01-05"), "trial_end": at("2026-01-19")}
    nothing = billed(1, "2026-01-05", "2026-01-19", amount=0)
    folder = one(tmp_path, nothing, billed(2, "2026-01-19", "2026-02-19"), **trial)

    extracted(folder)

    assert told(folder) == [
        ("trial_started", "01-05", "01-05", None),
        ("started", "01-19", "01-19", 3000),
    ]


def test_a_trial_that_was_not(tmp_path: Path) -> None:
    trial = {"trial_start": at("2026-01-05"), "trial_end": at("2026-01-19")}
    folder = one(tmp_path, status="canceled", ended_at=at("2026-01-12"),
                 canceled_at=at("2026-01-12"), **trial)  # fmt: skip

    extracted(folder, until=moment("2026-06-01"))

    assert told(folder) == [
        ("trial_started", "01-05", "01-05", None),
        ("ended", "01-12", "01-12", 0),
    ]


def test_a_trial_that_lapsed_into_a_pause_for_want_of_a_card(tmp_path: Path) -> None:
    trial = {"trial_start": at("2026-01-05"), "trial_end": at("2026-01-19")}
    folder = one(tmp_path, status="paused", **trial)

    extracted(folder, until=moment("2026-06-01"))

    assert told(folder) == [
        ("trial_started", "01-05", "01-05", None),
        ("paused", "01-19", "01-19", None),
    ]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("cancellation_requested", "voluntary"),
        ("payment_failed", "payment"),
        ("payment_disputed", "other"),
        (None, "unknown"),
        ("canceled_by_moon", "unknown"),
    ],
)
def test_why_it_ended(tmp_path: Path, reason: str | None, cause: str) -> None:
    ended = {"status": "canceled", "ended_at": at("2026-03-05"), "canceled_at": at("2026-03-05")}
    folder = one(tmp_path, FIRST, cancellation_details={"reason": reason}, **ended)

    extracted(folder)

    assert told(folder) == [("started", "01-05", "01-05", 3000), ("ended", "03-05", "03-05", 0)]
    assert landed(folder, "subscriptions")["reason"].to_list() == [None, cause]


def test_a_cancellation_at_the_end_of_the_period_was_asked_for_before(tmp_path: Path) -> None:
    folder = one(
        tmp_path,
        FIRST,
        cancel_at_period_end=True,
        canceled_at=at("2026-01-20"),
        ended_at=at("2026-02-05"),
        status="canceled",
        cancellation_details={"reason": "cancellation_requested"},
    )

    extracted(folder)

    assert told(folder) == [
        ("started", "01-05", "01-05", 3000),
        ("cancel_scheduled", "01-20", "01-20", None),
        ("ended", "02-05", "02-05", 0),
    ]


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
def test_what_was_never_paid_for_tells_no_event(tmp_path: Path, status: str) -> None:
    folder = one(tmp_path, status=status, ended_at=at("2026-01-06"))

    report = report_on(extracted(folder), "subscriptions")

    assert told(folder) == []
    assert (report.skipped, report.rejected) == (1, {})
    assert "1 subscription was never paid for (incomplete): no event" in report.notes


def test_one_that_began_before_it_was_entered_is_known_since_then(tmp_path: Path) -> None:
    folder = one(tmp_path, start_date=at("2025-09-05"))

    extracted(folder, until=moment("2026-06-01"))

    assert told(folder) == [("started", "09-05", "01-05", None)]


def test_a_pause_came_after_the_last_payment_and_is_known_since_it_was_read(tmp_path: Path) -> None:
    void = billed(3, "2026-03-05", "2026-04-05", status="void", moves={"paid_at": None})
    folder = one(
        tmp_path,
        FIRST,
        billed(2, "2026-02-05", "2026-03-05"),
        void,
        pause_collection={"behavior": "void", "resumes_at": None},
    )

    report = extracted(folder)

    assert told(folder) == [
        ("started", "01-05", "01-05", 3000),
        ("paused", "02-05", "06-01", None),
    ]
    assert any(note.startswith("1 pause dated by the last") for note in report.tables[0].notes)


def test_what_an_object_shows_no_longer_is_undone_at_the_next_extract(tmp_path: Path) -> None:
    asked = {"cancel_at_period_end": True, "canceled_at": at("2026-05-20")}
    paused = {"pause_collection": {"behavior": "void", "resumes_at": None}}
    folder = export(
        tmp_path / "stripe",
        {
            "subscriptions": [
                subscription("ann", [item(PRO)], **asked),
                subscription("bob", [item(PRO)], **paused),
                subscription("eve", [item(BASIC)]),
            ]
        },
    )
    extracted(folder)
    before = landed(folder, "subscriptions")
    next_day = moment("2026-06-03")
    export(
        folder,
        {
            "subscriptions": [
                subscription("ann", [item(PRO)]),
                subscription("bob", [item(PRO)]),
                subscription("eve", [item(PRO)]),
            ]
        },
    )

    extracted(folder, until=next_day)
    extracted(folder, until=moment("2026-06-04"))

    new = landed(folder, "subscriptions").join(
        before, on=before.columns, how="anti", nulls_equal=True
    )
    assert [(row["subscriber_id"], row["kind"], row["mrr"]) for row in new.to_dicts()] == [
        ("cus_ann", "cancel_withdrawn", 3000),
        ("cus_bob", "resumed", 3000),
        ("cus_eve", "plan_changed", 3000),
    ]
    assert (new["known_at"] < next_day).all()
    assert (new["known_at"] >= UNTIL).all()


def test_test_mode_is_refused_and_counted(tmp_path: Path) -> None:
    folder = export(
        tmp_path / "stripe",
        {
            "subscriptions": [
                subscription("ann", [item(PRO)]),
                subscription("bob", [item(PRO)], livemode=False),
            ]
        },
    )

    report = report_on(extracted(folder), "subscriptions")

    assert report.rejected == {"test_mode": 1}
    assert landed(folder, "subscriptions")["subscriber_id"].unique().to_list() == ["cus_ann"]


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"status": "hibernating"}, "unknown_status"),
        ({"created": "the other day"}, "unreadable_value"),
        ({"customer": None}, "no_subscriber"),
    ],
)
def test_what_cannot_be_understood_is_rejected_and_the_rest_lands(
    tmp_path: Path, more: Object, rule: str
) -> None:
    folder = export(
        tmp_path / "stripe",
        {
            "subscriptions": [
                subscription("ann", [item(PRO)], **more),
                subscription("bob", [item(PRO)]),
            ]
        },
    )

    report = report_on(extracted(folder), "subscriptions")

    assert rule in report.rejected
    assert {example.row for example in report.examples if example.rule == rule} == {1}
    assert landed(folder, "subscriptions")["subscriber_id"].unique().to_list() == ["cus_bob"]


def test_broken_lines_are_counted_and_the_rest_lands(tmp_path: Path) -> None:
    folder = one(tmp_path)
    path = folder / "subscriptions.jsonl"
    whole = path.read_text("utf-8")
    write(path, "not JSON\n\n" + whole + '["a", "list"]\n{"id": "sub_cut", "cust')

    report = report_on(extracted(folder), "subscriptions")

    assert report.rejected == {"broken_line": 2, "cut_off": 1}
    assert {(one.rule, one.file, one.row) for one in report.examples} == {
        ("broken_line", "stripe/subscriptions.jsonl", 1),
        ("cut_off", "stripe/subscriptions.jsonl", 5),
    }
    assert landed(folder, "subscriptions")["subscriber_id"].unique().to_list() == ["cus_ann"]


def test_of_an_object_that_stands_there_twice_the_last_counts(tmp_path: Path) -> None:
    folder = one(tmp_path)
    later = subscription("ann", [item(PRO)], status="canceled", ended_at=at("2026-05-01"))
    export(folder, {"subscriptions": [subscription("ann", [item(PRO)]), later]})

    report = report_on(extracted(folder), "subscriptions")

    assert "1 subscription more than once; the last of each counts" in report.notes
    assert "ended" in landed(folder, "subscriptions")["kind"].to_list()
