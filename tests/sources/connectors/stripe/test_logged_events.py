"""Events of the last 30 days date what objects do not."""

import json
from pathlib import Path
from typing import Any

from tests.support.stripe_exports import (
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
)

PRO, BASIC = price("pro", 3000), price("basic", 1000)
PAUSE = {"behavior": "void", "resumes_at": None}
ASKED = {"cancel_at_period_end": True, "canceled_at": at("2026-05-20T10:00:00"),
         "cancellation_details": {"reason": "cancellation_requested"}}  # fmt: skip


def event(
    number: int, when: str, before: Object | None, kind: str = "updated", **after: Any
) -> Object:
    """An event of Ann's subscription, as it was after it."""
    items = after.pop("items", [item(PRO)])
    data = {"object": subscription("ann", items, **after)}
    if before is not None:
        data["previous_attributes"] = before
    return {
        "id": f"evt_{number}",
        "object": "event",
        "created": at(when),
        "data": data,
        "livemode": after.get("livemode", True),
        "type": f"customer.subscription.{kind}",
    }


def folder_of(tmp_path: Path, *events: Object, **now: Any) -> Path:
    items = now.pop("items", [item(PRO)])
    billed = invoice(
        "ann", 1, "2026-01-05", [line(PRO, 3000, "2026-01-05", "2026-02-05", of="ann")]
    )
    return export(
        tmp_path / "stripe",
        {
            "subscriptions": [subscription("ann", items, **now)],
            "invoices": now.pop("invoices", [billed]),
            "events": [*events],
        },
    )


def told(folder: Path) -> list[tuple[str, str, str, int | None]]:
    """Kind, when it happened and became known, and MRR of what landed."""
    rows = landed(folder, "subscriptions").to_dicts()
    return [
        (r["kind"], f"{r['happened_at']:%m-%d %H}", f"{r['known_at']:%m-%d %H}", r["mrr"])
        for r in rows
    ]


STARTED = ("started", "01-05 00", "01-05 00", 3000)


def test_a_pause_and_its_end(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        event(1, "2026-05-10T09:00:00", {"pause_collection": None}, pause_collection=PAUSE),
        event(2, "2026-05-20T11:00:00", {"pause_collection": PAUSE}),
    )

    report = report_on(extracted(folder), "subscriptions")

    assert told(folder) == [
        STARTED,
        ("paused", "05-10 09", "05-10 09", None),
        ("resumed", "05-20 11", "05-20 11", None),
    ]
    assert {"paused: 1 dated by events", "resumed: 1 dated by events"} <= {*report.notes}


def test_a_pause_that_lasts_is_dated_by_the_event_and_not_by_the_last_payment(
    tmp_path: Path,
) -> None:
    folder = folder_of(
        tmp_path,
        event(1, "2026-05-10T09:00:00", {"pause_collection": None}, pause_collection=PAUSE),
        pause_collection=PAUSE,
    )

    extracted(folder)

    assert told(folder) == [STARTED, ("paused", "05-10 09", "05-10 09", None)]


def test_second_thoughts_of_leaving(tmp_path: Path) -> None:
    none = {"cancel_at_period_end": False, "canceled_at": None}
    folder = folder_of(
        tmp_path,
        event(1, "2026-05-20T10:00:01", none, **ASKED),
        event(2, "2026-05-21T12:00:00", {"cancel_at_period_end": True, "canceled_at": 1}),
    )

    extracted(folder)

    assert told(folder) == [
        STARTED,
        ("cancel_scheduled", "05-20 10", "05-20 10", None),
        ("cancel_withdrawn", "05-21 12", "05-21 12", None),
    ]
    assert landed(folder, "subscriptions")["reason"].to_list() == [None, "voluntary", None]


def test_what_the_object_dates_itself_is_not_told_twice(tmp_path: Path) -> None:
    none = {"cancel_at_period_end": False, "canceled_at": None}
    folder = folder_of(tmp_path, event(1, "2026-05-20T10:00:01", none, **ASKED), **ASKED)

    report = report_on(extracted(folder), "subscriptions")

    assert told(folder) == [STARTED, ("cancel_scheduled", "05-20 10", "05-20 10", None)]
    assert report.rejected == {}


