"""The likely cause of a refusal where several fit, and at the edges of each, by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from perdura.models.params import TrainingParams
from perdura.models.promotion.diagnosis import FEW_LEAVERS, rates_by_date
from tests.models.promotion.test_diagnosis import FACTS, JUDGED, diagnosis

SAME = diagnosis(said=0.10, came=0.10, then=0.10)


@pytest.mark.parametrize(
    ("said", "came", "begins"),
    [
        (0.114, 0.10, "they are right on average and too"),  # 14 % off: chance is likelier
        (0.116, 0.10, "they are too high at 2026-06-01 (11.6% predicted, 10.0% left)"),
        (0.084, 0.10, "they are too low at 2026-06-01 (8.4% predicted, 10.0% left)"),
        (0.086, 0.10, "they are right on average"),
    ],
)
def test_a_level_is_off_from_fifteen_percent_on(said, came, begins):
    assert diagnosis(said=said, came=came, then=came).level_off().startswith(begins)


@pytest.mark.parametrize(
    ("then", "cause"),
    [
        (0.10, "the rate of leaving fell from 10.0% to 5.0% after the dates"),
        (0.056, "the subscribers have changed"),
        (0.04, "the subscribers have changed"),  # the rate rose, and the risks are too high
    ],
)
def test_a_rate_that_moved_the_other_way_is_no_cause(then, cause):
    assert cause in diagnosis(said=0.10, came=0.05, then=then).level_off()


def test_without_a_level_the_age_is_the_gap():
    found = replace(diagnosis(said=0.10, came=0.05, then=0.10), level=None)
    assert "the subscribers have changed" in found.level_off()
    assert "the level of the risks was 60 days old" in found.level_off()


@pytest.mark.parametrize(
    ("params", "advised"),
    [
        (TrainingParams(), ["churn.grace_days = 15 (now 30) and training.step_days = 7"]),
        (TrainingParams(grace_days=0), ["To try: training.step_days = 7"]),
        (TrainingParams(churn="silence"), ["To try: training.step_days = 7"]),
    ],
)
def test_a_shorter_grace_is_advised_where_there_is_one(params, advised):
    found = replace(diagnosis(said=0.10, came=0.05, then=0.10), params=params)
    assert all(words in found.level_off() for words in advised)


@pytest.mark.parametrize(
    ("year_before", "is_season"), [(0.05, True), (0.084, True), (0.086, False), (0.12, False)]
)
def test_the_season_is_the_cause_where_the_year_before_was_as_low(year_before, is_season):
    words = diagnosis(said=0.10, came=0.05, then=0.10, year_before=year_before).level_off()
    assert ("the season" in words) is is_season


def test_a_season_needs_the_rates_of_a_year_before():
    found = diagnosis(said=0.10, came=0.05, then=0.10, year_before=0.05)
    assert "the season" not in replace(found, rates=found.rates.tail(3)).level_off()


@pytest.mark.parametrize(
    ("evaluated", "fitted", "said"),
    [
        (FEW_LEAVERS, FEW_LEAVERS, None),
        (FEW_LEAVERS - 2, 500, "too few leavers, 48 of those evaluated, and it takes about 50"),
        (500, FEW_LEAVERS - 1, "too few leavers, 49 of those fitted, and it takes about 50"),
        (48, 48, "48 of those evaluated"),
        (48, 12, "12 of those fitted"),
    ],
)
def test_the_part_with_fewer_churners_is_named(evaluated, fitted, said):
    found = diagnosis(said=0.1, came=evaluated / 2 / 1_000, then=0.1, people=1_000)
    words = replace(found, fitted_leavers=fitted).few_leavers()
    assert (words is None) if said is None else (said in str(words))


@pytest.mark.parametrize(
    ("leavers", "said"),
    [
        ([49, 90], "few left at these dates (49, 90), so that chance decides"),
        ([50, 90], "what goes before leaving, or how many leave, changed between these"),
        ([], "what goes before leaving, or how many leave, changed"),
    ],
)
def test_few_churners_at_one_date_explain_a_failed_backtest(leavers, said):
    assert said in SAME.unsteady(iter(leavers))


def test_where_the_model_is_no_better_than_a_line_tables_are_missing_or_trees_too_large():
    assert "perdura tune, which looks for smaller trees" in SAME.line_is_better()
    by_person = replace(SAME, params=TrainingParams(split="subscribers"))
    assert "train again when more have left" in by_person.line_is_better()
    silent = replace(FACTS, rows={**FACTS.rows, "usage": 0})
    words = replace(SAME, facts=silent).line_is_better()
    assert "map a source of usage, in which trees find what no line does" in words
    assert words.startswith("Likely cause: 500 leavers were fitted")
    assert (
        replace(SAME, fitted_leavers=1)
        .line_is_better()
        .startswith("Likely cause: 1 leaver was fitted")
    )


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (("usage",), "nothing has landed in usage, and"),
        (("tickets", "usage"), "nothing has landed in tickets or usage, and"),
        (("payments", "tickets", "usage"), "in payments, tickets or usage, and"),
    ],
)
def test_tables_without_rows_are_listed(missing, said):
    rows = {name: 0 if name in missing else 9 for name in FACTS.rows}
    assert said in replace(SAME, facts=replace(FACTS, rows=rows)).ranks_badly()


def test_without_facts_a_source_that_says_more_is_advised():
    assert "a source that says more (usage, tickets, ratings)" in (
        replace(SAME, facts=None).ranks_badly()
    )


def test_without_lift_the_capacity_is_to_be_checked():
    words = replace(SAME, params=TrainingParams(calls=250)).no_lift()
    assert "set support.calls to the number of subscribers" in words
    assert "(now 250)" in words


def test_the_riskiest_tenth_is_looked_at_where_the_mean_is_right():
    rows = pl.DataFrame(
        {
            "as_of": JUDGED * 500,
            "risk": [0.5] * 110 + [0.05] * 890,
            "churned": [True] * 22 + [False] * 88 + [True] * 78 + [False] * 812,
        }
    )
    words = replace(SAME, test_rows=rows).level_off()
    assert "they are right on average and too high among the riskiest tenth (50.0% predicted, " in (
        words
    )
    assert "20.0% left). Likely cause: trees that are too bold" in words


def test_rates_count_each_sampled_non_churner_for_several():
    months = [datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=31 * k) for k in range(3)]
    rows = pl.DataFrame(
        [
            (months[0], True), (months[0], False), (months[0], False),
            (months[1], True), (months[1], False), (months[1], None),
            (months[2], None),
        ],
        schema=["as_of", "churned"],
        orient="row",
    )  # fmt: skip
    found = rates_by_date(rows, 0.25, [months[0]])
    # Of the sampled date two non-churners stand for eight; the open date has no rate.
    assert found.select("rows", "left").rows() == [(9.0, 1), (2.0, 1)]
    assert found["rate"].to_list() == [pytest.approx(1 / 9), 0.5]
    assert found["as_of"].to_list() == months[:2]
