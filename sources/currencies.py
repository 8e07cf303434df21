"""Currencies by ISO 4217: three capital letters, and how many digits a minor unit takes."""

# For all that have not two.
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

#: Digits after the point, of the currencies that have not two.
DIGITS: dict[str, int] = {
    currency: digits
    for digits, currencies in ((0, _NONE), (3, _THREE), (4, _FOUR))
    for currency in currencies.split()
}

#: What a code looks like.
CODE = "^[A-Z]{3}$"