def test_another_price_is_known_when_it_changed_and_not_again_by_the_next_invoice(
    tmp_path: Path,
) -> None:
    """Basic from the start, Pro since 12 May; the invoice of 1 June bills Pro."""
    start, change, due = "2026-05-01", "2026-05-12T15:00:00", "2026-06-01"
    changed = event(1, change, {"items": {"data": [{"id": "si_ann_0"}]}, "quantity": 1})
    proration = line(PRO, 2000, "2026-05-12T15:00:00", due, of="ann", proration=True)
    folder = export(
        tmp_path / "stripe",
        {
            "subscriptions": [
                subscription("ann", [item(PRO)], created=at(start), start_date=at(start))
            ],
            "invoices": [
                invoice("ann", 1, start, [line(BASIC, 1000, start, due, of="ann")]),
                invoice("ann", 2, due, [line(PRO, 3000, due, "2026-07-01", of="ann"), proration]),
            ],
            "events": [changed],
        },
    )

    report = report_on(extracted(folder), "subscriptions")

    assert told(folder) == [
        ("started", "05-01 00", "05-01 00", 1000),
        ("plan_changed", "05-12 15", "05-12 15", 3000),
    ]
    assert (
        "prices of subscriptions: dated by events 1, by invoices 1, known since the object was "
        "read 0"
    ) in report.notes


def test_a_discount_in_an_event_is_that_of_then(tmp_path: Path) -> None:
    half = {"id": "di_1", "coupon": {"id": "H", "percent_off": 50, "duration": "forever"}}
    folder = folder_of(
        tmp_path,
        event(1, "2026-05-12T15:00:00", {"discounts": []}, discounts=[half]),
        event(2, "2026-05-14T15:00:00", {"discounts": ["di_1"]}),
    )

    extracted(folder)

    assert told(folder) == [
        STARTED,
        ("plan_changed", "05-12 15", "05-12 15", 1500),
        ("plan_changed", "05-14 15", "05-14 15", 3000),
    ]


def test_a_new_subscription_is_described_by_its_first_event(tmp_path: Path) -> None:
    born = {"created": at("2026-05-25"), "start_date": at("2026-05-25")}
    folder = export(
        tmp_path / "stripe",
        {
            "subscriptions": [subscription("ann", [item(PRO)], **born)],
            "events": [event(1, "2026-05-25T00:00:02", None, "created", **born)],
        },
    )

    extracted(folder)

    rows = landed(folder, "subscriptions")
    assert rows.select("kind", "happened_at", "known_at", "mrr").rows() == [
        ("started", moment("2026-05-25"), moment("2026-05-25T00:00:02"), 3000)
    ]


def test_other_events_and_those_in_test_mode_tell_nothing(tmp_path: Path) -> None:
    other = {"id": "evt_9", "type": "charge.refunded", "created": 1, "data": {"object": {"id": 1}}}
    folder = folder_of(
        tmp_path,
        other,
        event(1, "2026-05-10T09:00:00", {"metadata": {"a": "b"}}),
        event(2, "2026-05-10T09:00:00", {"pause_collection": None}, livemode=False,
              pause_collection=PAUSE),
        event(3, "2026-05-29T09:00:00", None, "trial_will_end"),
    )  # fmt: skip

    extracted(folder)

    assert told(folder) == [STARTED]


def test_what_landed_stays_when_its_event_is_gone_after_30_days(tmp_path: Path) -> None:
    none = {"cancel_at_period_end": False, "canceled_at": None}
    folder = folder_of(
        tmp_path,
        event(1, "2026-05-20T10:00:01", none, **ASKED),
        event(2, "2026-05-21T12:00:00", {"cancel_at_period_end": True, "canceled_at": 1}),
    )
    extracted(folder)
    before = told(folder)
    export(folder, {"events": []})

    report = report_on(extracted(folder, until=moment("2026-06-20")), "subscriptions")

    assert told(folder) == before
    assert (report.landed, report.inferred) == (0, 0)


def test_a_broken_event_spoils_no_other(tmp_path: Path) -> None:
    sound = event(1, "2026-05-10T09:00:00", {"pause_collection": None}, pause_collection=PAUSE)
    odd = {**sound, "id": "evt_2", "data": {"object": "sub_ann"}}
    folder = folder_of(tmp_path)
    lines = [json.dumps(odd), json.dumps(sound), '{"id": "evt_3", "crea']
    (folder / "events.jsonl").write_text("\n".join(lines), "utf-8")

    report = report_on(extracted(folder), "subscriptions")

    assert report.rejected == {"cut_off": 1}
    assert told(folder)[1] == ("paused", "05-10 09", "05-10 09", None)
