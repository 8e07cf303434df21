"""Keys that Stripe renamed, or an exporter: what needs them is refused by name, the rest lands."""

import json
from pathlib import Path
from typing import Any

import pytest

from perdura.sources.extract import IncompleteExtract
from tests.support.stripe_exports import (
    Object,
    charge,
    export,
    extracted,
    invoice,
    item,
    landed,
    line,
    price,
    report_on,
    subscription,
)

PRO = price("pro", 3000)
OBJECTS: dict[str, list[Object]] = {
    "subscriptions": [subscription("ann", [item(PRO)]), subscription("bob", [item(PRO)])],
    "invoices": [
        invoice("ann", 1, "2026-01-05", [line(PRO, 3000, "2026-01-05", "2026-02-05", of="ann")])
    ],
    "charges": [charge("bob", 1, "2026-01-05", 3000)],
}


def renamed(kind: str, **names: str) -> dict[str, list[Any]]:
    """The export with keys of one kind's objects under other names, wherever they stand."""
    text = json.dumps(OBJECTS[kind])
    for old, new in names.items():
        text = text.replace(f'"{old}":', f'"{new}":')
    return OBJECTS | {kind: json.loads(text)}


SUBSCRIPTIONS: list[tuple[dict[str, str], str]] = [
    ({"customer": "client"}, "subscriptions has the key 'customer'; there is client"),
    (
        {"created": "made", "start_date": "begins_at"},
        "subscriptions has the key 'start_date'; there is begins_at, made",
    ),
    (
        {"unit_amount": "price_amount", "unit_amount_decimal": "price_amount_decimal"},
        "prices of subscriptions has the key 'unit_amount'; did you mean price_amount",
    ),
]


@pytest.mark.parametrize(("names", "words"), SUBSCRIPTIONS)
def test_subscriptions_with_a_key_that_was_renamed_are_refused_and_the_key_is_named(
    tmp_path: Path, names: dict[str, str], words: str
) -> None:
    folder = export(tmp_path / "stripe", renamed("subscriptions", **names))

    with pytest.raises(IncompleteExtract) as refused:
        extracted(folder)

    (problem,) = refused.value.report.problems
    assert f"stripe/subscriptions.jsonl: hardly any of the {words}" in problem
    # To leave the table out is no remedy.
    assert "optional = true" not in problem
    assert landed(folder, "payments").height


PAYMENTS: list[tuple[str, dict[str, str], str]] = [
    ("invoices", {"status": "state"}, "invoices has the key 'status'; did you mean state"),
    ("charges", {"amount": "amount_total"}, "charges has the key 'amount'; did you mean amount_"),
]


@pytest.mark.parametrize(("kind", "names", "words"), PAYMENTS)
def test_payments_with_a_key_that_was_renamed_are_degraded_and_the_key_is_named(
    tmp_path: Path, kind: str, names: dict[str, str], words: str
) -> None:
    report = extracted(export(tmp_path / "stripe", renamed(kind, **names)))

    assert "payments" in report.degraded
    said = "\n".join(report_on(report, "payments").notes)
    assert f"stripe/{kind}.jsonl: hardly any of the {words}" in said


def test_what_does_not_need_the_key_lands(tmp_path: Path) -> None:
    folder = export(tmp_path / "stripe", renamed("invoices", status="state"))

    extracted(folder)

    assert landed(folder, "payments")["kind"].to_list() == ["paid"]
    assert landed(folder, "subscriptions").height
