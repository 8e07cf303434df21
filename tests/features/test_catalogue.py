"""The catalogue: which features are measured when, and the page that lists them."""

import pytest

from perdura.features.catalogue import (
    COLUMNS,
    FEATURES,
    WITH_CONTACTS,
    column_named,
    page,
    to_measure,
)
from perdura.features.definition import Derived, Latest, Over


@pytest.mark.parametrize(("contacts", "features"), [(False, FEATURES), (True, WITH_CONTACTS)])
def test_contacts_are_measured_where_that_is_asked_for(contacts, features):
    assert to_measure(contacts=contacts) == features


def test_attributes_follow_in_the_order_of_their_names_each_once():
    features = to_measure(contacts=False, attributes=["b", "a", "b"])
    assert [feature.name for feature in features[len(FEATURES) :]] == [
        "attribute_a",
        "attribute_b",
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("payments_failed_30d", "payments_failed_30d"),
        ("contacts_30d", "contacts_30d"),
        ("attribute_segment", "attribute_segment"),
        ("payments_failed", None),  # a feature, and no column
        ("payments_failed_31d", None),
        ("segment", None),
        ("", None),
    ],
)
def test_a_column_is_found_by_its_name_or_none_is(name, found):
    column = column_named(name)
    assert (column and column.name) == found


def test_each_number_says_which_of_its_values_may_be_a_reason_to_leave():
    """All but the billing period: comparable subscribers have the same."""
    alone = {
        column.name
        for column in COLUMNS.values()
        for feature in [column.feature]
        if feature.named and not column.is_category
        if (feature.reason_from, feature.reason_below, feature.worse) == (None, None, None)
    }
    assert alone == {"interval_months"}


def test_columns_stand_in_the_order_of_the_builder():
    assert list(COLUMNS) == [column.name for one in WITH_CONTACTS for column in one.columns]


@pytest.mark.parametrize(
    "line",
    [
        (
            "| `payments_failed` | 7, 30, 90, 180, 365 | payments: count where `kind = 'failed'` | "
            "payments | payment_failures | *n* payments failed | *n* pagos fallaron |"
        ),
        (
            "| `days_since_used` |  | usage: days since the last | days | usage | "
            "last used the service *n* ago | usó el servicio por última vez hace *n* |"
        ),
        (
            "| `usage_trend` |  | `3 * usage_30d / nullif(usage_90d, 0)` | share | usage | "
            "used the service *n* as much as usual in the last 30 days | "
            "usó el servicio un *n* de lo habitual en los últimos 30 días |"
        ),
        (
            "| `invoices_unpaid` |  | payments: invoice_id open, by `kind = 'invoiced'` against "
            "`kind IN ('paid', 'written_off')` | invoices | unpaid_invoices | "
            "*n* invoices are unpaid | hay *n* facturas sin pagar |"
        ),
        (
            "| `payment_method` |  | payments: last known method | category | payment_method | "
            "pays by *n* | paga con *n* |"
        ),
        (
            "| `amount_paid` | 30, 90, 365 | payments: sum of amount where `kind = 'paid'` | "
            "money | money | *n* was paid | se pagaron *n* |"
        ),
    ],
    ids=["count", "since", "derived", "balance", "latest", "sum"],
)
def test_the_page_has_a_line_for_each_feature(line):
    lines = page().splitlines()
    assert line in lines
    assert sum(one.startswith("| `") for one in lines) == len(WITH_CONTACTS)
    assert all(one.count("|") == 8 for one in lines if one.startswith("|"))


@pytest.mark.parametrize("feature", WITH_CONTACTS, ids=lambda one: one.name)
def test_every_feature_says_what_it_is_in_both_languages(feature):
    assert feature.signal == feature.signal.lower()
    for phrases in (feature.en, feature.es):
        assert phrases.none
        assert "{n}" in phrases.many
        assert "{n}" not in phrases.one
    if not isinstance(feature, Derived):
        match feature.measure:
            case Over("count"):
                assert feature.when_empty == 0, "nothing counted is zero"
            case Latest():
                assert feature.when_empty is None, "what was never said is unknown"
            case _:
                pass


@pytest.mark.parametrize("feature", FEATURES, ids=lambda one: one.name)
def test_a_derived_feature_reads_columns_that_are_measured(feature):
    if isinstance(feature, Derived):
        plain = {c.name for one in FEATURES if not isinstance(one, Derived) for c in one.columns}
        assert any(name in feature.sql for name in plain)
        assert feature.name not in plain
