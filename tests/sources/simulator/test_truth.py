"""The true risks of the simulated company: right, known from events alone, and not too easy."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from perdura.sources.simulator import simulate
from perdura.sources.simulator.chunk import Order, draw_chunk, live
from perdura.sources.simulator.frames import table_rows
from perdura.sources.simulator.hazard import SIGNALS
from perdura.sources.simulator.mapping_file import TABLES
from perdura.sources.simulator.vectors import Month
from tests.support.sampled import true_events, true_risks

DAYS_30, DAYS_60 = timedelta(days=30), timedelta(days=60)
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("company")
    simulate(out, subscribers=8000, months=24)
    return out


@pytest.fixture(scope="module")
def events(out: Path) -> dict[str, pl.DataFrame]:
    return true_events(out)


@pytest.fixture(scope="module")
def truth(out: Path, events: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return true_risks(out, events["merges"])


@pytest.fixture(scope="module")
def outcomes(truth: pl.DataFrame, events: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The truth of dates whose 30 days and 30 days of grace have passed, and what came."""
    subscriptions = events["subscriptions"].sort("happened_at")
    left = first_after(subscriptions, ["cancel_scheduled", "ended"], "left_at")
    undone = first_after(subscriptions, ["cancel_withdrawn", "started"], "undone_at")
    closed = truth.filter(pl.col("as_of") <= pl.col("as_of").max() - DAYS_30).sort("as_of")
    followed = closed.join_asof(
        left,
        left_on="as_of",
        right_on="left_at",
        by="person",
        check_sortedness=False,
        strategy="forward",
    )
    followed = followed.sort("left_at").join_asof(
        undone,
        left_on="left_at",
        right_on="undone_at",
        by="person",
        check_sortedness=False,
        strategy="forward",
    )
    leaves = pl.col("left_at") < pl.col("as_of") + DAYS_30
    stays_after_all = (pl.col("undone_at") < pl.col("left_at") + DAYS_30).fill_null(value=False)
    return followed.with_columns(churned=(leaves & ~stays_after_all).fill_null(value=False))


@pytest.fixture(scope="module")
def expansions(truth: pl.DataFrame, events: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The stated chances to expand of dates whose 60 days have passed, and what came."""
    subscriptions = events["subscriptions"].sort("person", "happened_at")
    before = pl.col("mrr").shift(1).over("person")
    larger = subscriptions.filter(
        pl.col("kind") == "plan_changed", pl.col("reason") == "voluntary", pl.col("mrr") > before
    )
    closed = truth.drop_nulls("expansion").filter(pl.col("as_of") <= UNTIL - DAYS_60)
    found = closed.sort("as_of").join_asof(
        larger.sort("happened_at").select("person", expanded_at="happened_at"),
        left_on="as_of",
        right_on="expanded_at",
        by="person",
        check_sortedness=False,
        strategy="forward",
    )
    within = pl.col("expanded_at") < pl.col("as_of") + DAYS_60
    return found.with_columns(expanded=within.fill_null(value=False))


def test_no_model_could_know_more_than_the_oracle_and_the_oracle_not_all(outcomes: pl.DataFrame):
    assert 0.80 <= roc_auc_score(outcomes["churned"], outcomes["risk"]) <= 0.88


def test_about_three_in_a_hundred_leave_a_month_a_quarter_of_them_for_want_of_payment(
    outcomes: pl.DataFrame,
):
    churned = outcomes.filter("churned")
    assert 0.02 <= len(churned) / len(outcomes) <= 0.05
    assert 0.15 <= len(churned.filter(reason="payment")) / len(churned) <= 0.35


def test_in_every_tenth_of_the_risks_as_many_leave_as_the_truth_says(outcomes: pl.DataFrame):
    for tenth in outcomes.sort("risk").iter_slices(-(-len(outcomes) // 10)):
        assert_as_many(tenth["churned"], tenth["risk"])


@pytest.mark.parametrize("cause", ["voluntary", "payment"])
def test_each_cause_takes_as_many_as_its_own_risk_says(outcomes: pl.DataFrame, cause: str):
    mine = (outcomes["churned"] & (outcomes["reason"] == cause)).fill_null(value=False)
    assert_as_many(mine, outcomes[f"risk_{cause}"])


def test_every_signal_is_somebodys_cause_and_most_leavers_have_one(outcomes: pl.DataFrame):
    assert set(outcomes["cause_signal"].drop_nulls()) == set(SIGNALS)
    churned = outcomes.filter("churned")
    assert churned["cause_signal"].null_count() < 0.2 * len(churned)


def test_the_risk_is_its_two_causes_together(truth: pl.DataFrame):
    assert truth["risk"].is_between(0, 1).all()
    both = truth["risk_voluntary"] + truth["risk_payment"]
    assert ((truth["risk"] - both).abs() < 1e-12).all()
    assert truth.select("subscriber_id", "as_of").is_unique().all()


def test_in_every_tenth_of_the_chances_as_many_expand_as_the_truth_says(expansions: pl.DataFrame):
    for tenth in expansions.sort("expansion").iter_slices(-(-len(expansions) // 10)):
        assert_as_many(tenth["expanded"], tenth["expansion"])


def test_expansion_can_be_foreseen_in_part_and_is_as_rare_as_it_is(expansions: pl.DataFrame):
    assert 0.75 <= roc_auc_score(expansions["expanded"], expansions["expansion"]) <= 0.81
    assert 0.024 <= expansions["expanded"].to_numpy().mean() <= 0.032


def test_the_chance_to_expand_is_stated_in_every_second_month_of_each_person(truth: pl.DataFrame):
    month = pl.col("as_of").dt.year() * 12 + pl.col("as_of").dt.month()
    stated = pl.col("expansion").is_not_null()
    parities = truth.group_by("person").agg((month % 2).filter(stated).n_unique().alias("own"))
    assert set(parities["own"]) <= {0, 1}
    assert 0.49 < truth.select(stated.mean()).item() < 0.51


def test_what_comes_later_changes_nothing_before():
    long = Order(600, Month(56 * 12), 12, seed=5)
    short = Order(600, Month(56 * 12), 8, seed=5)
    people = draw_chunk(long, 0)
    lived_long, lived_short = live(long, 0, people), live(short, 0, people)
    in_both = lived_long.truth.filter(pl.col("as_of") < short.end.start)
    assert_frame_equal(in_both, lived_short.truth)
    for table in TABLES:
        told_by_then = table_rows(lived_long.journal, table, short.end.start)
        told = table_rows(lived_short.journal, table, short.end.start)
        assert_frame_equal(told_by_then, told, check_row_order=False, check_column_order=False)


def assert_as_many(churned: pl.Series, risk: pl.Series) -> None:
    """As many as the risks add up to, within three and a half standard deviations."""
    chances = risk.to_numpy()
    spread = np.sqrt((chances * (1 - chances)).sum())
    assert abs(churned.to_numpy().sum() - chances.sum()) <= 3.5 * spread


def first_after(subscriptions: pl.DataFrame, kinds: list[str], when: str) -> pl.DataFrame:
    rows = subscriptions.filter(pl.col("kind").is_in(kinds))
    own = ["reason"] if when == "left_at" else []
    return rows.select("person", pl.col("happened_at").alias(when), *own)
