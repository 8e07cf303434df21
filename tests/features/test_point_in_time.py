"""Ties, corrections and merged accounts, drawn: nothing moves that was unknown, and two ways agree.

``tests.support.slow_subscriptions`` tells the same event by event. Run them otherwise drawn with
``--hypothesis-profile=seeded --hypothesis-seed=7``.
"""

from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from perdura.features.build import build_features
from perdura.features.catalogue import WITH_CONTACTS
from perdura.features.definition import Latest
from perdura.features.engine import reference
from perdura.models.dataset.labels import contract_labels
from perdura.sources.events import EVENT_TABLES, PAYMENTS, SUBSCRIPTIONS, TICKETS
from perdura.sources.merges import known_before
from perdura.sources.states.states import states_at
from perdura.sources.ties import contested
from perdura.sources.versions import newest
from tests.features.test_features_reference import made
from tests.support import slow_subscriptions
from tests.support.tables import at, spine

START = at("2026-03-01")
DATES = [START, START + timedelta(days=3), START + timedelta(days=40)]
WHO = ("ann", "bob", "eve")
SOME = (*WHO, "ann", "ann")
HORIZON = timedelta(days=10)

# Few moments, so that much happens at once; some of them are dates that are asked about.
MOMENTS = st.sampled_from([-30, -8, -2, 0, 1, 3, 9]).map(lambda days: START + timedelta(days=days))
#: How long after it happened each version became known, in days.
LAGS = st.sampled_from([(0,), (0,), (0,), (2,), (0, 3), (1, 12), (0, 2, 30), (0, 3, 45)])
OWN = {
    "subscriptions": {
        "subscription_id": st.sampled_from(["1", "2"]),
        "plan": st.sampled_from(["basic", "pro", None]),
        "mrr": st.sampled_from([0, 900, 1900, None]),
        "currency": st.just("EUR"),
    },
    "payments": {
        "payment_id": st.sampled_from(["p", "q", None]),
        "invoice_id": st.sampled_from(["i", "j", None]),
        "amount": st.sampled_from([100, 700]),
        "currency": st.sampled_from(["EUR", "JPY"]),
        "method": st.sampled_from(["card", "debit"]),
    },
    "tickets": {
        "ticket_id": st.sampled_from(["t", "u"]),
        "topic": st.sampled_from(["outage", "billing"]),
        "hours": st.sampled_from([0.5, 48.0, None]),
        "score": st.sampled_from([1.0, 5.0, None]),
    },
}


#: What undoes each other, or says something else, at one moment.
UNDOING = (
    ("ended", "started"),
    ("ended", "trial_started", "started"),
    ("paused", "resumed"),
    ("cancel_scheduled", "cancel_withdrawn"),
    ("cancel_scheduled", "ended", "started"),
    ("started", "plan_changed"),
    ("trial_started", "started", "plan_changed"),
)


@st.composite
def at_once(draw):
    """Events of one subscription at one moment."""
    where = (
        draw(st.sampled_from(SOME)),
        draw(OWN["subscriptions"]["subscription_id"]),
        draw(MOMENTS),
    )
    kinds = draw(st.sampled_from(UNDOING))
    return [row for kind in kinds for row in draw(versions(SUBSCRIPTIONS, kind, where))]


@st.composite
def versions(draw, table, kind=None, where=(None, None, None)):
    """One event, told once or several times, each time with other words and known later."""
    own, (who, named, happened) = OWN[table.name], where
    happened = happened or draw(MOMENTS)
    fixed = {
        "subscriber_id": who or draw(st.sampled_from(SOME)),
        "kind": kind or draw(st.sampled_from(table.kinds)),
    }
    thing = {table.thing: named or draw(own[table.thing])}
    words = st.fixed_dictionaries({name: own[name] for name in own if name != table.thing})
    return [
        fixed | draw(words) | thing
        | {"happened_at": happened, "known_at": happened + timedelta(days=lag)}
        for lag in draw(LAGS)
    ]  # fmt: skip


def distinct(rows):
    """Without rows of one event that became known at once: nothing says which of them counts."""
    key = ("subscriber_id", "subscription_id", "happened_at", "kind", "known_at")
    return list({tuple(row[name] for name in key): row for row in rows}.values())


def told(events, least, most):
    drawn = st.lists(events, min_size=least, max_size=most)
    return drawn.map(lambda events: [row for event in events for row in event])


SUBSCRIPTION_ROWS = told(versions(SUBSCRIPTIONS) | at_once(), 3, 10).map(distinct)
MERGE = st.builds(
    lambda who, into, when, lag: {
        "subscriber_id": who, "merged_into": into, "kind": "merged",
        "happened_at": when, "known_at": when + timedelta(days=lag),
    },
    st.sampled_from(WHO), st.sampled_from(WHO), MOMENTS, st.sampled_from([0, 2]),
)  # fmt: skip
MERGED = st.just([]) | st.lists(MERGE, min_size=1, max_size=2)
HISTORIES = st.fixed_dictionaries(
    {
        "subscriptions": SUBSCRIPTION_ROWS,
        "payments": told(versions(PAYMENTS), 0, 6),
        "tickets": told(versions(TICKETS), 0, 6),
        "merges": MERGED,
    }
)


