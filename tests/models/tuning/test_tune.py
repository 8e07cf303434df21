"""Tuning: where it asks, what it may know, and what a stop does to it."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from perdura.models.boosting.booster import Examples
from perdura.models.dataset.split import HistoryTooShort
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.params import BoosterParams
from perdura.models.tuning.folds import Fold, before_test_dates, folds_of, gain
from perdura.models.tuning.search_space import SPACE, values_of
from perdura.models.tuning.trials import Tuning
from perdura.models.tuning.tune import FOLDS, tune
from perdura.models.tuning.tuned_params import tuned_by
from tests.models.backtesting.test_backtest import as_closed
from tests.support.made_up import FIRST, NAMES, PARAMS, training_set

TRIALS = 12
QUICK = replace(PARAMS, booster=replace(PARAMS.booster, rounds=40))
GAP = QUICK.gap_days
JUDGED_FROM = FIRST + timedelta(days=30 * 12)


def rows() -> TrainingSet:
    """The same 300 people in every test; the last two of 14 dates judge."""
    made = training_set(people=300)
    return replace(made, rows=made.rows.with_columns(owner="subscriber_id"))


def tuned(
    file: Path, training: TrainingSet | None = None, params=QUICK, trials=TRIALS, **asked: Any
) -> Tuning:
    known = training or rows()
    return tune(known, as_closed(known), params, file=file, trials=trials, **asked)


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory: pytest.TempPathFactory) -> Tuning:
    return tuned(tmp_path_factory.mktemp("tuning") / "tuning.db")


def test_between_what_is_fitted_what_stops_and_what_is_asked_lies_the_gap():
    days = (pl.col("as_of") - FIRST).dt.total_days().cast(pl.Float64)
    dated = replace(rows(), rows=rows().rows.with_columns(csat=days))
    known = before_test_dates(dated, as_closed(dated), QUICK)
    folds = folds_of(known, as_closed(dated), QUICK, most=FOLDS)
    day = NAMES.index("csat")
    for fold in folds:
        fit, stop, test = (part.matrix[:, day] for part in (fold.fit, fold.stop, fold.test))
        assert fit.max() + GAP <= stop.min()
        assert stop.max() + GAP <= test.min()
        assert set(test) == {(fold.origin - FIRST).days}
        assert fold.origin + timedelta(days=GAP) <= JUDGED_FROM
    assert [(fold.origin - FIRST).days for fold in folds] == [210, 240, 270, 300]


def test_the_judged_rows_and_what_is_known_too_late_have_no_say(never_stopped, tmp_path):
    evaluated = pl.col("as_of") >= pl.lit(JUDGED_FROM)
    # The outcome of a row that is not judged may be known only while others are.
    late = pl.col("as_of") + timedelta(days=GAP) > pl.lit(JUDGED_FROM)
    made = rows()
    poisoned = made.rows.with_columns(
        pl.when(late).then(~pl.col("churned")).otherwise("churned").alias("churned"),
        *(
            pl.when(evaluated).then(-pl.col(name)).otherwise(name).alias(name)
            for name in NAMES
            if name != "plan"
        ),
        plan=pl.when(evaluated).then(pl.lit("poison")).otherwise("plan"),
    )
    assert not poisoned.equals(made.rows)
    assert tuned(tmp_path / "t.db", replace(made, rows=poisoned)).tried == never_stopped.tried


def test_what_lands_later_does_not_begin_another_study():
    """How many later months of a row are known hangs on what is known by now, and is not read."""

    def by(days: int) -> pl.DataFrame:
        made, until = rows(), FIRST + timedelta(days=days)
        known = (pl.lit(until) - pl.col("as_of")).dt.total_days() // 30
        told = made.rows.with_columns(
            months_known=known.cast(pl.Int8), left_month=pl.lit(None, pl.Int8)
        )
        return before_test_dates(replace(made, rows=told), as_closed(made), QUICK).rows

    assert by(480).equals(by(520))


def test_the_defaults_are_tried_first_and_the_best_is_never_worse(never_stopped):
    assert len(never_stopped.tried) == TRIALS
    assert never_stopped.defaults.values == values_of(QUICK.booster)
    assert never_stopped.defaults.gain == 0
    assert never_stopped.best.log_loss <= never_stopped.defaults.log_loss
    assert never_stopped.judged_from == JUDGED_FROM


def test_the_best_is_asked_once_more_at_a_date_that_no_trial_saw(never_stopped):
    confirmed = never_stopped.confirmation
    assert confirmed.origin > max(never_stopped.origins)
    assert confirmed.origin + timedelta(days=GAP) <= JUDGED_FROM
    lucky = replace(never_stopped.best, gain=0.1, error=0.01)
    found = replace(never_stopped, tried=(never_stopped.defaults, lucky))
    for gained, better in ((0.001, True), (-0.001, False)):
        assert replace(found, confirmation=replace(confirmed, gain=gained)).better is better


def test_a_trial_that_is_worse_than_most_is_given_up_before_its_last_fold(never_stopped):
    pruned = [each for each in never_stopped.tried if each.pruned]
    assert 0 < len(pruned) == never_stopped.pruned
    assert all(1 <= len(each.losses) < FOLDS for each in pruned)
    complete = [each for each in never_stopped.tried if not each.pruned]
    assert all(len(each.losses) == FOLDS for each in complete)


def test_the_gain_is_how_much_less_surprised_it_is_than_the_defaults(never_stopped):
    for each in never_stopped.tried:
        if each.gain is not None:
            less = never_stopped.defaults.log_loss - each.log_loss
            assert each.gain == pytest.approx(less, abs=1e-12)


def test_the_same_seed_tries_the_same_and_another_does_not(never_stopped, tmp_path):
    again = tuned(tmp_path / "again.db", trials=4)
    assert again.tried == never_stopped.tried[:4]
    other = replace(QUICK, booster=replace(QUICK.booster, seed=1))
    assert tuned(tmp_path / "other.db", params=other, trials=2).tried[1] != again.tried[1]


def test_an_interruption_keeps_what_was_done_and_the_next_run_goes_on(never_stopped, tmp_path):
    def interrupt(_spent: int, _of: int, what: str) -> None:
        if what.startswith("5 tried"):
            raise KeyboardInterrupt

    stopped = tuned(tmp_path / "t.db", progress=interrupt)
    assert stopped.stopped
    assert stopped.tried == never_stopped.tried[:5]
    gone_on = tuned(tmp_path / "t.db")
    assert (gone_on.before, gone_on.stopped) == (5, False)
    assert gone_on.tried == never_stopped.tried


# Ends itself, like a power cut, as soon as the fourth trial is at work.
KILLED = """
import os, sqlite3, sys, threading
from pathlib import Path
from tests.models.tuning.test_tune import tuned

