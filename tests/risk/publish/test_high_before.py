"""Who was in the high band the night before, of nights of the same kind."""

from datetime import date
from pathlib import Path

import pytest

from perdura.risk.publish.high_before import high_before
from perdura.risk.table import publish
from tests.risk.test_table import MARCH_1, MARCH_2, MARCH_3, put, score, scores


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/risk.db"


def test_it_is_the_high_band_of_the_last_night_before(url: str):
    put(scores(score("ann", 0.5), score("bob", 0.2), score("cid", 0.3)), url, MARCH_1)
    put(scores(score("ann", 0.22), score("bob", 0.4), score("cid", 0.1)), url, MARCH_2)
    assert high_before(url, MARCH_2) == ["ann", "cid"]
    assert high_before(url, MARCH_3) == ["ann", "bob"]  # ann stays, as the band does
    assert high_before(url, MARCH_1) == []


def test_trials_are_compared_with_trials(url: str):
    publish(scores(score("ann", 0.5)), url, scored_on=MARCH_1, model_version="1", trial=True)
    assert high_before(url, MARCH_2) == []
    assert high_before(url, MARCH_2, trial=True) == ["ann"]


def test_before_the_first_night_there_is_none(url: str):
    assert high_before(url, date(2026, 3, 1)) == []
