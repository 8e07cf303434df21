"""Landing: whole files, one per table and extract day, the same events the same bytes."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.events import EVENT_TABLES, PAYMENTS, SUBSCRIPTIONS, TICKETS
from perdura.sources.landing.landing import REJECTED, Day, Landing

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def payments(*amounts: int) -> pl.DataFrame:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [("ada", at, at, "paid", f"p{amount}", None, amount) for amount in amounts]
    told = pl.DataFrame(rows, schema=PAYMENTS.schema.names()[:7], orient="row")
    return told.select(
        pl.col(name).cast(kind) if name in told.columns else pl.lit(None, kind).alias(name)
        for name, kind in PAYMENTS.schema.items()
    )


def amounts(folder: Path) -> list[int]:
    return sorted(Landing(folder).table(PAYMENTS).collect()["amount"])


def test_a_landing_where_nothing_landed_has_every_table_empty_with_its_contract(tmp_path: Path):
    events = Landing(tmp_path / "nowhere").events()
    assert list(events) == [table.name for table in EVENT_TABLES]
    for table in EVENT_TABLES:
        frame = events[table.name].collect()
        assert (frame.schema, frame.height) == (table.schema, 0)


def test_days_add_up_and_a_day_done_again_replaces_itself(tmp_path: Path):
    Landing(tmp_path).land(PAYMENTS, MONDAY, payments(1, 2))
    Landing(tmp_path).land(PAYMENTS, TUESDAY, payments(3))
    assert amounts(tmp_path) == [1, 2, 3]
    Landing(tmp_path).land(PAYMENTS, MONDAY, payments(1, 2, 4))
    assert amounts(tmp_path) == [1, 2, 3, 4]
    assert Landing(tmp_path).events()["payments"].collect_schema() == PAYMENTS.schema
    assert sorted(Landing(tmp_path).table(PAYMENTS, without=MONDAY).collect()["amount"]) == [3]


def test_the_same_events_in_any_order_give_the_same_bytes(tmp_path: Path):
    one = Landing(tmp_path / "one").land(PAYMENTS, MONDAY, payments(1, 2, 3))
    other = Landing(tmp_path / "other").land(
        PAYMENTS, MONDAY, pl.concat([payments(3, 1), payments(2)])
    )
    assert one.read_bytes() == other.read_bytes()


def test_rejected_rows_lie_beside_and_are_not_events(tmp_path: Path):
    rows = pl.DataFrame(
        {
            "rule": ["no_time"],
            "file": ["a.csv"],
            "row": [7],
            "text": ["{}"],
            "subscriber_id": ["a"],
        },
        schema=REJECTED,
    )
    path = Landing(tmp_path).land_rejected(PAYMENTS, MONDAY, rows)
    assert path == tmp_path / "rejected" / "payments" / "2026-03-02.parquet"
    assert Landing(tmp_path).rejected(PAYMENTS, MONDAY).equals(rows)
    assert Landing(tmp_path).rejected(TICKETS, MONDAY).is_empty()
    assert amounts(tmp_path) == []


def test_landed_until_is_the_latest_finished_day_in_any_order(tmp_path: Path):
    assert Landing(tmp_path).until() is None
    for day in (TUESDAY, MONDAY):
        Landing(tmp_path).finish_day(day, Day(datetime(2026, 3, day.day, tzinfo=UTC)))
    assert Landing(tmp_path).until() == datetime(2026, 3, 3, tzinfo=UTC)


def test_a_table_is_landed_until_the_latest_day_that_read_it_whole(tmp_path: Path):
    read = {"payments": "a mapping", "tickets": "another"}
    assert Landing(tmp_path).until(PAYMENTS) is None
    Landing(tmp_path).finish_day(MONDAY, Day(datetime(2026, 3, 2, tzinfo=UTC), (), read))
    Landing(tmp_path).finish_day(
        TUESDAY, Day(datetime(2026, 3, 3, tzinfo=UTC), ("payments",), read)
    )
    assert Landing(tmp_path).until(PAYMENTS) == datetime(2026, 3, 2, tzinfo=UTC)
    assert Landing(tmp_path).until(TICKETS) == datetime(2026, 3, 3, tzinfo=UTC)
    assert Landing(tmp_path).until() == datetime(2026, 3, 3, tzinfo=UTC)


def test_a_table_that_was_always_gone_is_landed_until_never(tmp_path: Path):
    Landing(tmp_path).finish_day(MONDAY, Day(datetime(2026, 3, 2, tzinfo=UTC), ("payments",)))
    assert Landing(tmp_path).until(PAYMENTS) is None


def test_a_table_taken_out_of_the_mapping_is_landed_until_then(tmp_path: Path):
    read = {"payments": "a mapping"}
    Landing(tmp_path).finish_day(MONDAY, Day(datetime(2026, 3, 2, tzinfo=UTC), (), read))
    Landing(tmp_path).finish_day(TUESDAY, Day(datetime(2026, 3, 3, tzinfo=UTC)))
    assert Landing(tmp_path).until(PAYMENTS) == datetime(2026, 3, 2, tzinfo=UTC)
    # One that was never mapped is missed nowhere.
    assert Landing(tmp_path).until(TICKETS) == datetime(2026, 3, 3, tzinfo=UTC)


def test_events_that_break_the_contract_do_not_land(tmp_path: Path):
    with pytest.raises(ValueError, match="asked to land payments with"):
        Landing(tmp_path).land(PAYMENTS, MONDAY, payments(1).drop("currency"))
    assert amounts(tmp_path) == []


KILLED = """
import sys
from datetime import date
from pathlib import Path
import polars as pl
from perdura.sources.events import PAYMENTS
from perdura.sources.landing.landing import Landing
from tests.sources.landing.test_landing import payments
landing = Landing(Path(sys.argv[1]))
one = payments(0).select(pl.all().repeat_by(200_000).explode())
frames = [one.with_columns(amount=pl.int_range(200_000, dtype=pl.Int64) + n) for n in (0, 1)]
landing.land(PAYMENTS, date(2026, 3, 2), frames[0])
print("ready", flush=True)
while True:
    for frame in frames:
        landing.land(PAYMENTS, date(2026, 3, 2), frame)
