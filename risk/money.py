"""Amounts in minor units, as people write them."""

from collections.abc import Iterable
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.numbers import NumberPattern, parse_pattern

# ISO 4217, for all that have not two. Babel has digits of its own, which leave out minor units
# that are no longer coined. A test compares these with what the reasons are written in.
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

#: Digits after the point, of the currencies that have not two (ISO 4217).
DIGITS: dict[str, int] = {
    currency: digits
    for digits, currencies in ((0, _NONE), (3, _THREE), (4, _FOUR))
    for currency in currencies.split()
}


def written(amount: int, currency: str, language: str = "en") -> str:
    """The amount (minor units) with its currency, e.g. ``€1,234.50`` or ``1.234,50 €``."""
    digits = DIGITS.get(currency, 2)
    major = Decimal(int(amount)).scaleb(-digits)
    return _pattern(language, digits).apply(
        major, language, currency=currency, currency_digits=False
    )


def totals(amounts: Iterable[tuple[int, str]], language: str = "en") -> str:
    """The sum of amounts (minor units), one for each currency: they are never added up."""
    sums: dict[str, int] = {}
    for amount, currency in amounts:
        sums[currency] = sums.get(currency, 0) + int(amount)
    return ", ".join(written(sums[currency], currency, language) for currency in sorted(sums))


@cache
def _pattern(language: str, digits: int) -> NumberPattern:
    """How a language writes amounts, with this number of digits after the point."""
    pattern = parse_pattern(Locale.parse(language).currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    return pattern
