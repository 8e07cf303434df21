"""Lengths of billing periods in months, as vendors write them: 1, week, 14 days, P1Y, quarterly."""

import polars as pl

#: Days of a month on average: 365.25 / 12.
DAYS_A_MONTH = 30.4375

#: Months of one of each.
_MONTHS = {
    "day": 1 / DAYS_A_MONTH,
    "week": 7 / DAYS_A_MONTH,
    "fortnight": 14 / DAYS_A_MONTH,
    "month": 1.0,
    "quarter": 3.0,
    "year": 12.0,
}
_OTHER_WORDS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
    "d": "day",
    "w": "week",
    "m": "month",
    "y": "year",
}
_ALL = _MONTHS | {word: _MONTHS[unit] for word, unit in _OTHER_WORDS.items()}


def months_in(text: pl.Expr) -> pl.Expr:
    """The months of a period: a word, or a count and a word; null where it is none of them."""
    words = text.str.strip_chars().str.to_lowercase()
    iso = words.str.extract(r"^p(\d+[dwmy])$")
    words = pl.coalesce(iso, words)
    count = words.str.extract(r"^(\d+)\s*[a-z]").cast(pl.Float64, strict=False).fill_null(1.0)
    unit = words.str.extract(r"^(?:\d+\s*)?([a-z]+?)s?$")
    return (count * unit.replace_strict(_ALL, default=None, return_dtype=pl.Float64)).round(9)
