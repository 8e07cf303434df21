"""Sifting: every event is in one of five places, as a slow look at each of them says."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.events import USAGE
from perdura.sources.landing.files import identity, stored_order, stored_schema
from perdura.sources.landing.partition import BUCKET, buckets
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.ranges import ORIGIN
from perdura.sources.mapping.sift import Sifted, sift

DAY = datetime(2026, 2, 1, tzinfo=UTC)
UNTIL = DAY + timedelta(days=3)
#: Subscriber, day it happened, quantity, day it was known: few values, so that events meet.
Event = tuple[str, int, float | None, int]

event = st.tuples(
    st.sampled_from("ab"),
    st.integers(0, 2),
    st.sampled_from([None, 1.0, float("nan")]),
    st.integers(0, 4),
)
#: With the rule that it breaks, if it does.
read_event = st.tuples(event, st.sampled_from([None, None, None, "bad_type"]))


def frame(events: Sequence[Event]) -> pl.DataFrame:
    rows = [
        (who, DAY + timedelta(days=happened), DAY + timedelta(days=known), "seen", quantity)
        for who, happened, quantity, known in events
    ]
    bare = pl.DataFrame(rows, schema=USAGE.schema, orient="row")
    return bare.with_columns(buckets(bare["subscriber_id"]))


def stored(events: Sequence[Event]) -> pl.DataFrame:
    rows = frame(events).select(stored_schema(USAGE).names())
    return rows.sort(stored_order(USAGE), nulls_last=True)


def read(events: Sequence[tuple[Event, str | None]]) -> pl.DataFrame:
    rules = pl.Series("rule", [rule for _, rule in events], pl.String)
    return frame([one for one, _ in events]).with_columns(
        rules,
        pl.lit(0, pl.UInt32).alias(ORIGIN),
        pl.Series(ROW, range(1, len(events) + 1), pl.UInt32),
    )


def same(one: Event) -> tuple[object, ...]:
    """What makes an event that event: all but when it was known. NaN is itself."""
    return (*one[:2], str(one[2]))


def places(found: Sifted) -> dict[str, int]:
    return {
        "new": found.new.height,
        "kept": found.kept.height,
        "already_landed": found.already_landed,
        "not_yet_known": found.not_yet_known,
        "broken": found.broken.height,
        "gone": found.gone.height,
    }


def by_hand(given_events, landed: list[Event], held: list[Event]) -> dict[str, int]:
    """The same counts, event by event."""
    there = {same(one) for one in landed}
    own = [one for one in held if same(one) not in there]
    named = ("new", "kept", "already_landed", "not_yet_known", "broken", "gone")
    counts: dict[str, int] = dict.fromkeys(named, 0)
    told = {same(one) for one, rule in given_events if rule is None}
    kept = {same(one) for one in own} & told
    counts["kept"] = sum(same(one) in told for one in own)
    counts["gone"] = len(own) - counts["kept"]
    seen: set[tuple] = set()
    for one, rule in sorted(given_events, key=lambda pair: pair[0][3]):
        known = one[3] < 3
        if rule is not None:
            counts["broken" if known else "not_yet_known"] += 1
        elif not known:
            counts["not_yet_known"] += 1
        elif same(one) in seen:
            counts["broken"] += 1  # a copy
        else:
            seen.add(same(one))
            place = (
                "already_landed" if same(one) in there else "kept" if same(one) in kept else "new"
            )
            counts[place] += place != "kept"
    counts["not_yet_known"] -= counts["kept"] - len(kept & seen)
    return counts


def unique(events: list[Event]) -> list[Event]:
    return list({same(one): one for one in events}.values())


@given(
    given_events=st.lists(read_event, max_size=10),
    landed=st.lists(event, max_size=4).map(unique),
    held=st.lists(event, max_size=4).map(unique),
)
def test_every_event_is_in_one_place(given_events, landed, held):
    found = sift(USAGE, read(given_events), stored(landed).lazy(), stored(held), UNTIL)
    assert places(found) == by_hand(given_events, landed, held)
    assert found.events == len(given_events)


@given(given_events=st.lists(read_event, max_size=10), seed=st.randoms())
def test_the_order_of_the_source_changes_nothing_that_lands(given_events, seed):
    shuffled = [*given_events]
    seed.shuffle(shuffled)
    one, other = (
        sift(USAGE, read(events), None, None, UNTIL).new.select(USAGE.schema.names())
        for events in (given_events, shuffled)
    )
    assert one.equals(other)
    assert one.with_columns(buckets(one["subscriber_id"])).equals(
        one.with_columns(buckets(one["subscriber_id"])).sort(stored_order(USAGE), nulls_last=True)
    )


def test_of_copies_the_one_known_first_lands_and_the_others_are_told_with_their_rows():
    events = [(("a", 0, 1.0, 2), None), (("a", 0, 1.0, 0), None), (("a", 0, 1.0, 1), None)]
    found = sift(USAGE, read(events), None, None, UNTIL)
    assert found.new["known_at"].to_list() == [DAY]
    assert found.broken.sort(ROW).select("rule", ROW, "subscriber_id").rows() == [
        ("duplicate", 1, "a"),
        ("duplicate", 3, "a"),
    ]


@pytest.mark.parametrize("known", [0, 1, 2])
def test_told_again_as_known_at_another_time_an_event_stays_as_it_landed(known: int):
    held = [("a", 0, 1.0, 1)]
    found = sift(USAGE, read([(("a", 0, 1.0, known), None)]), None, stored(held), UNTIL)
    assert found.kept["known_at"].to_list() == [DAY + timedelta(days=1)]
    assert found.new.is_empty()
    assert found.gone.is_empty()


def test_a_row_that_breaks_a_rule_does_not_keep_what_landed():
    held = [("a", 0, 1.0, 1)]
    found = sift(USAGE, read([(("a", 0, 1.0, 1), "bad_type")]), None, stored(held), UNTIL)
    assert (found.kept.height, found.gone.height, found.broken.height) == (0, 1, 1)


def test_what_makes_an_event_that_event_is_all_but_when_it_was_known():
    assert identity(USAGE) == ["subscriber_id", "happened_at", "kind", "quantity"]
    assert stored_order(USAGE) == [BUCKET, *identity(USAGE), "known_at"]
