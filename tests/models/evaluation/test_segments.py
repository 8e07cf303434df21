"""The segments of tenure and renewal: where each begins, and what is unknown."""

import polars as pl
import pytest

from perdura.models.evaluation.segments import SEGMENTS, with_segments
from tests.support.evaluated_rows import table_of


def segments(since: list[float | None], ahead: list[float | None]) -> list[tuple[str, str]]:
    rows = pl.DataFrame(
        {"days_since_first_start": since, "days_to_renewal": ahead},
        schema={"days_since_first_start": pl.Float64, "days_to_renewal": pl.Float64},
    )
    test_rows = table_of([0.1] * len(since), [0] * len(since))
    return with_segments(test_rows, rows).select("tenure", "renewal").rows()


@pytest.mark.parametrize(
    ("days", "tenure"),
    [
        (0, "under 90 days"),
        (89.99, "under 90 days"),
        (90, "90 days or more"),
        (4_000, "90 days or more"),
        (None, None),
    ],
)
def test_a_subscriber_is_young_for_ninety_days(days, tenure):
    assert segments([days], [None]) == [(tenure, None)]


@pytest.mark.parametrize(
    ("days", "renewal"),
    [
        (-3, "in under 30 days"),
        (0, "in under 30 days"),
        (29.99, "in under 30 days"),
        (30, "in 30 to 90 days"),
        (89.99, "in 30 to 90 days"),
        (90, "in 90 days or more"),
        (365, "in 90 days or more"),
        (None, None),
    ],
)
def test_a_renewal_is_soon_later_or_far(days, renewal):
    assert segments([None], [days]) == [(None, renewal)]


def test_rows_and_features_go_together_in_their_order():
    assert segments([1, 100, None], [100, 1, 45]) == [
        ("under 90 days", "in 90 days or more"),
        ("90 days or more", "in under 30 days"),
        (None, "in 30 to 90 days"),
    ]


def test_whole_days_are_segments_too():
    rows = pl.DataFrame({"days_since_first_start": [89, 90], "days_to_renewal": [29, 30]})
    found = with_segments(table_of([0.1, 0.2], [0, 1]), rows)
    assert found["tenure"].to_list() == ["under 90 days", "90 days or more"]
    assert found["renewal"].to_list() == ["in under 30 days", "in 30 to 90 days"]


def test_where_a_model_has_no_such_features_the_segments_are_unknown():
    test_rows = table_of([0.1, 0.2], [0, 1])
    found = with_segments(test_rows, pl.DataFrame({"csat": [1.0, 2.0]}))
    assert found.drop("tenure", "renewal").equals(test_rows)
    assert found["tenure"].to_list() == found["renewal"].to_list() == [None, None]


def test_the_features_themselves_are_no_columns_of_the_test_rows():
    found = with_segments(
        table_of([0.1], [0]), pl.DataFrame({"days_since_first_start": [1], "days_to_renewal": [1]})
    )
    assert found.columns == [*table_of([0.1], [0]).columns, "tenure", "renewal"]
    assert {"tenure", "renewal"} < set(SEGMENTS)
