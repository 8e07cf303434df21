"""The decision by hand: which of the reasons for or against decides, where several apply."""

from dataclasses import replace

import polars as pl
import pytest

from perdura.models.evaluation.leakage import Leaks
from perdura.models.promotion.decision import Verdict, verdict
from perdura.models.promotion.incumbent import Incumbent
from perdura.models.promotion.minimums import Minimums
from tests.models.promotion.test_decision import BESIDE, GOOD, blurred, evaluated

ROWS = evaluated()
BAD = replace(GOOD, roc_auc=0.59)
WELL_BEATEN = ROWS.with_columns(champion=blurred(ROWS, by=1.5))
WELL_AHEAD = ROWS.with_columns(champion=ROWS["risk"], risk=blurred(ROWS, by=1.5))
LEAKS = Leaks(
    roc_auc=0.99,
    columns=pl.DataFrame({"column": ["seats"], "alone": [0.6], "missingness": [0.5]}),
)
UNSERVABLE = "the champion reads a column that is not measured any more"


def decide(rows: pl.DataFrame, model=GOOD, incumbent: Incumbent | None = None, **more) -> Verdict:
    return verdict(rows, {"model": model} | BESIDE, incumbent, **more)


@pytest.mark.parametrize(
    ("rows", "incumbent", "promoted", "begins"),
    [
        (ROWS, None, True, "Promoted: it meets every minimum, and there was no champion."),
        (
            ROWS,
            Incumbent(silent="the champion cannot read these rows"),
            True,
            (
                "Promoted: it meets every minimum, and the champion cannot read these rows, so "
                "there is nothing to beat."
            ),
        ),
        # What cannot be compared is not compared, whatever its risks are.
        (
            WELL_BEATEN,
            Incumbent(silent="the champion cannot read these rows"),
            True,
            "Promoted: it meets every minimum, and the champion cannot read",
        ),
        (
            WELL_BEATEN,
            Incumbent(knew="it knows later outcomes"),
            False,
            "Refused: it knows later outcomes; train on later dates to compare them.",
        ),
        (
            WELL_BEATEN,
            Incumbent(incomparable="it predicts something else"),
            False,
            "Refused: it predicts something else; it stays. Register a model of its own",
        ),
        (
            WELL_BEATEN,
            Incumbent(knew="it knows later outcomes", incomparable="it predicts something else"),
            False,
            "Refused: it knows later outcomes",
        ),
        (WELL_BEATEN, None, True, "Promoted: on the same rows its log loss differs"),
        (WELL_AHEAD, None, False, "Refused: on the same rows its log loss differs"),
        (
            ROWS.with_columns(champion=ROWS["risk"]),
            None,
            False,
            "Not promoted: it gives the same risks as the champion, which stays.",
        ),
        (
            WELL_BEATEN,
            Incumbent(unservable=UNSERVABLE),
            True,
            f"Promoted: {UNSERVABLE}, and this model is not clearly worse on the rest.",
        ),
        (
            ROWS.with_columns(champion=ROWS["risk"]),
            Incumbent(unservable=UNSERVABLE),
            True,
            f"Promoted: {UNSERVABLE}",
        ),
        (
            WELL_AHEAD,
            Incumbent(unservable=UNSERVABLE),
            False,
            (
                "Refused: this model is clearly worse than the champion's recipe (its log loss is "
                "higher in 100% of 400 resamples)"
            ),
        ),
        # No night is scored with an unservable champion: to replace it goes before a refresh.
        (
            WELL_BEATEN,
            Incumbent(unservable=UNSERVABLE, refresh=True, newer=False),
            True,
            f"Promoted: {UNSERVABLE}",
        ),
    ],
)
def test_the_incumbent_decides_what_must_be_shown(rows, incumbent, promoted, begins):
    decided = decide(rows, incumbent=incumbent)
    assert decided.promoted is promoted
    assert len(decided.reasons) == 1
    assert decided.reasons[0].startswith(begins)


@pytest.mark.parametrize(
    "incumbent",
    [
        None,
        Incumbent(silent="the champion cannot read these rows"),
        Incumbent(unservable=UNSERVABLE),
        Incumbent(refresh=True),
    ],
)
def test_no_incumbent_excuses_a_missed_minimum(incumbent):
    decided = decide(WELL_BEATEN, BAD, incumbent)
    assert not decided.promoted
    assert decided.reasons[0].startswith("Refused: its ROC AUC is 0.590")
    assert not decided.no_better


def test_only_a_model_that_is_refused_for_the_champion_is_no_better():
    assert decide(WELL_AHEAD).no_better
    assert decide(ROWS.with_columns(champion=ROWS["risk"])).no_better
    assert not decide(WELL_BEATEN).no_better
    assert not decide(WELL_AHEAD, BAD).no_better
    assert not decide(WELL_BEATEN, incumbent=Incumbent(knew="it knows")).no_better


def test_a_failed_leakage_check_comes_first_and_alarms():
    decided = decide(ROWS, BAD, leaks=LEAKS)
    assert decided.alarmed
    assert not decided.promoted
    assert decided.reasons[0].startswith("Refused: leakage check: its ROC AUC is 0.990")
    assert decided.reasons[1].startswith("Refused: its ROC AUC is 0.590")
    assert {"leak.alone", "leak.missingness"} < set(decided.measured)


def test_leakage_alone_is_enough_to_refuse():
    decided = decide(WELL_BEATEN, leaks=LEAKS)
    assert not decided.promoted
    assert decided.alarmed
    assert len(decided.reasons) == 1


def test_passed_leakage_checks_are_measured_and_say_nothing():
    decided = decide(ROWS, leaks=replace(LEAKS, roc_auc=0.8))
    assert decided.promoted
    assert not decided.alarmed
    assert decided.measured["leak.alone"] == 0.6


def test_a_refusal_is_a_sentence_per_reason():
    decided = decide(ROWS, replace(BAD, log_loss=0.5, calibration_error=0.4))
    assert len(decided.reasons) == 3
    assert all(reason.startswith("Refused: ") for reason in decided.reasons)
    assert all(reason.endswith(".") for reason in decided.reasons)


def test_minimums_may_be_given():
    assert decide(ROWS, BAD, minimums=Minimums(roc_auc=0.59)).promoted
    assert not decide(ROWS, minimums=Minimums(roc_auc=0.81)).promoted


def test_being_surer_than_a_share_is_that_share():
    rows = evaluated(people=200)
    slightly = rows.with_columns(
        champion=blurred(rows, 0.4, seed=4), risk=blurred(rows, 0.2, seed=5)
    )
    surely = decide(slightly).measured["less_surprised_share"]
    assert 0.5 < surely < 1
    assert decide(slightly, minimums=Minimums(sure=surely)).promoted
    assert not decide(slightly, minimums=Minimums(sure=surely + 0.0001)).promoted


def test_the_numbers_behind_a_decision_are_kept():
    decided = decide(WELL_BEATEN, calls=20)
    assert {
        "roc_auc_surely",
        "calibration_bound",
        "lift_surely",
        "auc_gain",
        "loss_gain",
        "less_surprised_share",
        "more_surprised_share",
    } == set(decided.measured)
    assert decided.measured["less_surprised_share"] > 0.99
    assert "lift_surely" not in decide(WELL_BEATEN).measured
    assert "lift_surely" not in decide(WELL_BEATEN, calls=10_000).measured


def test_the_seed_decides_the_resamples():
    one, same, other = (
        decide(WELL_BEATEN, seed=seed).measured["roc_auc_surely"] for seed in (0, 0, 1)
    )
    assert one == same
    assert one != other
