"""Reading a part of the landing: everybody is in exactly one, whole, whoever was merged."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from perdura.sources.events import EVENT_TABLES, MERGES, PAYMENTS, EventTable
from perdura.sources.landing.files import ROW_GROUP, stored_order
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.partition import BUCKET, BUCKETS, Part, buckets
from perdura.sources.merges import Events, owners
from perdura.sources.states.states import states_at
from tests.support.tables import at, events

DAYS = [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)]
AS_OF = at("2026-03-01")

who = st.sampled_from([f"s{n}" for n in range(12)])
whens = st.sampled_from(["2026-01-05", "2026-02-01", "2026-02-27", "2026-03-01"])
merges = st.builds(
    lambda one, other, when: {
        "subscriber_id": one,
        "merged_into": other,
        "happened_at": when,
        "kind": "merged",
    },
    who,
    who,
    whens,
)
contracts = st.builds(
    lambda one, kind, when: {
        "subscriber_id": one,
        "subscription_id": f"of {one}",
        "happened_at": when,
        "kind": kind,
        "mrr": 900,
    },
    who,
    st.sampled_from(["trial_started", "started", "paused", "ended"]),
    whens,
)
payments = st.builds(
    lambda one, kind, when: {"subscriber_id": one, "kind": kind, "happened_at": when, "amount": 5},
    who,
    st.sampled_from(["invoiced", "paid", "failed"]),
    whens,
)


def land_over_days(landing: Landing, tables: Events) -> None:
    """Each table's rows, dealt over several extract days."""
    for table in EVENT_TABLES:
        rows = tables[table.name].collect()
        for place, day in enumerate(DAYS):
            landing.land(table, day, rows.gather_every(len(DAYS), place))


def as_parts(landing: Landing, of: int) -> list[Events]:
    return [landing.events(Part(number, of)) for number in range(of)]


def owned(part: Events) -> pl.DataFrame:
    """How many payments each living account has, those of accounts merged into it included."""
    links = owners(part["merges"], AS_OF).lazy()
    paid = part["payments"].join(links, on="subscriber_id", how="left")
    return paid.group_by(pl.coalesce("owner", "subscriber_id")).len("payments").collect()


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(pl.all(), nulls_last=True)


@settings(max_examples=15)
@given(
    st.lists(merges, max_size=12),
    st.lists(contracts, max_size=15),
    st.lists(payments, max_size=15),
    st.sampled_from([1, 2, 3, 7]),
    st.booleans(),
)
def test_the_parts_worked_on_alone_are_the_whole(merged, begun, paid, of: int, gathered: bool):
    with TemporaryDirectory() as folder:
        landing = Landing(Path(folder))
        land_over_days(landing, events(merges=merged, subscriptions=begun, payments=paid))
        if gathered:
            landing.gather_moved()
        whole, parts = landing.events(), as_parts(landing, of)
        for ask in (lambda told: states_at(told, AS_OF), owned, *map(rows_of, EVENT_TABLES)):
            answers = pl.concat([ask(part) for part in parts])
            assert_frame_equal(in_order(answers), in_order(ask(whole)))


def rows_of(table: EventTable) -> Callable[[Events], pl.DataFrame]:
    return lambda told: told[table.name].collect()


@pytest.mark.parametrize(
    "pairs", [["a>b"], ["c>b", "b>a"], ["a>b", "b>c", "c>a"], ["d>a", "d>b", "c>b"]]
)
@pytest.mark.parametrize("gathered", [False, True])
def test_accounts_tied_by_merges_are_where_the_least_of_them_is(
    tmp_path: Path, pairs: list[str], gathered: bool
):
    told = [
        {"subscriber_id": pair[0], "merged_into": pair[2], "happened_at": "2026-02-01"}
        for pair in pairs
    ]
    people = sorted({name for pair in pairs for name in (pair[0], pair[2])})
    paid = [{"subscriber_id": name, "happened_at": "2026-02-01"} for name in [*people, "zoe"]]
    land_over_days(Landing(tmp_path), events(merges=told, payments=paid))
    if gathered:
        Landing(tmp_path).gather_moved()
    for name, least in [("a", people), ("zoe", ["zoe"])]:
        home = Part(buckets(pl.Series([name])).item(), BUCKETS)
        rows = Landing(tmp_path).events(home)["payments"].collect()
        assert sorted(rows["subscriber_id"]) == least


