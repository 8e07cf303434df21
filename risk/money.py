"""Amounts in minor units, as people write them."""

from collections.abc import Iterable
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision


def written(amount: int, currency: str, language: str = "en") -> str:
    """The amount (minor units) with its currency, e.g. ``€1,234.50`` or ``1.234,50 €``."""
    major = Decimal(int(amount)).scaleb(-get_currency_precision(currency))
    return format_currency(major, currency, locale=language)


def totals(amounts: Iterable[tuple[int, str]], language: str = "en") -> str:
    """The sum of amounts (minor units), one for each currency: they are never added up."""
    sums: dict[str, int] = {}
    for amount, currency in amounts:
        sums[currency] = sums.get(currency, 0) + int(amount)
    return ", ".join(written(sums[currency], currency, language) for currency in sorted(sums))
