"""Which rows fit, calibrate and judge: no window reaches the next part, nobody is on two sides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.dataset.split import HistoryTooShort, NotEnoughChurn, split_by_time, split_rows
from perdura.models.params import TrainingParams
from perdura.sources.events import MOMENT

START = datetime(2025, 1, 1, tzinfo=UTC)
BY_TIME = TrainingParams()
BY_SUBSCRIBER = TrainingParams(split="subscribers")


def rows_on(days: list[int], people: int = 2) -> pl.DataFrame:
    pairs = [
        (f"s{who:03}", START + timedelta(days=day), (who + place) % 2 == 0)
        for place, day in enumerate(days)
        for who in range(people)
    ]
    schema = {"subscriber_id": pl.String, "as_of": MOMENT, "churned": pl.Boolean}
    return pl.DataFrame(pairs, schema=schema, orient="row")


def days_of(part: pl.DataFrame) -> list[int]:
    return sorted({(at - START).days for at in part["as_of"]})


def test_the_last_dates_judge_earlier_ones_calibrate_and_those_before_fit():
    split = split_by_time(
        rows_on([30 * month for month in range(12)]),
        gap_days=60,
        calibrate_dates=2,
        judge_dates=2,
    )
    assert days_of(split.test) == [300, 330]
    assert days_of(split.calibrate) == [210, 240]
    assert days_of(split.fit) == [0, 30, 60, 90, 120, 150]


@given(
    days=st.lists(st.integers(0, 400), min_size=3, max_size=20, unique=True).map(sorted),
    gap=st.sampled_from([0, 1, 30, 60, 90]),
    calibrate=st.integers(1, 3),
    evaluate=st.integers(1, 3),
)
def test_no_window_reaches_the_dates_of_a_later_part(days, gap, calibrate, evaluate):
    try:
        split = split_by_time(
            rows_on(days), gap_days=gap, calibrate_dates=calibrate, judge_dates=evaluate
        )
    except HistoryTooShort:
        return
    fit, later, evaluated = map(days_of, split.parts.values())
    assert fit
    assert fit[-1] + gap <= later[0]
    assert later[-1] + gap <= evaluated[0]
    assert fit[-1] < later[0] <= later[-1] < evaluated[0]


def test_a_date_is_in_one_part_even_without_a_gap():
    split = split_by_time(rows_on([0, 1, 2]), gap_days=0, calibrate_dates=1, judge_dates=1)
    assert [days_of(part) for part in split.parts.values()] == [[0], [1], [2]]


def test_a_short_history_is_refused_with_what_was_found_and_what_to_do():
    with pytest.raises(HistoryTooShort) as refused:
        split_by_time(rows_on([0, 30, 60, 90]), gap_days=60, calibrate_dates=1, judge_dates=1)
    said = str(refused.value)
    assert "60 days between" in said
    assert "found 4 dates with known outcomes, 2025-01-01 to 2025-04-01" in said
    assert "split = 'subscribers'" in said


def test_without_any_known_outcome_the_history_is_too_short():
    with pytest.raises(HistoryTooShort, match="no outcome is known yet"):
        split_rows(rows_on([0, 30]).with_columns(churned=pl.lit(None, pl.Boolean)), BY_TIME)


def test_rows_whose_outcome_is_unknown_are_in_no_part():
    known = rows_on([30 * month for month in range(12)])
    unknown = rows_on([400]).with_columns(churned=pl.lit(None, pl.Boolean))
    split = split_rows(pl.concat([known, unknown]), BY_TIME)
    assert days_of(split.test)[-1] == 330


def test_a_part_where_nobody_left_is_refused():
    quiet = rows_on([30 * month for month in range(12)]).with_columns(
        churned=pl.col("churned") & (pl.col("as_of") < START + timedelta(days=200))
    )
    with pytest.raises(NotEnoughChurn, match=r"asked to calibrate on 4 rows.*0 of them left"):
        split_rows(quiet, BY_TIME)


@given(st.integers(60, 120), st.lists(st.integers(0, 400), min_size=1, max_size=3, unique=True))
def test_by_subscriber_nobody_is_on_two_sides_and_only_the_last_date_judges(people, days):
    rows = rows_on(sorted(days), people)
    split = split_rows(rows, BY_SUBSCRIBER)
    sides = [set(part["subscriber_id"]) for part in split.parts.values()]
    assert sum(map(len, sides)) == len(set.union(*sides)) == people
    assert days_of(split.test) == [max(days)]


def test_by_subscriber_accounts_of_one_person_are_on_one_side():
    rows = rows_on([0], people=400).with_columns(
        owner=pl.concat_str(pl.lit("p"), pl.col("subscriber_id").str.slice(0, 3))
    )
    split = split_rows(rows, BY_SUBSCRIBER)
    sides = [set(part["owner"]) for part in split.parts.values()]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 40


def test_by_subscriber_about_seven_in_ten_fit_and_two_judge():
    split = split_rows(rows_on([0], people=5000), BY_SUBSCRIBER)
    shares = [part.height / 5000 for part in split.parts.values()]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_by_subscriber_a_persons_side_does_not_depend_on_who_else_is_there():
    few = set(split_rows(rows_on([0], people=200), BY_SUBSCRIBER).test["subscriber_id"])
    many = set(split_rows(rows_on([0], people=900), BY_SUBSCRIBER).test["subscriber_id"])
    assert few == {who for who in many if who < "s200"}


def test_the_gap_is_lead_horizon_and_grace_but_silence_has_no_grace():
    contract = TrainingParams(lead_days=7, horizon_days=30, grace_days=14)
    assert contract.gap_days == 51
    assert replace(contract, churn="silence").gap_days == 37
