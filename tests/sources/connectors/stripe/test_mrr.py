"""MRR by customer, reckoned by hand."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from perdura.sources.landing.landing import Landing
from perdura.sources.states.states import states_at
from tests.support.stripe_exports import (
    UNTIL,
    Object,
    at,
    export,
    extracted,
    item,
    price,
    subscription,
)


def mrr_of(folder: Path) -> dict[str, tuple[int | None, str | None]]:
    """What each customer pays by the end, by the states that nights are scored with."""
    states = states_at(Landing(folder.parent / "landing").events(), UNTIL)
    return {row["subscriber_id"]: (row["mrr"], row["currency"]) for row in states.to_dicts()}


NUMBERS = count()


def coupon(**said: object) -> Object:
    """A discount with its coupon, as it is expanded; no two have one id."""
    number = next(NUMBERS)
    of = {"id": f"C{number}", "duration": "forever", **said}
    return {"id": f"di_{number}", "coupon": of, "end": None}


HALF = coupon(percent_off=50, duration="repeating", duration_in_months=3)
PRO, SEAT, YEARLY = price("pro", 3000), price("seat", 500), price("yearly", 10_000, "year")
GRADUATED = price(
    "graduated", None, billing_scheme="tiered", tiers_mode="graduated",
    tiers=[
        {"up_to": 10, "unit_amount": 100, "flat_amount": 500},
        {"up_to": None, "unit_amount": 50},
    ],
)  # fmt: skip
VOLUME = {**GRADUATED, "id": "price_volume", "tiers_mode": "volume"}
Case = tuple[Object, int, str]


def case(name: str, items: Sequence[Object], mrr: int, currency: str = "USD", **more: Any) -> Case:
    """A subscription, and what it comes to a month."""
    return subscription(name, items, currency=currency.lower(), **more), mrr, currency


def in_currency(code: str, amount: int, interval: str = "month") -> list[Object]:
    """An item of a price in a currency."""
    return [item(price(code, amount, interval, currency=code))]


TRIAL = {"created": at("2026-05-20"), "start_date": at("2026-05-20"), "status": "trialing"}
CASES = (
    case("one_item", [item(PRO)], 3000),
    # 3000 + 7 x 500
    case("seats", [item(PRO), item(SEAT, 7)], 6500),
    # 3000 + 10000 / 12 = 3833.33
    case("mixed", [item(PRO), item(YEARLY)], 3833),
    # 10000 / 12 = 833.33
    case("yearly", [item(YEARLY)], 833),
    # 9000 / 3
    case("quarterly", [item(price("q", 9000, count=3))], 3000),
    # 1000 a week x 30.4375 / 7 = 4348.21
    case("weekly", [item(price("w", 1000, "week"))], 4348),
    # 29.5 cents a call x 100
    case("decimals", [item(price("d", None, unit_amount_decimal="29.5"), 100)], 2950),
    # 25 sold in packs of 10, rounded up: 3 x 700
    case(
        "packs",
        [item(price("p", 700, transform_quantity={"divide_by": 10, "round": "up"}), 25)],
        2100,
    ),
    # Usage is not recurring.
    case("metered", [item(PRO), item(price("m", 9, usage_type="metered"), None)], 3000),
    # 10 x 100 + 500 + 2 x 50
    case("graduated", [item(GRADUATED, 12)], 1600),
    # 12 x 50
    case("volume", [item(VOLUME, 12)], 600),
    # 3000 x 0.75
    case("percent", [item(PRO)], 2250, discounts=[coupon(percent_off=25)]),
    # 3000 - 800
    case("amount", [item(PRO)], 2200, discounts=[coupon(amount_off=800, currency="usd")]),
    # (10000 - 1000) / 12
    case("yearly_off", [item(YEARLY)], 750, discounts=[coupon(amount_off=1000)]),
    # One after the other: 3000 x 0.9 - 200 = 2500; x 0.5
    case(
        "stacked",
        [item(PRO)],
        1250,
        discounts=[coupon(percent_off=10), coupon(amount_off=200), coupon(percent_off=50)],
    ),
    # The first invoice alone is reduced.
    case("once", [item(PRO)], 3000, discounts=[coupon(percent_off=50, duration="once")]),
    # A reduction for some months that still runs, and one that is over.
    case("running", [item(PRO)], 1500, discounts=[HALF | {"end": at("2026-09-01")}]),
    case("over", [item(PRO)], 3000, discounts=[HALF | {"id": "di_o", "end": at("2026-03-01")}]),
    # Of one item, then of all: (3000 + 500 x 0.5) x 0.8
    case(
        "of_an_item",
        [item(PRO), item(SEAT, discounts=[coupon(percent_off=50)])],
        2600,
        discounts=[coupon(percent_off=20)],
    ),
    case("too_much", [item(SEAT)], 0, discounts=[coupon(amount_off=9000)]),
    # A version of before 2025: one discount, beside the list.
    case("older", [item(PRO)], 2700, discounts=None, discount=coupon(percent_off=10)),
    # Yen have no cents; dinars have three digits.
    case("yen", in_currency("jpy", 12_000, "year"), 1000, "JPY"),
    case("dinar", in_currency("kwd", 9990), 9990, "KWD"),
    # Stripe counts these in hundredths that they have not: 10000.00 / 12 = 833
    case("krona", in_currency("isk", 1_000_000, "year"), 833, "ISK"),
    case("shilling", in_currency("ugx", 500_000), 5000, "UGX"),
    # And these without the hundredths that they have.
    case("ariary", in_currency("mga", 500), 50_000, "MGA"),
    case(
        "trial", [item(PRO)], 0, trial_start=at("2026-05-20"), trial_end=at("2026-06-20"), **TRIAL
    ),
    case("past_due", [item(PRO)], 3000, status="past_due"),
)  # fmt: skip


def test_what_each_customer_pays_a_month(tmp_path: Path) -> None:
    folder = export(tmp_path / "stripe", {"subscriptions": [one for one, _, _ in CASES]})

    extracted(folder)

    expected = {one["customer"]: (mrr, currency) for one, mrr, currency in CASES}
    assert mrr_of(folder) == expected


def test_coupons_and_prices_in_files_of_their_own(tmp_path: Path) -> None:
    by_id = {"id": "di_9", "source": {"type": "coupon", "coupon": "HALF"}, "end": None}
    folder = export(
        tmp_path / "stripe",
        {
            "subscriptions": [
                subscription("ann", [item(PRO)], discounts=["di_9"]),
                subscription("bob", [item(PRO)], discounts=[by_id]),
                # Of the customer, where the subscription has none; and a product with its fields.
                subscription("eve", [item({**PRO, "product": {"id": "prod_pro", "name": "P"}})]),
            ],
            "customers": [{"id": "cus_eve", "discount": {**by_id, "id": "di_7"}}],
            "coupons": [{"id": "HALF", "percent_off": 50, "duration": "forever"}],
        },
    )

    extracted(folder)

    assert mrr_of(folder) == {f"cus_{name}": (1500, "USD") for name in ("ann", "bob", "eve")}


def test_what_nothing_is_known_of_is_said(tmp_path: Path) -> None:
    bare = price("bare", None, billing_scheme="tiered", tiers_mode="volume")
    folder = export(
        tmp_path / "stripe",
        {
            "subscriptions": [
                subscription("ann", [item(PRO)], discounts=["di_unknown"]),
                subscription("bob", [item(bare, 3)]),
            ]
        },
    )

    notes = "; ".join(extracted(folder).tables[0].notes)

    assert "1 subscription with discounts of which nothing is known but an id" in notes
    assert "1 subscription with prices in tiers" in notes
    assert "of 1 the export has no tiers" in notes
    assert mrr_of(folder) == {"cus_ann": (3000, "USD"), "cus_bob": (None, "USD")}


@pytest.mark.parametrize("value", ["12a", {"amount": 5}])
def test_a_price_that_is_no_number_is_rejected_and_the_rest_lands(
    tmp_path: Path, value: object
) -> None:
    odd = price("odd", value, unit_amount_decimal=value)
    folder = export(
        tmp_path / "stripe",
        {"subscriptions": [subscription("ann", [item(odd)]), subscription("bob", [item(PRO)])]},
    )

    report = extracted(folder)

    assert report.tables[0].rejected == {"unreadable_value": 1}
    assert mrr_of(folder) == {"cus_ann": (None, "USD"), "cus_bob": (3000, "USD")}


def test_amounts_as_text_are_amounts(tmp_path: Path) -> None:
    folder = export(
        tmp_path / "stripe",
        {"subscriptions": [subscription("ann", [item(price("t", "3000"), "2")])]},
    )

    extracted(folder)

    assert mrr_of(folder) == {"cus_ann": (6000, "USD")}