def test_a_gathering_is_not_trusted_once_more_has_landed(tmp_path: Path):
    told = [{"subscriber_id": "b", "merged_into": "a", "happened_at": "2026-02-01"}]
    paid = [{"subscriber_id": "b", "happened_at": "2026-02-01", "amount": n} for n in range(2)]
    tables = {name: rows.collect() for name, rows in events(merges=told, payments=paid).items()}
    home = Part(buckets(pl.Series(["a"])).item(), BUCKETS)
    Landing(tmp_path).land(MERGES, DAYS[0], tables["merges"])
    for at_hand, day in enumerate(DAYS[:2]):
        Landing(tmp_path).land(PAYMENTS, day, tables["payments"][at_hand : at_hand + 1])
        Landing(tmp_path).gather_moved()
        assert Landing(tmp_path).events(home)["payments"].collect().height == at_hand + 1
    Landing(tmp_path).land(PAYMENTS, DAYS[2], tables["payments"][:1])
    assert Landing(tmp_path).events(home)["payments"].collect().height == 3


def test_more_parts_than_buckets_leaves_some_empty(tmp_path: Path):
    paid = [{"subscriber_id": f"s{n}", "happened_at": "2026-02-01"} for n in range(40)]
    land_over_days(Landing(tmp_path), events(payments=paid))
    parts = as_parts(Landing(tmp_path), 300)
    rows = pl.concat([part["payments"] for part in parts]).collect()
    assert sorted(rows["subscriber_id"]) == sorted(each["subscriber_id"] for each in paid)
    assert Landing(tmp_path).events(Part(0, 300))["payments"].collect().is_empty()


def many(count: int) -> pl.DataFrame:
    number = pl.int_range(count, eager=True)
    told = pl.DataFrame({"subscriber_id": pl.select(pl.format("s{}", number % 9973)).to_series()})
    return told.select(
        pl.col(name) if name in told.columns else value.cast(kind).alias(name)
        for (name, kind), value in zip(
            PAYMENTS.schema.items(),
            [pl.lit(""), *[pl.lit(AS_OF)] * 2, pl.lit("paid"), *[pl.lit(number)] * 6],
            strict=True,
        )
    )


def test_landing_frame_by_frame_writes_the_bytes_of_landing_at_once(tmp_path: Path):
    whole = many(300_000)
    path = Landing(tmp_path / "whole").land(PAYMENTS, DAYS[0], whole)
    dealt = whole.with_columns(buckets(whole["subscriber_id"]))
    dealt = dealt.sort(stored_order(PAYMENTS), nulls_last=True)
    with Landing(tmp_path / "cut").writer(PAYMENTS, DAYS[0]) as write:
        for start, end in [(0, 1), (1, 1), (1, 140_000), (140_000, 140_007), (140_007, 300_000)]:
            write(dealt[start:end])
    [other] = (tmp_path / "cut" / "payments").iterdir()
    assert other.read_bytes() == path.read_bytes()
    assert_frame_equal(pl.read_parquet(path), dealt, check_column_order=False)


def test_one_part_is_read_without_reading_the_others(tmp_path: Path):
    path = Landing(tmp_path).land(PAYMENTS, DAYS[0], many(300_000))
    found = pq.ParquetFile(path).metadata
    place = found.schema.names.index(BUCKET)
    groups = [found.row_group(at).column(place).statistics for at in range(found.num_row_groups)]
    assert [found.row_group(at).num_rows for at in range(2)] == [ROW_GROUP, ROW_GROUP]
    ends = [(group.min, group.max) for group in groups]
    assert ends == sorted(ends)
    assert all(one[1] <= other[0] for one, other in pairwise(ends))


def test_frames_before_an_error_do_not_land(tmp_path: Path):
    def broken_off() -> None:
        with Landing(tmp_path).writer(PAYMENTS, DAYS[0]) as write:
            for _ in range(3):
                write(many(5).with_columns(pl.lit(0, pl.UInt8).alias(BUCKET)))
            raise KeyError("half-way")

    with pytest.raises(KeyError, match="half-way"):
        broken_off()
    assert list((tmp_path / "payments").iterdir()) == []
    assert Landing(tmp_path).table(PAYMENTS).collect().is_empty()