def tables(**rows):
    return {
        table.name: pl.LazyFrame(rows.get(table.name, []), schema=table.schema)
        for table in EVENT_TABLES
    }


#: With what the very last event says, of whatever kind.
LAST = [
    made(table, Latest(column), "true", (), False, number)
    for number, (table, column) in enumerate(
        [(SUBSCRIPTIONS, "plan"), (SUBSCRIPTIONS, "mrr"), (PAYMENTS, "amount"), (TICKETS, "topic")]
    )
]
MEASURED = (*WITH_CONTACTS, *LAST)

EVERYBODY = pl.concat([spine(*((who, str(date.date())) for who in WHO)) for date in DATES])


@given(history=HISTORIES)
def test_the_compiled_builder_measures_what_the_plain_one_does(history):
    events = tables(**history)
    fast = build_features(events, MEASURED, EVERYBODY)
    plain = reference.build_features(events, MEASURED, EVERYBODY)
    assert_frame_equal(fast, plain, rel_tol=1e-12, abs_tol=0)


@given(history=HISTORIES, date=st.sampled_from(DATES))
def test_what_is_known_later_changes_nothing(history, date):
    """Versions, ties and merges that became known at the date or later among them."""
    everything = tables(**history)
    known = known_before(everything, date)
    asked = EVERYBODY.filter(pl.col("as_of") == date)
    assert_frame_equal(
        build_features(everything, WITH_CONTACTS, asked),
        build_features(known, WITH_CONTACTS, asked),
    )
    for churn in ("contract", "silence"):
        assert_frame_equal(
            states_at(everything, date, churn=churn), states_at(known, date, churn=churn)
        )


@settings(max_examples=100)
@given(rows=SUBSCRIPTION_ROWS, merges=MERGED, date=st.sampled_from(DATES))
def test_states_are_those_told_event_by_event(rows, merges, date):
    found = states_at(tables(subscriptions=rows, merges=merges), date)
    slowly = slow_subscriptions.states(rows, merges, date)
    assert dict(found.select("subscriber_id", "state").rows()) == slowly
    paid = slow_subscriptions.described(rows, merges, date)
    alone = found.filter(pl.col("subscriber_id").is_in(list(paid)))
    told = alone.select("subscriber_id", "plan", "mrr").rows()
    assert {who: (plan, mrr) for who, plan, mrr in told} == paid


@settings(max_examples=100)
@given(
    rows=SUBSCRIPTION_ROWS,
    merges=MERGED,
    known_until=st.sampled_from(DATES[1:]),
    grace=st.sampled_from([timedelta(0), timedelta(days=5)]),
)
def test_labels_are_those_told_event_by_event(rows, merges, known_until, grace):
    told = contract_labels(
        tables(subscriptions=rows, merges=merges),
        EVERYBODY,
        lead_days=0,
        horizon_days=HORIZON.days,
        grace_days=grace.days,
        known_until=known_until,
    )
    left, kept = slow_subscriptions.leavings(rows, merges, known_until, grace)
    for who, as_of, churned in told.select("subscriber_id", "as_of", "churned").iter_rows():
        owner = slow_subscriptions.owner_of(who, merges, known_until)
        stays = [count for moment, count in kept[owner] if moment < as_of]
        closed = as_of + HORIZON + grace <= known_until
        expected = any(as_of <= moment < as_of + HORIZON for moment in left[owner])
        assert churned == (expected if closed and stays and stays[-1] else None), (who, as_of)


@settings(max_examples=100)
@given(rows=SUBSCRIPTION_ROWS, date=st.sampled_from(DATES))
def test_downgrades_are_those_told_event_by_event(rows, date):
    built = build_features(
        tables(subscriptions=rows), WITH_CONTACTS, EVERYBODY.filter(pl.col("as_of") == date)
    )
    standing, _ = slow_subscriptions.subscriptions(rows, [], date)
    for who, downgrades in built.select("subscriber_id", "downgrades_30d").iter_rows():
        slowly = [
            moment
            for (owner, _), one in standing.items()
            for moment in one.downgrades
            if owner == who and date - timedelta(days=30) <= moment < date
        ]
        assert downgrades == len(slowly), who


def test_the_drawn_histories_hold_what_they_are_for():
    """Contested ties, versions and merges are drawn often enough to be worth their time."""
    seen = {"ties": 0, "versions": 0, "merges": 0}

    @settings(max_examples=100)
    @given(history=HISTORIES)
    def look(history):
        rows = tables(**history)["subscriptions"].collect()
        seen["ties"] += contested(rows).height > 0
        seen["versions"] += newest(rows, SUBSCRIPTIONS).height < rows.height
        seen["merges"] += bool(history["merges"])

    look()
    assert min(seen.values()) > 20, seen
