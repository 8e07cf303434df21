"""Rating features, each on a few ratings and an answer reckoned by hand."""

import pytest

from perdura.features.topics.ratings import (
    HIGH_SCORES,
    LAST_SCORE,
    LOW_SCORES,
    MEAN_SCORE,
    RATING_FEATURES,
)
from tests.support.measured import after, as_it_becomes_known, at_window_ends, changed_by, row


@pytest.mark.parametrize(
    ("feature", "score", "windows"),
    [(LOW_SCORES, 2, (30, 90, 180)), (LOW_SCORES, 1, (30, 90, 180)), (HIGH_SCORES, 4, (90,))],
)
def test_a_rating_counts_from_just_after_it_until_its_window_has_passed(feature, score, windows):
    assert at_window_ends(feature, row("rated", score=score)) == {
        f"{feature.name}_{days}d": [0, 1, 1, 0] for days in windows
    }
    assert as_it_becomes_known(feature, row("rated", score=score)) == [0, 1]


def test_the_mean_is_unknown_before_any_rating_and_after_its_window():
    assert at_window_ends(MEAN_SCORE, row("rated", score=3)) == {
        "rating_mean_90d": [None, 3, 3, None],
        "rating_mean_365d": [None, 3, 3, None],
    }
    assert as_it_becomes_known(MEAN_SCORE, row("rated", score=3)) == [None, 3]


@pytest.mark.parametrize(
    ("score", "low", "high"),
    [(1, 1, 0), (2, 1, 0), (2.01, 0, 0), (3, 0, 0), (3.99, 0, 0), (4, 0, 1), (5, 0, 1)],
)
def test_two_and_less_is_bad_and_four_and_more_is_good(score, low, high):
    found = after([LOW_SCORES, HIGH_SCORES], 1, tickets=[row("rated", score=score)])
    assert (found["low_ratings_30d"], found["high_ratings_90d"]) == (low, high)


def test_the_mean_is_of_the_ratings_in_the_window():
    tickets = [row("rated", -day, score=score) for day, score in [(1, 5), (80, 2), (100, 1)]]
    found = after([MEAN_SCORE], 0, tickets=tickets)
    assert found["rating_mean_90d"] == 3.5
    assert found["rating_mean_365d"] == pytest.approx(8 / 3, rel=1e-12)


def test_the_last_rating_stays_however_old_and_another_without_points_does_not_undo_it():
    tickets = [row("rated", 0, score=5), row("rated", 9, score=1), row("rated", 10)]
    assert after([LAST_SCORE], 0, tickets=tickets) == {"last_rating": None}
    assert after([LAST_SCORE], 9, tickets=tickets) == {"last_rating": 5}
    assert after([LAST_SCORE], 3_000, tickets=tickets) == {"last_rating": 1}


def test_the_last_rating_is_the_last_that_happened_and_not_the_last_known():
    tickets = [row("rated", 0, known=8, score=2), row("rated", 5, score=4)]
    assert after([LAST_SCORE], 9, tickets=tickets) == {"last_rating": 4}


def test_a_corrected_rating_counts_once_it_is_known():
    tickets = [row("rated", 0, score=1), row("rated", 0, known=3, score=5)]
    first, then = (after(RATING_FEATURES, days, tickets=tickets) for days in (3, 4))
    names = ["last_rating", "rating_mean_90d", "low_ratings_30d", "high_ratings_90d"]
    assert [first[name] for name in names] == [1, 1, 1, 0]
    assert [then[name] for name in names] == [5, 5, 0, 1]


@pytest.mark.parametrize("kind", ["opened", "replied", "reopened", "escalated", "resolved"])
def test_points_of_another_kind_of_event_are_no_rating(kind):
    assert changed_by(RATING_FEATURES, tickets=[row(kind, score=1)]) == set()
