"""The state of each subscription, and the one of its subscriber, as a walk over the events says."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.states.contracts import STATES, subscribers_of, subscriptions_of

DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAYS_APART = st.lists(st.sampled_from(SUBSCRIPTIONS.kinds), min_size=1, max_size=8)


def known(*rows: dict) -> pl.LazyFrame:
    """Rows of subscriptions; each a day after the one before unless it says its day."""
    filled = [
        {"subscriber_id": "ann", "subscription_id": "s", "kind": "started", **row}
        | {name: DAY + timedelta(days=row.get("day", number)) for name in ("happened_at",)}
        | {"known_at": DAY + timedelta(days=row.get("known", row.get("day", number)))}
        for number, row in enumerate(rows)
    ]
    return pl.LazyFrame(
        [{name: row.get(name) for name in SUBSCRIPTIONS.schema} for row in filled],
        schema=SUBSCRIPTIONS.schema,
    )


def walked(kinds: list[str]) -> str | None:
    """The state after the events, one after the other."""
    state, paused, tried, started = None, False, False, False
    for kind in kinds:
        if kind in {"trial_started", "started", "paused", "resumed", "ended"}:
            paused = kind == "paused"
        tried |= kind == "trial_started"
        started |= kind == "started"
        runs = "trial" if tried and not started else "active"
        state = {
            "trial_started": "trial",
            "started": "active",
            "paused": "paused",
            "resumed": runs,
            "cancel_scheduled": "leaving",
            "cancel_withdrawn": "paused" if paused else runs,
            "ended": "gone",
            "plan_changed": state,
        }[kind]
    return state


@given(DAYS_APART)
@example(["started", "paused", "ended", "cancel_scheduled", "cancel_withdrawn"])
@example(["started", "paused", "cancel_scheduled", "cancel_withdrawn"])
@example(["trial_started", "paused", "resumed"])
def test_the_state_is_where_the_events_lead_one_after_the_other(kinds: list[str]):
    rows = [{"kind": kind} for kind in kinds]
    assert subscriptions_of(known(*rows))["state"].item() == walked(kinds)


@given(kinds=DAYS_APART, seed=st.randoms())
def test_the_order_of_the_rows_is_no_matter(kinds, seed):
    rows = [{"kind": kind, "day": day, "plan": f"p{day}"} for day, kind in enumerate(kinds)]
    shuffled = [*rows]
    seed.shuffle(shuffled)
    one, other = (subscriptions_of(known(*some)) for some in (rows, shuffled))
    assert one.equals(other)


@given(kinds=DAYS_APART, others=DAYS_APART)
def test_subscriptions_do_not_touch_each_other(kinds, others):
    own = [{"kind": kind} for kind in kinds]
    theirs = [{"kind": kind, "subscription_id": "t"} for kind in others]
    found = subscriptions_of(known(*own, *theirs)).sort("subscription_id")
    assert found["state"].to_list() == [walked(kinds), walked(others)]


def test_what_is_told_last_counts_and_what_is_not_told_stays():
    rows = [
        {"plan": "basic", "mrr": 900, "currency": "EUR"},
        {"kind": "plan_changed", "plan": "pro", "mrr": 1900},
        {"kind": "paused", "country": "ES"},
    ]
    found = subscriptions_of(known(*rows)).row(0, named=True)
    told = ("plan", "mrr", "currency", "country", "state", "started_at")
    assert [found[name] for name in told] == ["pro", 1900, "EUR", "ES", "paused", DAY]


def test_of_versions_of_one_event_the_one_known_last_counts():
    rows = [
        {"plan": "basic", "mrr": 900, "day": 0, "known": 0},
        {"plan": "plus", "mrr": 700, "day": 0, "known": 2},
    ]
    found = subscriptions_of(known(*rows)).row(0, named=True)
    assert (found["plan"], found["mrr"]) == ("plus", 700)


class TestSubscribers:
    def one(self, *rows: dict, factors: dict[str, float] | None = None) -> dict:
        table = pl.DataFrame(
            [
                {
                    "subscriber_id": "ann",
                    "subscription_id": f"s{number}",
                    "state": "active",
                    "plan": f"p{number}",
                    "interval_months": 1.0,
                    "currency": "EUR",
                    "country": None,
                    "mrr": 100,
                    "started_at": DAY,
                    **row,
                }
                for number, row in enumerate(rows)
            ],
            schema={
                "subscriber_id": pl.String,
                "subscription_id": pl.String,
                "state": pl.String,
                "plan": pl.String,
                "interval_months": pl.Float64,
                "currency": pl.String,
                "country": pl.String,
                "mrr": pl.Int64,
                "started_at": pl.Datetime("us", "UTC"),
            },
        )
        return subscribers_of(table, factors).collect().row(0, named=True)

    @given(st.lists(st.sampled_from(STATES), min_size=1, max_size=4))
    def test_the_best_state_counts(self, states: list[str]):
        found = self.one(*({"state": state} for state in states))
        assert found["state"] == min(states, key=STATES.index)

    @pytest.mark.parametrize("state", STATES)
    def test_only_what_is_paid_for_is_revenue(self, state: str):
        found = self.one({"state": state})
        assert found["mrr"] == (100 if state in {"active", "leaving"} else 0)

    def test_amounts_of_one_currency_are_added_and_the_larger_names_the_plan(self):
        found = self.one({"mrr": 100}, {"mrr": 300}, {"mrr": 200, "state": "paused"})
        assert (found["mrr"], found["plan"], found["currency"]) == (400, "p1", "EUR")

    def test_amounts_of_several_currencies_are_never_added(self):
        rows = {"mrr": 100}, {"mrr": 9000, "currency": "JPY"}, {"mrr": 50}
        by_units, by_worth = self.one(*rows), self.one(*rows, factors={"EUR": 1.0, "JPY": 0.006})
        assert (by_units["mrr"], by_units["currency"]) == (9000, "JPY")
        assert (by_worth["mrr"], by_worth["currency"]) == (150, "EUR")

    def test_a_currency_of_unknown_worth_comes_after_all_others(self):
        rows = {"mrr": 1}, {"mrr": 9000, "currency": "XXX"}
        assert self.one(*rows, factors={"EUR": 1.0})["currency"] == "EUR"

    @pytest.mark.parametrize("unknown", [{"mrr": None}, {"currency": None}])
    def test_what_is_paid_at_an_unknown_price_is_unknown_and_not_nothing(self, unknown: dict):
        assert self.one(unknown)["mrr"] is None
        assert self.one(unknown | {"state": "gone"})["mrr"] == 0

    def test_of_several_the_known_price_counts_beside_an_unknown_one(self):
        assert self.one({"mrr": 100}, {"mrr": None})["mrr"] == 100
        assert self.one({"mrr": None}, {"mrr": None})["mrr"] is None

    def test_it_began_with_the_latest_of_its_subscriptions(self):
        later = DAY + timedelta(days=40)
        assert self.one({}, {"started_at": later}, {"started_at": None})["started_at"] == later

    @given(st.lists(st.sampled_from(["active", "paused", "gone"]), min_size=1, max_size=3))
    def test_a_subscription_of_no_state_is_not_there(self, states: list[str]):
        with_none = [{"state": None, "mrr": 9000}, *({"state": state} for state in states)]
        found, alone = self.one(*with_none), self.one(*({"state": state} for state in states))
        assert (found["state"], found["mrr"]) == (alone["state"], alone["mrr"])
