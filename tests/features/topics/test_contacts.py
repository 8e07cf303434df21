"""Contact features, each on a few contacts and an answer reckoned by hand."""

import pytest

from perdura.features.catalogue import COLUMNS, FEATURES, WITH_CONTACTS, reads_contacts
from perdura.features.topics.contacts import (
    CONTACT_COLUMNS,
    CONTACT_FEATURES,
    CONTACTED,
    OFFERED,
    SINCE_CONTACTED,
    SINCE_HELD_OUT,
)
from tests.support.measured import after, as_it_becomes_known, at_window_ends, changed_by, row


@pytest.mark.parametrize(
    ("feature", "kind", "windows"),
    [
        (CONTACTED, "contacted", (30, 90)),
        (CONTACTED, "offered", (30, 90)),
        (OFFERED, "offered", (90,)),
    ],
)
def test_a_contact_counts_from_just_after_it_until_its_window_has_passed(feature, kind, windows):
    assert at_window_ends(feature, row(kind)) == {
        f"{feature.name}_{days}d": [0, 1, 1, 0] for days in windows
    }
    assert as_it_becomes_known(feature, row(kind)) == [0, 1]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("contacted", {"contacts", "days_since_contact"}),
        ("offered", {"contacts", "offers", "days_since_contact"}),
        ("held_out", {"days_since_held_out"}),
        ("listed", set()),
    ],
)
def test_each_kind_of_contact_moves_its_own_features_and_no_others(kind, names):
    assert changed_by(CONTACT_FEATURES, contacts=[row(kind)]) == names


def test_two_contacts_are_two_and_the_last_one_says_how_long_ago():
    contacts = [row("contacted", 0), row("offered", 3), row("held_out", 1), row("listed", 9)]
    assert after(CONTACT_FEATURES, 10, contacts=contacts) == {
        "contacts_30d": 2,
        "contacts_90d": 2,
        "offers_90d": 1,
        "days_since_contact": 7,
        "days_since_held_out": 9,
    }


@pytest.mark.parametrize(
    ("feature", "kind"), [(SINCE_CONTACTED, "offered"), (SINCE_HELD_OUT, "held_out")]
)
def test_days_since_are_unknown_until_the_contact_is_known(feature, kind):
    contacts = [row(kind, 0, known=5)]
    assert after([feature], 5, contacts=contacts) == {feature.name: None}
    assert after([feature], 6, contacts=contacts) == {feature.name: 6}


def test_they_are_measured_only_beside_the_others_and_are_never_a_reason():
    assert (*FEATURES, *CONTACT_FEATURES) == WITH_CONTACTS
    assert not any(feature.named for feature in CONTACT_FEATURES)
    assert {name for name in COLUMNS if reads_contacts([name])} == CONTACT_COLUMNS
    assert not reads_contacts([])
    assert reads_contacts(["plan", "offers_90d"])
