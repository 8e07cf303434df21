"""Values of Zendesk's exports: ids, moments and flags in all the ways that exports write them."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.connectors.zendesk.values import Kind, as_kind

MOMENT = datetime(2020, 3, 5, 5, 4, 14, tzinfo=UTC)


def read(kind: Kind, values: list[Any]) -> list[Any]:
    return (
        pl.DataFrame({"value": values}, strict=False)
        .select(as_kind(pl.col("value"), kind))["value"]
        .to_list()
    )


@pytest.mark.parametrize(
    ("kind", "values", "found"),
    [
        ("id", ["11071", " 7 ", "11071.0", "-1", "", None, "x1", "1.5", "1e3"],
         [11071, 7, 11071, -1, None, None, None, None, None]),
        ("id", [7, None], [7, None]),
        ("id", [7.0, None], [7, None]),
        ("id", [None, None], [None, None]),
        ("flag", ["TRUE", "false", "t", "0", "", "maybe"], [True, False, True, False, None, None]),
        ("flag", [True, None], [True, None]),
        ("flag", [1, 0], [True, False]),
        ("text", [" a ", "", None, "é😀"], ["a", None, None, "é😀"]),
        ("time",
         ["2020-03-05 05:04:14", "2020-03-05T05:04:14Z", "2020-03-05 05:04:14 UTC",
          "2020-03-05T07:04:14+02:00", "2020-03-05 05:04:14.000", "2020-03-05T05:04:14.000Z",
          "2020-03-05 05:04:14+00:00", "1583384654"], [MOMENT] * 8),
        ("time", ["yesterday", "", None, "2020-13-05 05:04:14", "0"], [None] * 5),
        ("time", [1583384654, None], [MOMENT, None]),
        ("time", [datetime(2020, 3, 5, 5, 4, 14)], [MOMENT]),  # noqa: DTZ001
        ("time", [date(2020, 3, 5)], [datetime(2020, 3, 5, tzinfo=UTC)]),
        ("time", [datetime(2020, 3, 5, 7, 4, 14, tzinfo=timezone(timedelta(hours=2)))], [MOMENT]),
        ("time", ["2020-03-05T05:04:14.920Z"], [MOMENT + timedelta(milliseconds=920)]),
    ],
)  # fmt: skip
def test_a_value_is_read_as_it_is_written(kind: Kind, values: list[Any], found: list[Any]):
    assert read(kind, values) == found


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2070, 1, 1)), max_size=5))  # noqa: DTZ001
def test_every_moment_is_read_back_from_each_form(moments: list[datetime]):
    wholes = [moment.replace(microsecond=0) for moment in moments]
    texts = [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in wholes] + [
        moment.isoformat() + "Z" for moment in moments
    ]
    assert read("time", texts) == [m.replace(tzinfo=UTC) for m in [*wholes, *moments]]
