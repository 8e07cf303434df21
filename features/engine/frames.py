"""Tables of other libraries as Polars frames."""

from __future__ import annotations

from typing import Any

import polars as pl


def as_polars(table: Any) -> pl.DataFrame:
    """A Polars, lazy Polars, pandas, Arrow or similar table as a frame; an index is left out.

    Raises:
        TypeError: It is no table.
    """
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, str | bytes | int | float | None):
        raise TypeError(f"a {type(table).__name__} is no table")
    if type(table).__module__.partition(".")[0] == "pandas" and hasattr(table, "columns"):
        # Moments with a zone as UTC: pandas complains of how others read them as they are.
        zoned = [n for n in table.columns if getattr(table[n].dtype, "tz", None) is not None]
        plain = table.assign(**{name: table[name].dt.tz_convert(None) for name in zoned})
        in_utc = (pl.col(name).dt.replace_time_zone("UTC") for name in zoned)
        return pl.DataFrame(plain).with_columns(in_utc)
    return pl.DataFrame(table)
