"""Why a part has only churners or only non-churners: the likely cause, and the setting to try."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from perdura.models.dataset.single_class import longer, why_too_few
from perdura.models.dataset.source_coverage import SourceFacts
from perdura.models.dataset.split import (
    HistoryTooShort,
    NotEnoughChurn,
    refuse_without_leavers,
    split_by_time,
    split_rows,
)
from perdura.models.params import TrainingParams
from tests.models.promotion.test_diagnosis import FACTS, rows

PARAMS = TrainingParams()


SILENCE = replace(PARAMS, churn="silence")
BY_SUBSCRIBER = replace(PARAMS, split="subscribers")


@pytest.mark.parametrize(
    ("lefts", "params", "found", "cause"),
    [
        ([0] * 4, PARAMS, "no one left at any of the 4 dates.", "no event `ended`"),
        ([0], PARAMS, "no one left at any of the 1 date.", "no event `ended`"),
        ([0] * 4, SILENCE, "no one left at any of the 4 dates.", "the window is so short"),
        ([9] * 4, PARAMS, "all left at all 4 dates.", "only those who left are in the files"),
        ([1] * 4, PARAMS, "4 left at all 4 dates together.", "too few leavers, and no model"),
        ([0, 0, 9, 9, 9], PARAMS, "all 27 leavers are of the 3 newest dates,", "not recorded"),
        ([0, 0, 8, 8, 8], BY_SUBSCRIBER, "24 left at all 5 dates together.", "too few leavers for"),
        (
            [8, 8, 8, 0, 0],
            PARAMS,
            "24 left at earlier dates, and no one after",
            "the newest leavers",
        ),
        ([8, 8, 8], PARAMS, "24 left at all 3 dates together.", "too few leavers for three parts."),
    ],
)
def test_the_cause_is_the_first_that_fits(lefts, params, found, cause):
    words = why_too_few(rows(lefts, people=9), params)
    assert words.startswith(found)
    assert cause in words.split("Likely cause: ")[1].split("To try")[0]


def test_the_dates_with_leavers_are_said():
    begins = why_too_few(rows([0, 0, 9, 9, 9], people=9), PARAMS)
    assert "newest dates, from 2025-03-02 on, and 2 dates before them have none." in begins
    # At the last of these dates eight left, after it none did.
    assert "no one after 2025-03-02." in why_too_few(rows([8, 8, 8, 0, 0], people=9), PARAMS)


def test_one_date_is_said_as_one():
    words = why_too_few(rows([0, 25], people=30), PARAMS)
    assert "all 25 leavers are of the 1 newest date, from 2025-01-31 on, and 1 date before" in words
    assert "them has none." in words


def test_rows_whose_outcome_is_unknown_say_nothing():
    known = rows([8, 8, 8], people=9)
    unknown = rows([0] * 9, people=9).with_columns(churned=pl.lit(None, pl.Boolean))
    with_unknown = why_too_few(pl.concat([known, unknown.tail(9)]), PARAMS)
    assert with_unknown.startswith("24 left at all 3 dates together.")


@pytest.mark.parametrize(
    ("days", "times", "params", "advice"),
    [
        # A third of the history, less what is not the window: 300 / 3 - 30 = 70 days.
        (300, 2, PARAMS, "churn.horizon_days = 60 (now 30)"),
        (300, 3, PARAMS, "churn.horizon_days = 70 (now 30)"),
        (180, 3, PARAMS, "no setting makes up for that"),  # 30 days, as now
        (183, 3, PARAMS, "churn.horizon_days = 31 (now 30)"),
        (0, 3, PARAMS, "no setting makes up for that"),
        # By subscriber the whole history may be one window and its grace.
        (100, 2, replace(PARAMS, split="subscribers"), "churn.horizon_days = 60"),
        (100, 9, replace(PARAMS, split="subscribers"), "churn.horizon_days = 70"),
        # Silence needs no grace, and a lead is no window.
        (300, 9, replace(PARAMS, churn="silence"), "churn.horizon_days = 100"),
        (300, 9, replace(PARAMS, lead_days=20), "churn.horizon_days = 50"),
    ],
)
def test_a_longer_window_is_one_whose_outcome_the_history_knows(days, times, params, advice):
    assert advice in longer(params, timedelta(days=days), times)


@pytest.mark.parametrize(
    ("horizon", "shorter"),
    [(30, "churn.horizon_days = 15 (now 30)"), (1, "churn.horizon_days = 1 (")],
)
def test_where_all_leave_a_shorter_window_is_advised(horizon, shorter):
    words = why_too_few(rows([9] * 4, people=9), replace(PARAMS, horizon_days=horizon))
    assert shorter in words


def test_without_any_outcome_the_days_that_it_takes_are_said():
    unknown = rows([0, 0]).with_columns(churned=pl.lit(None, pl.Boolean))
    with pytest.raises(HistoryTooShort) as refused:
        split_rows(unknown, replace(PARAMS, lead_days=7, grace_days=14))
    assert str(refused.value) == (
        "asked to learn from 400 rows, 2025-01-01 to 2025-01-31; no outcome is known yet, which "
        "takes 51 days (churn.lead_days = 7, churn.horizon_days = 30, churn.grace_days = 14). "
        "To try: extract until a later date, or set fewer of these days"
    )
    with pytest.raises(HistoryTooShort, match=r"churn.grace_days = 0\)"):
        split_rows(unknown, replace(PARAMS, churn="silence"))


def test_no_rows_at_all_are_refused_in_words_too():
    with pytest.raises(HistoryTooShort, match="asked to learn from 0 rows; no outcome is known"):
        split_rows(rows([]).with_columns(pl.col("churned").cast(pl.Boolean)), PARAMS)


def test_dates_that_are_too_few_are_counted():
    with pytest.raises(HistoryTooShort) as refused:
        split_by_time(rows([5]), gap_days=1, calibrate_dates=1, judge_dates=1)
    assert str(refused.value) == (
        "asked to fit, calibrate (1 date) and judge (1 date) with 1 day between them; found "
        "1 date with known outcomes, 2025-01-01 to 2025-01-01. To try: training.split = "
        "'subscribers', which fits and judges on the same dates and other people; or a longer "
        "history"
    )


def test_the_part_with_one_class_is_named_with_its_rows_and_dates():
    with pytest.raises(NotEnoughChurn) as refused:
        split_rows(rows([20] * 6 + [0] * 6, people=30), PARAMS)
    assert str(refused.value).startswith(
        "asked to calibrate on 60 rows, 2025-07-30 to 2025-08-29; 0 of them left, and it takes "
        "both, people who left and people who stayed: 120 left at earlier dates, and no one after "
        "2025-05-31."
    )


def facts(leavings: int) -> SourceFacts:
    return replace(FACTS, leavings=leavings)


def test_without_any_event_of_leaving_the_mapping_is_to_be_mended():
    with pytest.raises(NotEnoughChurn) as refused:
        refuse_without_leavers(rows([0]).head(1), PARAMS, facts(0))
    words = str(refused.value)
    assert words.startswith("asked to learn who leaves, from 1 row, 2025-01-01 to 2025-01-01; no")
    assert "no event `ended` or `cancel_scheduled` has landed in subscriptions" in words
    assert "churn.rule = 'silence' with a table of payments" in words


@pytest.mark.parametrize(
    ("params", "found"),
    [(PARAMS, None), (PARAMS, facts(1)), (replace(PARAMS, churn="silence"), facts(0))],
)
def test_where_leaving_may_be_known_nothing_is_refused(params, found):
    refuse_without_leavers(rows([0]), params, found)