file = Path(sys.argv[1])

def kill():
    asked = "select count(*) from trials where state = 'RUNNING'"
    with sqlite3.connect(file) as database:
        while not database.execute(asked).fetchone()[0]:
            pass
    os._exit(9)

def tell(_spent, _of, what):
    if what.startswith("3 tried"):
        threading.Thread(target=kill, daemon=True).start()

tuned(file, progress=tell)
"""


def test_a_run_that_was_killed_in_a_trial_goes_on_as_if_it_had_not_been(never_stopped, tmp_path):
    file = tmp_path / "tuning.db"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", KILLED, file],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (9, "")
    assert states(file) == ["COMPLETE"] * 3 + ["RUNNING"]
    gone_on = tuned(file)
    assert gone_on.before == 3
    assert gone_on.tried == never_stopped.tried
    assert states(file)[3] == "FAIL"
    assert len(states(file)) == TRIALS + 1


def states(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        told = database.execute("select state from trials order by trial_id").fetchall()
    return [state for (state,) in told]


def test_without_time_the_defaults_are_tried_and_no_more(tmp_path):
    found = tuned(tmp_path / "t.db", minutes=0)
    assert [each.values for each in found.tried] == [values_of(QUICK.booster)]
    assert not found.better


def test_other_rows_or_parameters_begin_another_study_but_threads_do_not(tmp_path):
    file = tmp_path / "t.db"
    tuned(file, trials=1)
    two = replace(QUICK, booster=replace(QUICK.booster, threads=2))
    assert tuned(file, params=two, trials=1).before == 1
    assert tuned(file, params=replace(QUICK, monotone=True), trials=1).before == 0
    fewer = rows()
    known = pl.col("subscriber_id") != "s00007"
    others = replace(fewer, rows=fewer.rows.filter(known), about=fewer.about.filter(known))
    assert tuned(file, others, trials=1).before == 0


def test_what_did_best_before_is_tried_second_unless_it_saw_the_judged_rows(
    never_stopped, tmp_path
):
    best = max(
        (each for each in never_stopped.tried[2:] if each.gain is not None),
        key=lambda each: each.gain or 0.0,
    )
    found = replace(never_stopped, tried=(never_stopped.defaults, best))
    kept = tuned_by(found, datetime(2026, 1, 1, tzinfo=UTC))
    second = tuned(tmp_path / "t.db", kept=kept, trials=2).tried[1]
    assert second == best
    later = replace(kept, judged_from=JUDGED_FROM + timedelta(days=1))
    assert tuned(tmp_path / "late.db", kept=later, trials=2).tried[1] == never_stopped.tried[1]


def test_no_more_than_six_splits_are_tried(never_stopped):
    assert SPACE["max_depth"].high == BoosterParams().max_depth == 6
    assert all(each.values["max_depth"] <= 6 for each in never_stopped.tried)


def test_where_people_judge_nothing_is_tuned(tmp_path):
    with pytest.raises(HistoryTooShort, match="split is by subscribers"):
        tuned(tmp_path / "t.db", params=replace(QUICK, split="subscribers"))


def test_a_history_without_dates_before_the_judged_is_refused(tmp_path):
    short = rows()
    known = pl.col("as_of") < pl.lit(FIRST + timedelta(days=30 * 7))
    few = replace(short, rows=short.rows.filter(known), about=short.about.filter(known))
    with pytest.raises(HistoryTooShort, match="or a longer history"):
        tuned(tmp_path / "t.db", few)


def test_rows_of_one_person_at_two_dates_are_no_two_people():
    def at(people: list[str]) -> Fold:
        nothing = Examples(np.empty((0, 0)), np.empty(0))
        return Fold(FIRST, nothing, nothing, nothing, pl.Series(people))

    before = [np.array([1.0, 1.0]), np.array([1.0, 1.0])]
    after = [np.array([0.0, 1.0]), np.array([0.0, 1.0])]
    # One gains 1 at both dates, the other nothing: half of all, and it hangs on one person.
    assert gain([at(["ann", "bob"])] * 2, before, after) == pytest.approx((0.5, np.sqrt(0.125)))
    apart = gain([at(["ann", "bob"]), at(["cat", "dan"])], before, after)
    assert apart == pytest.approx((0.5, 0.25))
