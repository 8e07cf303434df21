"""What a snapshot shows becomes events that lead, read back, to what it shows."""

from datetime import UTC, datetime, timedelta
from itertools import product

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.inferred import CHANGED_HANDS, SNAPSHOT, is_inferred
from perdura.sources.mapping.snapshot import (
    SAID,
    THING,
    before,
    between,
    compare,
    described,
    doubted,
    handed_over,
)

DAY = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
#: Events that add up to each state.
LEADS_TO = {
    "trial": ("trial_started",),
    "active": ("started",),
    "paused": ("started", "paused"),
    "leaving": ("started", "cancel_scheduled"),
    "gone": ("started", "ended"),
}


def events(*kinds: str, who: str = "ann", thing: str = "s", day: int = 0, **said) -> pl.DataFrame:
    """One event a day of one subscription."""
    rows = [
        {
            "subscriber_id": who,
            "subscription_id": thing,
            "happened_at": DAY + timedelta(days=day + number),
            "known_at": DAY + timedelta(days=day + number),
            "kind": kind,
            "currency": "EUR",
            "plan": "basic",
            "mrr": 0 if kind == "ended" else 900,
            **said,
        }
        for number, kind in enumerate(kinds)
    ]
    return pl.DataFrame(rows, schema=SUBSCRIPTIONS.schema)


def seen(*frames: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame.select(THING) for frame in frames]).unique()


def state_of(frame: pl.DataFrame) -> str:
    return described(frame)["state"].item()


@pytest.mark.parametrize(("landed", "given_state"), [*product(LEADS_TO, LEADS_TO)])
def test_with_what_is_inferred_the_state_that_landed_is_the_one_shown(landed, given_state):
    old = events(*LEADS_TO[landed])
    new = events(*LEADS_TO[given_state])
    found = compare(old, new, seen(new), before(UNTIL), whole=True)
    # Who has paid is no trial again, whatever the source calls it.
    paid = given_state == "trial" and landed in {"active", "paused", "leaving"}
    assert state_of(pl.concat([old, found.events])) == ("active" if paid else given_state)
    assert found.events.is_empty() == (landed == given_state or (landed == "active" and paid))


@given(
    landed=st.lists(st.sampled_from(SUBSCRIPTIONS.kinds), min_size=1, max_size=6),
    shown=st.lists(st.sampled_from(SUBSCRIPTIONS.kinds), min_size=1, max_size=6),
)
def test_whatever_led_there_one_comparison_is_enough(landed, shown):
    old, new = events(*landed), events(*shown)
    now = state_of(new)
    assume(now not in {None, "trial"} and state_of(old) is not None)
    after = pl.concat([old, compare(old, new, seen(new), before(UNTIL), whole=True).events])
    again = compare(after, new, seen(new), before(UNTIL + timedelta(days=1)), whole=True)
    assert again.events.filter(pl.col("kind") != "plan_changed").is_empty()


@pytest.mark.parametrize("name", SAID)
def test_what_is_described_otherwise_is_a_change_of_plan(name: str):
    other = {"plan": "pro", "interval_months": 12.0, "quantity": 3, "mrr": 1900,
             "currency": "USD", "country": "ES"}  # fmt: skip
    old, new = events("started"), events("started", **{name: other[name]})
    found = compare(old, new, seen(new), before(UNTIL), whole=True).events
    assert found["kind"].to_list() == ["plan_changed"]
    assert found[name].to_list() == [other[name]]
    assert described(pl.concat([old, found])).select(SAID).equals(described(new).select(SAID))


def test_a_description_that_is_missing_now_changes_nothing():
    old, new = events("started", country="ES"), events("started", country=None, plan=None)
    assert compare(old, new, seen(new), before(UNTIL), whole=True).events.is_empty()


def test_what_is_gone_or_begins_to_pay_is_no_change_of_plan_besides():
    ended = compare(
        events("started"), events("started", "ended", plan="pro"), seen(events("started")),
        before(UNTIL), whole=True,
    )  # fmt: skip
    assert ended.events["kind"].to_list() == ["ended"]
    trial, paid = events("trial_started", mrr=0), events("trial_started", "started", plan="pro")
    assert compare(trial, paid, seen(paid), before(UNTIL), whole=True).events["kind"].to_list() == [
        "started"
    ]


