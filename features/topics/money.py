"""Amounts in minor units, as people write them."""

from functools import cache

from babel import Locale
from babel.numbers import (
    NumberPattern,
    get_decimal_symbol,
    get_group_symbol,
    parse_pattern,
)

from perdura.sources.currencies import DIGITS

#: Babel has digits of its own, which leave out minor units that are no longer coined: it would
#: take 1,500.00 dinars for 150,000.
__all__ = ["DIGITS", "grouped", "written"]


def written(amount: float, currency: str, language: str) -> str:
    """The amount (minor units) with its currency, e.g. ``€1,234.50`` or ``1.234,50 €``."""
    digits = DIGITS.get(currency, 2)
    major = amount / 10**digits
    if major < 0:
        pattern = _pattern(language, digits)
        return pattern.apply(major, language, currency=currency, currency_digits=False)
    before, after = _around(currency, language, digits)
    return f"{before}{grouped(major, digits, language)}{after}"


def grouped(number: float, digits: int, language: str) -> str:
    """A number, not below zero, e.g. ``1,234.50`` or ``1.234,50``.

    As Babel writes it, twenty times as fast.
    """
    return f"{number:,.{digits}f}".translate(_marks(language))


@cache
def _marks(language: str) -> dict[int, str]:
    """What a language writes for the comma and the point of English."""
    return {ord(","): get_group_symbol(language), ord("."): get_decimal_symbol(language)}


@cache
def _around(currency: str, language: str, digits: int) -> tuple[str, str]:
    """What stands before and after the digits of an amount."""
    pattern = _pattern(language, digits)
    zero = pattern.apply(0, language, currency=currency, currency_digits=False)
    before, after = zero.split(grouped(0, digits, language))
    return before, after


@cache
def _pattern(language: str, digits: int) -> NumberPattern:
    """How a language writes amounts, with this many digits after the point."""
    pattern = parse_pattern(Locale.parse(language).currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    return pattern
