"""The list that support works through does not flicker, and its money is the business's money."""

import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from perdura.flows.score_nightly import score_nightly
from perdura.flows.settings import Settings
from perdura.flows.train_weekly import train_weekly
from perdura.risk.table import read
from perdura.sources.merges import Events
from perdura.sources.states.states import SCORED, states_at

FIRST = date(2026, 10, 20)


@pytest.fixture(scope="module")
def week(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> list[pd.DataFrame]:
    """Eight nights of the simulated company, by a model that was trained before the first."""
    home = tmp_path_factory.mktemp("week")
    shutil.copytree(trained, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("mlruns"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERDURA_TRAINING__EARLIER_DATES", "0")
        patch.setenv("PERDURA_TRAINING__CUT_DAYS", "0")
        assert train_weekly(FIRST, home).promoted
    for day in range(8):
        score_nightly(FIRST + timedelta(days=day), home)
    url = Settings.at(home).risk_url
    return [read(url, scored_on=FIRST + timedelta(days=day)) for day in range(8)]


def test_nine_of_ten_who_were_to_be_called_and_are_still_there_are_to_be_called_the_next_day(week):
    overlaps = []
    for before, after in pairwise(week):
        listed, now = (
            set(night.loc[night["band"] == "high", "subscriber_id"]) for night in (before, after)
        )
        still_there = listed & set(after["subscriber_id"])
        overlaps.append(len(still_there & now) / len(still_there))
    assert sum(overlaps) / len(overlaps) >= 0.9


def test_of_whom_nothing_new_was_heard_the_list_is_the_same(week, trained):
    events = Settings.at(trained).landing.events()
    news = [_heard_of(events, FIRST + timedelta(days=day)) for day in range(7)]
    # About 35 subscribers are in the high band, and one of them is 3 %: so its days are pooled.
    high = [_kept(*both, who) for both, who in zip(pairwise(week), news, strict=True)]
    assert sum(kept for kept, _ in high) / sum(either for _, either in high) >= 0.9
    watched = [
        _kept(*both, who, bands=("high", "medium"))
        for both, who in zip(pairwise(week), news, strict=True)
    ]
    assert [round(kept / either, 3) for kept, either in watched if kept < 0.9 * either] == []


def _kept(
    before: pd.DataFrame, after: pd.DataFrame, news: set[str], bands: tuple[str, ...] = ("high",)
) -> tuple[int, int]:
    """How many in these bands, and not in the news, are there on both days; and on either."""
    listed, now = (
        set(night.loc[night["band"].isin(bands), "subscriber_id"]) - news
        for night in (before, after)
    )
    return len(listed & now), len(listed | now)


def _heard_of(events: Events, day: date) -> set[str]:
    """Of whom something became known on that day."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    known = pl.col("known_at").is_between(start, start + timedelta(days=1), closed="left")
    heard = [
        table.filter(known).select("subscriber_id").collect()["subscriber_id"]
        for table in events.values()
    ]
    return set(pl.concat(heard))


def test_the_money_of_a_night_is_the_mrr_book_of_the_moment_before_it(week, trained):
    night = week[0]
    as_of = pd.Timestamp(FIRST, tz="UTC").to_pydatetime()
    portfolio = states_at(Settings.at(trained).landing.events(), as_of).filter(
        pl.col("state").is_in(SCORED)
    )
    by_currency = dict(
        portfolio.group_by("currency").agg(pl.col("mrr").sum()).drop_nulls().iter_rows()
    )
    told = night.dropna(subset=["mrr"])
    assert told.groupby("currency")["mrr"].sum().to_dict() == by_currency
    # Each row is rounded, so the sum may be half a minor unit a row away.
    for currency, rows in told.groupby("currency"):
        exact = (rows["risk"] * rows["mrr"].astype(float)).sum()
        assert rows["expected_loss"].sum() == pytest.approx(exact, abs=len(rows) / 2), currency
