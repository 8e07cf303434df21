"""Amounts in minor units, their currency, and what a subscription costs each month."""

import re
from collections.abc import Sequence

import polars as pl

from perdura.sources.currencies import DIGITS
from perdura.sources.guesses.columns import SampledColumn
from perdura.sources.guesses.inputs.guessed import Guesses, named_file
from perdura.sources.guesses.kinds import GuessedFile
from perdura.sources.guesses.section import Section, sql_name, sql_text
from perdura.sources.periods import months_in

_OF_CURRENCY = re.compile(
    r"(?:^|_)(usd|eur|gbp|chf|cad|aud|mxn|brl|jpy|inr|sek|nok|dkk|pln)(?:_|$)"
)
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "₹": "INR"}
_MINOR = re.compile(r"cents?$|(^|_)(cents?|minor|pence)(_|$)")


def currency_in(files: Sequence[GuessedFile]) -> tuple[str, str] | None:
    """The one currency that names of columns, or signs beside numbers, tell."""
    found: dict[str, str] = {}
    for file in files:
        for column in file.columns:
            named = _OF_CURRENCY.search(column.words)
            if named and column.content == "number":
                found.setdefault(named[1].upper(), f"{column.name} of {named_file(file)} says")
            if column.sign:
                code = _SIGNS.get(column.sign, column.sign)
                found.setdefault(code, f"the sign in {column.name} of {named_file(file)} says")
    return next(iter(found.items())) if len(found) == 1 else None


def in_minor_units(guesses: Guesses, made: Section, column: SampledColumn, value: str) -> str:
    """An amount in minor units, from a column that is in whole units unless its name says cents."""
    if _MINOR.search(column.words):
        return value if value == sql_name(column.name) else f"ROUND({value})"
    code = guesses.currency[0] if guesses.currency else ""
    digits = DIGITS.get(code, 2)
    if column.is_whole:
        guesses.notes.append(
            f"{named_file(made.file)}: {column.name} has no decimals and is taken for whole units, "
            f"not cents; where it is cents write {sql_name(column.name)} without * {10**digits}"
        )
    made.types[column.name] = "number"
    return f"ROUND({value} * {10**digits})" if digits else f"ROUND({value})"


def currency_of(guesses: Guesses, column: SampledColumn | None) -> str | None:
    """The currency of amounts: the column, or the one that all have."""
    if column is not None:
        return sql_name(column.name)
    if guesses.currency is None:
        note = (
            "no file says the currency of amounts; write it with --currency EUR, or in the mapping"
        )
        if note not in guesses.notes:
            guesses.notes.append(note)
        return None
    code, why = guesses.currency
    if why != "as given":
        note = f"the currency is taken for {code}, as {why}"
        if note not in guesses.notes:
            guesses.notes.append(note)
    return sql_text(code)


def monthly_price(guesses: Guesses, made: Section) -> str | None:
    """What a subscription costs each month, in minor units; ``None`` if no column says."""
    roles = made.file.roles
    if mrr := roles.get("mrr"):
        return in_minor_units(guesses, made, mrr, made.number(mrr))
    price = roles.get("price")
    if price is None:
        guesses.notes.append(f"{named_file(made.file)}: no column says what a subscription costs")
        return None
    value, interval = made.number(price), roles.get("interval")
    if interval and interval.content == "text":
        words = pl.DataFrame({"word": [*interval.values]})
        months = words.select("word", months_in(pl.col("word")).alias("months")).drop_nulls()
        longer = [(word, count) for word, count in months.rows() if count != 1]
        if longer:
            cases = " ".join(f"WHEN {sql_text(word)} THEN {count:g}" for word, count in longer)
            value = f"{value} / (CASE {sql_name(interval.name)} {cases} ELSE 1 END)"
    return in_minor_units(guesses, made, price, value)


def interval_of(column: SampledColumn | None) -> str | None:
    """Months between two bills, where a column says; ``None`` if none does."""
    if column is None:
        return None
    if column.content == "number":
        return sql_name(column.name)
    months = pl.DataFrame({"word": [*column.values]}).select(months_in(pl.col("word"))).to_series()
    return sql_name(column.name) if len(months) and not months.null_count() else None
