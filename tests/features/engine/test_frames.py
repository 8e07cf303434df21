"""Tables of other libraries become frames with the same rows; what is none is refused."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pytest

from perdura.features.engine.frames import as_polars

NOON = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)  # noon in Madrid, on the day of the change of time
ROWS = {"id": ["ann", "é", None], "n": [1, 2, 3]}


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame(ROWS),
        pl.LazyFrame(ROWS),
        pa.table(ROWS),
        pd.DataFrame(ROWS, index=["x", "x", "y"]),
        ROWS,
        [{"id": "ann", "n": 1}, {"id": "é", "n": 2}, {"id": None, "n": 3}],
    ],
    ids=["polars", "lazy", "arrow", "pandas", "columns", "rows"],
)
def test_any_table_is_a_frame_of_its_columns(table):
    assert as_polars(table).to_dict(as_series=False) == ROWS


def test_a_frame_stays_the_frame_that_it_is():
    frame = pl.DataFrame(ROWS)
    assert as_polars(frame) is frame


@pytest.mark.parametrize("table", ["customers.csv", b"id,n", 3, 3.5, None])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(TypeError, match=f"a {type(table).__name__} is no table"):
        as_polars(table)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Madrid", "America/New_York"])
def test_moments_of_pandas_with_a_zone_are_the_same_moments_in_utc(zone):
    moments = pd.Series([NOON, pd.NaT], dtype="datetime64[us, UTC]").dt.tz_convert(zone)
    found = as_polars(pd.DataFrame({"when": moments, "n": [1, 2]}))
    assert found["when"].to_list() == [NOON, None]
    assert getattr(found.schema["when"], "time_zone", None) == "UTC"
    assert found["n"].to_list() == [1, 2]


def test_moments_of_pandas_without_a_zone_have_none():
    found = as_polars(pd.DataFrame({"when": pd.to_datetime(["2026-03-29 10:00"])}))
    assert found["when"].to_list() == [NOON.replace(tzinfo=None)]


def test_missing_values_of_pandas_are_null():
    found = as_polars(pd.DataFrame({"id": ["ann", None], "n": [1.5, np.nan]}))
    assert found.null_count().row(0) == (1, 1)
