"""Billing periods that are no whole months: plans by week and day."""

import pytest

from perdura.features.definition import Language
from perdura.features.topics.phrases import say
from perdura.features.topics.subscription import INTERVAL
from perdura.sources.periods import DAYS_A_MONTH


@pytest.mark.parametrize(
    ("months", "language", "words"),
    [
        (7 / DAYS_A_MONTH, "en", "pays every 7 days"),
        (7 / DAYS_A_MONTH, "es", "paga cada 7 días"),
        (1 / DAYS_A_MONTH, "en", "pays every 1 day"),
        (1.0, "en", "pays every month"),
        (3.0, "en", "pays every 3 months"),
        (12.0, "es", "paga cada 12 meses"),
        (0.0, "en", "has no billing period"),
        (None, "en", "the billing period is unknown"),
    ],
)
def test_are_said_as_they_are(months: float | None, language: Language, words: str):
    [column] = INTERVAL.columns
    assert say(column, months, language, None) == words
