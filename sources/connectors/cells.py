"""Values of a vendor's tables: texts read as moments and numbers, amounts in minor units."""

from collections.abc import Mapping
from typing import Literal

import polars as pl

from perdura.sources.currencies import DIGITS
from perdura.sources.staged import FILE, ROW_IN_FILE

#: What a column holds: text, a moment in UTC, a number, true or false; or only whether anything
#: stands there, where the text itself is of no use and is not kept.
Kind = Literal["text", "time", "number", "flag", "filled"]

_DTYPES: dict[Kind, pl.DataType] = {
    "time": pl.Datetime("us", "UTC"),
    "number": pl.Float64(),
    "flag": pl.Boolean(),
    "filled": pl.Boolean(),
}
_TRUE, _FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")


def texts(names: str) -> dict[str, pl.DataType]:
    """Columns or fields that are read as text; their names with blanks between."""
    return dict.fromkeys(names.split(), pl.String())


def empty_table(columns: Mapping[str, Kind]) -> pl.LazyFrame:
    """The columns of a table as they are read, and where each row stands; without rows."""
    schema = {name: _DTYPES.get(kind, pl.String()) for name, kind in columns.items()}
    return pl.LazyFrame(schema={**schema, FILE: pl.String(), ROW_IN_FILE: pl.UInt32()})


def word(text: pl.Expr) -> pl.Expr:
    """A word of a vendor's, such as a status, to compare: in small letters, no blanks around it."""
    return text.str.strip_chars().str.to_lowercase()


def read_as(text: pl.Expr, kind: Kind) -> pl.Expr:
    """The value of a text; null where it is none. ``1,5`` is no number: vendors write points."""
    text = text.str.strip_chars()
    if kind == "time":
        return moment(text)
    if kind == "number":
        return text.cast(pl.Float64, strict=False)
    if kind == "filled":
        return text.fill_null("") != ""
    if kind == "flag":
        said = text.str.to_lowercase()
        return pl.when(said.is_in(_TRUE)).then(True).when(said.is_in(_FALSE)).then(False)
    return text.replace("", None)


def moment(text: pl.Expr) -> pl.Expr:
    """ISO 8601 in any of its forms, with an offset or in UTC: ``2026-01-31 08:20:39``, ``...Z``."""
    with_t = text.str.replace(r"^(\d{4}-\d\d-\d\d) +", "${1}T")
    whole = with_t.str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}T00:00:00")
    whole = whole.str.replace(r"T(\d\d:\d\d)($|[+Z-])", "T${1}:00${2}")
    utc = whole.str.replace(r"( ?UTC|Z)$", "+00:00").str.replace(r" ([+-])", "$1")
    colon = utc.str.replace(r"([+-]\d\d)(\d\d)?$", "${1}:${2}").str.replace(r":$", ":00")
    bare = utc.str.contains(r"T\d\d:\d\d(:\d\d(\.\d+)?)?$")
    zoned = (
        pl.when(bare)
        .then(utc + "+00:00")
        .when(utc.str.contains(r"[+-]\d\d(\d\d)?$"))
        .then(colon)
        .otherwise(utc)
    )
    return zoned.str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False
    )


def as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column of any type as a text file would hold it; moments in ISO 8601."""
    if isinstance(dtype, pl.Datetime):
        form = "%Y-%m-%dT%H:%M:%S%.6f"
        return (
            column.dt.convert_time_zone("UTC").dt.strftime(f"{form}Z")
            if dtype.time_zone
            else column.dt.strftime(form)
        )
    return column.cast(pl.String)


def minor_units(amount: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Whole minor units of an amount in whole units: 12.5 USD is 1250, 12 JPY is 12."""
    digits = currency.str.to_uppercase().replace_strict(DIGITS, default=2, return_dtype=pl.Int64)
    return (amount * pl.lit(10.0).pow(digits)).round().cast(pl.Int64, strict=False)
