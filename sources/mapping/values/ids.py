"""Ids as text, one form for each: what spreadsheets and pandas made of them is undone or refused.

A column of whole numbers with gaps becomes floats in pandas, so 17850 arrives as 17850.0.
"""

import polars as pl

#: Below these a float tells whole numbers apart; from here on digits may be lost.
EXACT = {pl.Float64: 2**53, pl.Float32: 2**24}
#: The rule that an id breaks if digits were lost on the way.
IMPRECISE = "imprecise_id"

_FLOAT = r"^([-+]?[0-9]+)\.0+$"
#: 1.23457E+11 of a spreadsheet, 1e+16 of pandas. Without point and plus it may be a code: 12e5.
_POWER = r"^[-+]?[0-9]+([.,][0-9]+)?[eE]\+[0-9]+$|^[-+]?[0-9][.,][0-9]+[eE][0-9]+$"
_WITHIN = r"(^|[^0-9A-Za-z.])[0-9]{2,}\.0([^0-9.]|$)"
#: Every id that is one of these has one of these marks, which are quicker to look for.
_MARKS = "[.,+]"
#: May be a number of that form, and may be a code.
_CODE = r"^[0-9]+[eE][0-9]+$"


def is_id(name: str) -> bool:
    """Whether a column of an event table holds ids."""
    return name == "merged_into" or name.endswith("_id")


def as_id(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The id as text: whole floats lose ``.0``; null where digits may have been lost."""
    text = value.cast(pl.String)
    if dtype.is_float():
        bound = EXACT[pl.Float32 if dtype == pl.Float32 else pl.Float64]
        whole = value.cast(pl.Int64, strict=False).cast(pl.String)
        exact = pl.when(value == value.round()).then(whole).otherwise(text)
        return pl.when(value.abs() >= bound).then(None).otherwise(exact)
    if dtype == pl.String or dtype.is_decimal():
        return text.map_batches(_of_text, return_dtype=pl.String, is_elementwise=True)
    return text


def has_marks(ids: pl.Series) -> pl.Series:
    """Whether a text may be another id than it says."""
    return ids.str.contains(_MARKS)


def may_be_odd(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether an id may be one of those that the next three tell; quicker than these."""
    if dtype.is_float():
        return was_float(value, dtype)
    text = value.cast(pl.String)
    return text.str.contains(".", literal=True) | text.str.contains(_CODE)


def was_float(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether an id came as a whole float."""
    if dtype.is_float():
        return value.is_finite() & (value == value.round())
    return value.cast(pl.String).str.contains(_FLOAT)


def has_float_within(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether an id is made of a whole float and something else: 17850.0/a."""
    if dtype != pl.String:
        return pl.lit(value=False)
    return value.str.contains(_WITHIN) & ~value.str.contains(_FLOAT)


def may_be_power(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether an id may be a number in powers of ten, and may be a code: 12e5."""
    return value.str.contains(_CODE) if dtype == pl.String else pl.lit(value=False)


def _of_text(ids: pl.Series) -> pl.Series:
    marked = has_marks(ids).fill_null(value=False).arg_true()
    places = marked.filter(ids.gather(marked).str.contains(rf"{_FLOAT}|{_POWER}"))
    if places.is_empty():
        return ids
    whole = ids.gather(places).str.extract(_FLOAT)
    number = whole.str.strip_chars_start("+-").cast(pl.Int64, strict=False)
    exact = (number < EXACT[pl.Float64]).fill_null(value=False)
    mended = pl.select(pl.when(exact).then(whole)).to_series()
    return ids.scatter(places, mended)