"""


def test_killed_while_landing_leaves_the_old_file_or_the_new_one(tmp_path: Path):
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "POLARS_MAX_THREADS": "1"}
    for patience in (0.05, 0.08, 0.13):
        command = [sys.executable, "-c", KILLED, str(tmp_path)]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(patience)
            process.send_signal(signal.SIGKILL)
        landed = Landing(tmp_path).table(PAYMENTS).collect()["amount"].sort()
        assert landed.len() == 200_000
        assert landed[0] in (0, 1)
        assert landed[-1] == landed[0] + 199_999


def test_a_landing_that_fails_leaves_nothing_behind(tmp_path: Path):
    Landing(tmp_path).land(PAYMENTS, MONDAY, payments(1))
    in_the_way = tmp_path / "payments" / "2026-03-03.parquet"
    in_the_way.mkdir()
    with pytest.raises(OSError, match=r"2026-03-03\.parquet"):
        Landing(tmp_path).land(PAYMENTS, TUESDAY, payments(2))
    in_the_way.rmdir()
    assert [path.name for path in (tmp_path / "payments").iterdir()] == ["2026-03-02.parquet"]
    assert amounts(tmp_path) == [1]


def test_currencies_of_files_of_earlier_versions_are_read_in_capitals(tmp_path: Path):
    Landing(tmp_path).land(PAYMENTS, MONDAY, payments(1, 2).with_columns(currency=pl.lit("usd")))
    Landing(tmp_path).land(PAYMENTS, TUESDAY, payments(3).with_columns(currency=pl.lit("USD")))
    assert Landing(tmp_path).table(PAYMENTS).collect()["currency"].to_list() == ["USD"] * 3


def test_whole_months_of_files_of_earlier_versions_are_read(tmp_path: Path):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rows = pl.DataFrame({"subscriber_id": ["ada"], "happened_at": [at], "known_at": [at]})
    whole = rows.select(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
        for name, kind in SUBSCRIPTIONS.schema.items()
    ).with_columns(interval_months=pl.lit(12.0), kind=pl.lit("started"))
    path = Landing(tmp_path).land(SUBSCRIPTIONS, MONDAY, whole)
    pl.read_parquet(path).cast({"interval_months": pl.Int32}).write_parquet(path)
    Landing(tmp_path).land(SUBSCRIPTIONS, TUESDAY, whole.with_columns(interval_months=pl.lit(0.23)))
    found = Landing(tmp_path).table(SUBSCRIPTIONS).collect()["interval_months"]
    assert sorted(found) == [0.23, 12.0]
