"""What a refusal says: which way, at which dates, the likely cause, and the setting to try."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from perdura.models.dataset.single_class import why_too_few
from perdura.models.dataset.source_coverage import SourceFacts
from perdura.models.dataset.split import HistoryTooShort, NotEnoughChurn, split_rows
from perdura.models.evaluation.risk_level import Level
from perdura.models.params import TrainingParams
from perdura.models.promotion.diagnosis import Diagnosis
from perdura.models.promotion.minimums import name_each_cause_once

JUDGED = [datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)]
FACTS = SourceFacts(
    rows={"subscriptions": 9, "payments": 9, "tickets": 9, "usage": 9},
    leavings=9,
    recorded_since=None,
    telling="subscriptions",
    newest=datetime(2026, 8, 31, tzinfo=UTC),
    known_until=datetime(2026, 9, 1, tzinfo=UTC),
)


def month_before(moment: datetime, months: int) -> datetime:
    return moment - timedelta(days=30.44 * months)


def diagnosis(
    said: float, came: float, then: float, year_before: float | None = None, people: int = 2_000
) -> Diagnosis:
    """Risks of ``said`` where ``came`` left, at a level of the rate ``then``."""
    left = round(came * people)
    evaluated = pl.DataFrame(
        [(at, place < left, said) for at in JUDGED for place in range(people)],
        schema=["as_of", "churned", "risk"],
        orient="row",
    )
    rates = [
        (month_before(JUDGED[1], back), 1000.0, 1000 * (year_before or then))
        for back in range(14, 1, -1)
    ]
    return Diagnosis(
        rates=pl.DataFrame(rates, schema=["as_of", "rows", "left"], orient="row"),
        test_rows=evaluated,
        fitted_leavers=500,
        params=TrainingParams(),
        level=Level(month_before(JUDGED[0], 2), JUDGED[0], 1_000, round(1_000 * then), 0.0),
        facts=FACTS,
    )


def test_it_says_which_way_and_at_which_dates():
    words = diagnosis(said=0.10, came=0.05, then=0.10).level_off()
    assert "they are too high at 2026-06-01 (10.0% predicted, 5.0% left) and 2026-07-01" in words
    assert "too low" in diagnosis(said=0.05, came=0.10, then=0.05).level_off()


def test_a_rate_that_moved_is_told_with_what_makes_the_level_newer():
    words = diagnosis(said=0.10, came=0.05, then=0.10).level_off()
    assert "the rate of leaving fell from 10.0% to 5.0%" in words
    assert "grace_days = 15 (now 30)" in words
    assert "the level of the risks was 60 days old" in words


def test_a_season_is_known_by_the_year_before():
    words = diagnosis(said=0.10, came=0.05, then=0.10, year_before=0.05).level_off()
    assert "Likely cause: the season. A year before, 5.0% left at these dates, too" in words


def test_an_export_that_ended_early_is_the_cause_where_too_few_left():
    early = replace(FACTS, newest=datetime(2026, 6, 10, tzinfo=UTC))
    high = replace(diagnosis(said=0.10, came=0.05, then=0.10), facts=early)
    assert "perdura train --until 2026-06-11" in high.level_off()
    low = replace(diagnosis(said=0.05, came=0.10, then=0.05), facts=early)
    assert "--until" not in low.level_off()


def test_few_leavers_are_the_cause_before_anything_else():
    words = diagnosis(said=0.10, came=0.05, then=0.05, people=200).ranks_badly()
    assert "too few leavers, 20 of those evaluated" in words
    assert "horizon_days = 60 (now 30)" in words


def test_a_longer_window_is_advised_only_where_its_outcome_is_known():
    short = diagnosis(said=0.10, came=0.05, then=0.05, people=200)
    newest = replace(short, rates=short.rates.tail(2))
    assert "no setting makes up for that" in newest.ranks_badly()


def test_tables_that_tell_nothing_are_named():
    found = diagnosis(said=0.05, came=0.05, then=0.05)
    silent = replace(FACTS, rows={"subscriptions": 9, "payments": 0, "tickets": 0, "usage": 0})
    words = replace(found, facts=silent).ranks_badly()
    assert "nothing has landed in payments, tickets or usage" in words


def rows(lefts: list[int], people: int = 200) -> pl.DataFrame:
    """So many leave at each date, a month apart."""
    return pl.DataFrame(
        [
            (f"s{who}", datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=30 * at), who < left)
            for at, left in enumerate(lefts)
            for who in range(people)
        ],
        schema=["subscriber_id", "as_of", "churned"],
        orient="row",
    )


def test_where_nobody_ever_left_the_missing_event_is_named():
    words = why_too_few(rows([0] * 8), TrainingParams())
    assert "no event `ended` or `cancel_scheduled` has landed" in words
    silence = why_too_few(rows([0] * 8), TrainingParams(churn="silence"))
    assert "horizon_days = 60 (now 30)" in silence


def test_where_all_leavers_are_new_other_people_judge():
    with pytest.raises(NotEnoughChurn) as refused:
        split_rows(rows([0] * 9 + [30, 30, 30]), TrainingParams())
    assert "all 90 leavers are of the 3 newest dates, from 2025-09-28 on" in str(refused.value)
    assert "split = 'subscribers'" in str(refused.value)
    assert "history_months = 2" in str(refused.value)


def test_where_the_newest_leavers_are_missing_the_export_is_older():
    words = why_too_few(rows([30] * 9 + [0, 0, 0]), TrainingParams())
    assert "no one after 2025-08-29" in words
    assert "perdura train --until" in words


def test_closer_dates_are_advised_only_where_they_would_do():
    for months, helps in ((4, False), (7, True)):
        with pytest.raises(HistoryTooShort) as refused:
            split_rows(rows([30] * months), TrainingParams(calibrate_dates=3, judge_dates=3))
        assert ("step_days = 7" in str(refused.value)) == helps
        assert "split = 'subscribers'" in str(refused.value)


def test_a_cause_that_several_findings_share_is_told_once():
    missed = [
        "it ranks badly. Likely cause: too few leavers",
        "it has no lift. Likely cause: too few leavers",
        "logistic regression is better",
    ]
    assert name_each_cause_once(missed) == ["it ranks badly", *missed[1:]]
