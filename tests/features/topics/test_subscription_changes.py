"""Changes of price and plan, and pauses: each on a few events and an answer reckoned by hand."""

import pytest

from perdura.features.topics.subscription_changes import (
    CHANGE_FEATURES,
    DOWNGRADES,
    PAUSES,
    PRICE_RISES,
    SINCE_DOWNGRADE,
    SINCE_PAUSE,
    SINCE_PRICE_RISE,
    SINCE_UPGRADE,
    UPGRADES,
)
from tests.support.measured import (
    EVENT,
    TICK,
    after,
    as_it_becomes_known,
    at_window_ends,
    changed_by,
    measured,
    row,
)
from tests.support.tables import events

BASIC, DEARER, PRO = (
    {"plan": "basic", "mrr": 1_000, "currency": "EUR"},
    {"plan": "basic", "mrr": 1_100, "currency": "EUR"},
    {"plan": "pro", "mrr": 3_000, "currency": "EUR"},
)
RISE, DOWNGRADE, UPGRADE = {"price_rises"}, {"downgrades"}, {"upgrades"}


def change(before, now, days=0.0, **more):
    """A subscription of 100 days that changes."""
    return [row("started", days - 100, **before), row("plan_changed", days, **(now | more))]


def counted(rows):
    counts = [PRICE_RISES, DOWNGRADES, UPGRADES]
    return changed_by(counts, subscriptions=rows)


@pytest.mark.parametrize(
    ("before", "now", "names"),
    [
        (BASIC, DEARER, RISE),
        (DEARER, BASIC, DOWNGRADE),
        (BASIC, PRO, UPGRADE),
        (PRO, BASIC, DOWNGRADE),
        (BASIC, BASIC, set()),
        (BASIC, {**PRO, "mrr": 1_000}, set()),  # another plan at the same price
        (BASIC, {**DEARER, "quantity": 1}, RISE),  # no seats named are one seat
        (BASIC, {**DEARER, "quantity": 2}, set()),  # more seats, and no higher price
        ({**BASIC, "quantity": 5}, {**DEARER, "quantity": 5}, RISE),
        ({**BASIC, "quantity": 5}, {**DEARER, "quantity": 6}, set()),
        ({**BASIC, "quantity": 5}, {**BASIC, "quantity": 4, "mrr": 800}, DOWNGRADE),
        (BASIC, {**DEARER, "currency": "USD"}, set()),
        (BASIC, {**DEARER, "currency": None}, RISE),
        ({**BASIC, "currency": None}, PRO, UPGRADE),
        (BASIC, {"plan": "basic", "mrr": None}, set()),
        ({"plan": "basic"}, DEARER, set()),  # what it cost before is unknown
        ({"mrr": 1_000}, DEARER, set()),  # which plan it was is unknown
        ({"plan": "free", "mrr": 0}, PRO, UPGRADE),
    ],
)
def test_a_change_is_a_rise_an_upgrade_or_a_downgrade_by_plan_price_and_seats(before, now, names):
    assert counted(change(before, now)) == names


def test_a_start_at_a_higher_price_is_no_change():
    rows = [row("started", -100, **BASIC), row("ended", -50), row("started", 0, **PRO)]
    assert counted(rows) == set()


def test_a_change_is_beside_what_the_same_subscription_was():
    rows = [
        row("started", -100, subscription_id="a", **PRO),
        row("started", -90, subscription_id="b", **BASIC),
        row("plan_changed", 0, subscription_id="b", **DEARER),
    ]
    assert counted(rows) == RISE


def test_what_is_not_said_again_stays_as_it_was():
    rows = [row("started", -100, **BASIC), row("paused", -50), row("resumed", -40)]
    assert counted([*rows, row("plan_changed", 0, **PRO)]) == UPGRADE


@pytest.mark.parametrize(
    ("feature", "before", "now", "windows"),
    [
        (PRICE_RISES, BASIC, DEARER, (30, 90, 365)),
        (DOWNGRADES, PRO, BASIC, (30, 90, 365)),
        (UPGRADES, BASIC, PRO, (90, 365)),
    ],
)
def test_a_change_counts_from_just_after_it_until_its_window_has_passed(
    feature, before, now, windows
):
    for column, days in zip(feature.columns, windows, strict=True):
        assert column.name == f"{feature.name}_{days}d"
        rows = change(before, now)
        moments = [EVENT, EVENT + TICK, EVENT + TICK * days * 86_400_000_000]
        moments.append(moments[-1] + TICK)
        frame = measured([feature], events(subscriptions=rows), moments)
        assert frame[column.name].to_list() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("count", "since", "before", "now"),
    [
        (PRICE_RISES, SINCE_PRICE_RISE, BASIC, DEARER),
        (DOWNGRADES, SINCE_DOWNGRADE, PRO, BASIC),
        (UPGRADES, SINCE_UPGRADE, BASIC, PRO),
    ],
)
def test_days_since_a_change_are_unknown_until_it_is_known(count, since, before, now):
    rows = change(before, now, known=3)
    assert after([since, count], 3, subscriptions=rows)[since.name] is None
    found = after([since, count], 4.5, subscriptions=rows)
    assert (found[since.name], found[count.columns[0].name]) == (4.5, 1)


def test_a_change_known_late_makes_another_of_the_change_after_it():
    """From basic to pro and back: before the first is known, the second changed nothing."""
    rows = [
        row("started", -100, **BASIC),
        row("plan_changed", 0, known=20, **PRO),
        row("plan_changed", 10, **BASIC),
    ]
    names = ["downgrades_90d", "upgrades_90d", "days_since_downgrade", "days_since_upgrade"]
    for day, values in [(20, [0, 0, None, None]), (21, [1, 1, 11, 21])]:
        found = after(CHANGE_FEATURES, day, subscriptions=rows)
        assert [found[name] for name in names] == values


class TestPauses:
    def test_a_pause_counts_from_just_after_it_until_its_window_has_passed(self):
        assert at_window_ends(PAUSES, row("paused")) == {
            "pauses_90d": [0, 1, 1, 0],
            "pauses_365d": [0, 1, 1, 0],
        }
        assert as_it_becomes_known(PAUSES, row("paused")) == [0, 1]

    def test_its_end_is_no_pause_but_says_how_long_ago(self):
        rows = [row("paused", 0), row("resumed", 10), row("plan_changed", 12)]
        assert after([PAUSES, SINCE_PAUSE], 15, subscriptions=rows) == {
            "pauses_90d": 1,
            "pauses_365d": 1,
            "days_since_pause": 5,
        }
        assert after([SINCE_PAUSE], 10, subscriptions=rows) == {"days_since_pause": 10}


@pytest.mark.parametrize(
    "kind", ["trial_started", "started", "cancel_scheduled", "cancel_withdrawn", "ended"]
)
def test_other_kinds_of_events_are_no_change(kind):
    rows = [row("started", -100, **BASIC), row(kind, 0, **PRO)]
    assert changed_by(CHANGE_FEATURES, subscriptions=rows) == set()
