"""Amounts in minor units, as people write them."""

from collections.abc import Iterable
from decimal import Decimal

#: Currencies whose digits after the point are not two (ISO 4217).
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_MINOR_DIGITS = {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}


def minor_digits(currency: str) -> int:
    """How many digits the minor unit takes: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(currency.upper(), 2)


def written(amount: int, currency: str) -> str:
    """The amount (minor units) in major units with its currency, e.g. ``1,234.50 EUR``."""
    digits = minor_digits(currency)
    return f"{Decimal(int(amount)).scaleb(-digits):,.{digits}f} {currency}"


def totals(amounts: Iterable[tuple[int, str]]) -> str:
    """The sum of amounts (minor units), one for each currency: they are never added up."""
    sums: dict[str, int] = {}
    for amount, currency in amounts:
        sums[currency] = sums.get(currency, 0) + int(amount)
    return ", ".join(written(amount, currency) for currency, amount in sorted(sums.items()))
