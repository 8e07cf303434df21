"""Snapshots, drawn: each night stands as its snapshot shows, and none that was is changed."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from perdura.features.build import build_features
from perdura.features.catalogue import FEATURES
from perdura.features.engine import reference
from perdura.sources.events import EVENT_TABLES
from perdura.sources.merges import known_before
from perdura.sources.states.states import states_at
from tests.sources.mapping.test_snapshot_beside_log import LOG, LOG_HEAD
from tests.sources.mapping.test_snapshots import SNAPSHOT
from tests.sources.test_versions import HEAD
from tests.support.small_sources import Business
from tests.support.small_sources import at as day
from tests.support.tables import spine

FIRST = 10
MAPPING = SNAPSHOT.replace("snapshot = true", "snapshot = true\n    most_vanished = 1")
#: Always shown, so that no snapshot is empty.
ANCHOR = ("s0", "eve", "basic", 900, 1, None, None)


def rows_of(thing, owners):
    return st.none() | st.tuples(
        st.just(thing),
        st.sampled_from(owners),
        st.sampled_from(["basic", "pro"]),
        st.sampled_from([900, 1900]),
        st.sampled_from([1, 2]),
        st.sampled_from([None, None, 3, 5, 9]),
        st.sampled_from([None, None, 5, 9]),
    )


@st.composite
def snapshots(draw):
    """What the source shows on three or four days: much as on the day before."""
    own = {"s1": ["ann", "ann", "zoe"], "s2": ["ann"], "s3": ["bob"]}
    shown, days = {}, []
    for _ in range(draw(st.integers(3, 4))):
        for thing, owners in own.items():
            if not days or draw(st.booleans()):
                shown[thing] = draw(rows_of(thing, owners))
        days.append([ANCHOR, *(row for row in shown.values() if row)])
    return days


def as_csv(rows):
    def line(row):
        *told, created, canceled, ended = row
        times = (
            "" if each is None else f"2026-02-{each:02}" for each in (created, canceled, ended)
        )
        return ",".join([*map(str, told), *times])

    return HEAD + "".join(f"{line(row)}\n" for row in rows)


def as_events(rows):
    """The events of one snapshot alone."""
    told = [
        {"subscriber_id": who, "subscription_id": thing, "plan": plan, "currency": "EUR",
         "kind": kind, "mrr": 0 if kind == "ended" else mrr, "happened_at": day(when),
         "known_at": day(when)}
        for thing, who, plan, mrr, created, canceled, ended in rows
        for kind, when in (("started", created), ("cancel_scheduled", canceled), ("ended", ended))
        if when is not None
    ]  # fmt: skip
    return {
        table.name: pl.LazyFrame(told if table.name == "subscriptions" else [], table.schema)
        for table in EVENT_TABLES
    }


def standing(events, when):
    """How each subscriber stands, and what those pay who do."""
    rows = states_at(events, when)
    described = (pl.when(pl.col("state") != "gone").then(name) for name in ("plan", "mrr"))
    return {who: told for who, *told in rows.select("subscriber_id", "state", *described).rows()}


@settings(max_examples=20)
@given(shown=snapshots())
def test_each_night_stands_as_its_snapshot_shows(shown):
    with TemporaryDirectory() as folder:
        business, nights = Business(Path(folder)).maps(MAPPING), {}
        for number, rows in enumerate(shown, start=FIRST):
            business.write("subs.csv", as_csv(rows))
            business.extract(day(number))
            events = business.landing.events()
            expected = standing(as_events(rows), day(number))
            known = standing(events, day(number))
            absent = {who: ["gone", None, None] for who in known.keys() - expected.keys()}
            assert known == expected | absent
            nights[number] = known
            # No night that was made before is another by what became known since.
            for earlier, told in nights.items():
                assert standing(events, day(earlier)) == told
        files, last = business.files(), max(nights)
        business.extract(day(last))
        assert business.files() == files
        _agree(business.landing.events(), range(FIRST, last + 1))


@settings(max_examples=20)
@given(shown=snapshots())
def test_a_log_beside_it_changes_nothing_of_what_a_snapshot_alone_tells(shown):
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        alone = Business(Path(one)).maps(MAPPING)
        beside = Business(Path(other)).maps(MAPPING.replace("[subs", "[[subs", 1).replace(
            "tions]", "tions]]", 1) + LOG)  # fmt: skip
        for number, rows in enumerate(shown, start=FIRST):
            for business in (alone, beside):
                business.write("subs.csv", as_csv(rows))
            kind = "started" if number == FIRST else "plan_changed"
            log = f"t1,cat,{kind},x,{number},2026-02-{number - 1:02}\n"
            beside.write("log.csv", LOG_HEAD + log)  # keeps a day's rows only
            for business in (alone, beside):
                business.extract(day(number))
            told = [row for row in beside.events("subscriptions") if row[0] != "cat"]
            assert told == alone.events("subscriptions")
            cat = standing(beside.landing.events(), day(number))["cat"]
            assert cat == ["active", "x", number]


def _agree(events, numbers):
    """Both builders measure the same, and each date what was known by then."""
    asked = pl.concat(
        [
            spine(*((who, f"2026-02-{number}") for who in ("ann", "bob", "zoe")))
            for number in numbers
        ]
    )
    fast = build_features(events, FEATURES, asked)
    assert_frame_equal(fast, reference.build_features(events, FEATURES, asked), rel_tol=1e-12)
    first = asked.filter(pl.col("as_of") < day(FIRST) + timedelta(days=1))
    cut = known_before(events, day(FIRST))
    assert_frame_equal(
        build_features(events, FEATURES, first), build_features(cut, FEATURES, first)
    )
