"""What snapshots showed is kept of the newest two extracts, whole, and forgotten when told."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.events import SUBSCRIPTIONS
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.shown import forget_shown, shown_at, shown_files

SCHEMA = pl.Schema({"x": pl.Int64()})
NIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def keep(landing: Landing, until: datetime, *shown: int | pl.DataFrame) -> None:
    with shown_at(landing, SUBSCRIPTIONS, until, SCHEMA) as write:
        for one in shown:
            write(one if isinstance(one, pl.DataFrame) else pl.DataFrame({"x": [one]}))


def kept(landing: Landing) -> dict[datetime, list[int]]:
    files = shown_files(landing, SUBSCRIPTIONS)
    return {until: pl.read_parquet(path)["x"].to_list() for until, path in files.items()}


def test_of_the_newest_two_extracts_and_an_extract_done_again_replaces_itself(tmp_path: Path):
    landing = Landing(tmp_path)
    assert kept(landing) == {}
    nights = [NIGHT + timedelta(days=day) for day in range(3)]
    for number, night in enumerate(nights):
        keep(landing, night, number, number)
    assert kept(landing) == {nights[1]: [1, 1], nights[2]: [2, 2]}
    keep(landing, nights[2], 7)
    assert kept(landing) == {nights[1]: [1, 1], nights[2]: [7]}


def test_ends_are_told_apart_to_the_microsecond_and_by_moment_not_by_zone(tmp_path: Path):
    landing, tick = Landing(tmp_path), timedelta(microseconds=1)
    keep(landing, NIGHT, 1)
    keep(landing, NIGHT + tick, 2)
    assert kept(landing) == {NIGHT: [1], NIGHT + tick: [2]}
    keep(landing, (NIGHT + tick).astimezone(timezone(timedelta(hours=5))), 3)
    assert kept(landing) == {NIGHT: [1], NIGHT + tick: [3]}


def test_an_error_changes_nothing(tmp_path: Path):
    landing = Landing(tmp_path)
    keep(landing, NIGHT, 1)
    frames = [pl.DataFrame({"x": [2]}), pl.DataFrame({"y": [2]})]
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        keep(landing, NIGHT, *frames)
    assert kept(landing) == {NIGHT: [1]}


def test_what_is_forgotten_is_gone_and_nothing_may_be_forgotten(tmp_path: Path):
    landing = Landing(tmp_path)
    forget_shown(landing, SUBSCRIPTIONS)
    keep(landing, NIGHT, 1)
    forget_shown(landing, SUBSCRIPTIONS)
    assert kept(landing) == {}
    assert landing.files(SUBSCRIPTIONS) == {}