class TestWhatIsShownNoLonger:
    other = events("started", who="bob", thing="t")

    def test_has_ended_at_nothing_a_month(self):
        old = pl.concat([events("started"), self.other])
        found = compare(old, self.other, seen(self.other), before(UNTIL), whole=True)
        assert found.events.select("subscriber_id", "kind", "mrr", "reason").rows() == [
            ("ann", "ended", 0, SNAPSHOT)
        ]
        assert (found.running, found.absent) == (2, 1)

    def test_is_counted_and_stays_where_the_snapshot_could_not_be_read_whole(self):
        old = pl.concat([events("started"), self.other])
        found = compare(old, self.other, seen(self.other), before(UNTIL), whole=False)
        assert found.events.is_empty()
        assert (found.running, found.absent) == (2, 1)

    def test_that_was_gone_before_is_not_missed(self):
        old = pl.concat([events("started", "ended"), self.other])
        found = compare(old, self.other, seen(self.other), before(UNTIL), whole=True)
        assert (found.events.height, found.running, found.absent) == (0, 1, 0)

    def test_but_named_in_a_row_that_waits_or_is_refused_is_there(self):
        old = events("started")
        found = compare(old, self.other, seen(old, self.other), before(UNTIL), whole=True)
        assert found.events.is_empty()


def test_what_is_inferred_happened_and_was_known_at_the_last_instant_and_says_so():
    found = compare(events("started"), events("started", "paused"), seen(events("started")),
                    before(UNTIL), whole=True).events  # fmt: skip
    last = UNTIL - timedelta(microseconds=1)
    assert found.select("happened_at", "known_at").rows() == [(last, last)]
    assert found.select(is_inferred(SUBSCRIPTIONS)).to_series().all()
    assert (
        not events("ended", reason=SNAPSHOT, day=1)
        .with_columns(known_at=pl.col("known_at") + timedelta(days=1))
        .select(is_inferred(SUBSCRIPTIONS))
        .item()
    )
    assert not events("ended").select(is_inferred(SUBSCRIPTIONS)).item()


@pytest.mark.parametrize(
    ("rule", "subscription", "unsure", "named"),
    [
        (None, "s", 0, True),
        ("duplicate", "s", 0, True),
        ("no_length", "s", 0, True),
        ("forgotten", None, 0, True),
        ("bad_type", "s", 1, True),
        ("bad_type", None, 1, False),
    ],
)
def test_of_what_a_row_says_that_breaks_a_rule_nothing_is_sure(rule, subscription, unsure, named):
    rows = events("started", thing=subscription).with_columns(pl.lit(rule, pl.String).alias("rule"))
    doubt, all_named = doubted(rows)
    assert (doubt.height, all_named) == (unsure, named)


class TestChangedHands:
    def ended(self, landed: pl.DataFrame, given_rows: pl.DataFrame) -> list[tuple]:
        new = given_rows.lazy().join(landed.lazy(), on=["subscriber_id", "subscription_id", "kind"],
                                     how="anti")  # fmt: skip
        found = handed_over(landed, seen(given_rows), new, before(UNTIL))
        return found.select("subscriber_id", "kind", "reason").rows()

    def test_the_same_events_under_another_subscriber_end_it_for_the_first(self):
        assert self.ended(events("started"), events("started", who="bob")) == [
            ("ann", "ended", CHANGED_HANDS)
        ]

    @pytest.mark.parametrize(
        "given_rows",
        [
            events("started", who="bob", thing="t"),  # another subscription
            events("started", who="bob", day=3),  # at another time
            pl.concat([events("started", who="bob"), events("started")]),  # ann's is given still
        ],
    )
    def test_otherwise_nothing_changes_hands(self, given_rows: pl.DataFrame):
        assert self.ended(events("started"), given_rows) == []

    def test_what_had_ended_does_not_end_again(self):
        assert self.ended(events("started", "ended"), events("started", who="bob")) == []


def test_subscriptions_that_only_the_snapshot_has_need_no_event():
    none = events("started").clear()
    found = between(described(none), described(events("started")), seen(events("started")),
                    before(UNTIL), whole=True)  # fmt: skip
    assert (found.events.height, found.running, found.absent) == (0, 0, 0)
