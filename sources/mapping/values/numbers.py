"""Numbers as people and programs write them: which mark stands before the decimals, and which
between groups of digits.

Nothing is guessed: a value that does not keep to the declared marks is no number. So ``1.29`` is
none where the comma stands before decimals, and never 129.
"""

import re

import polars as pl

from perdura.sources.mapping.sections import Input

#: What may also stand between groups of digits, as no decimals begin with it.
_BLANKS = " \u00a0\u2009\u202f"
_APOSTROPHES = "'\u2019"
_MINUS = "\\-\u2212"
_OTHER = {",": ".", ".": ","}

#: Text that is a number only if the comma stands before decimals, such as 49,90 or 1.299,99.
_BY_COMMA = r"^[-+(]?\s*[0-9][0-9. ]*,([0-9]{1,2}|[0-9]{4,})\)?-?$"
#: Text that is one number with a point before decimals, and another with a point between groups.
EITHER = r"^[-+]?[0-9]{1,3}(\.[0-9]{3})+$"


def is_declared(source: Input) -> bool:
    """Whether the mapping says how the input writes numbers."""
    return bool(source.decimal or source.thousands or source.currency_sign)


def as_number(text: pl.Expr, source: Input, *, as_plain_text: bool = False) -> pl.Expr:
    """A finite number, null where the text is none; as text ``-1299.99`` if asked."""
    text = text.str.strip_chars()
    plain = text if not is_declared(source) else _plain(text, source)
    if as_plain_text:
        return plain
    number = plain.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def comma_before_decimals(text: pl.Expr) -> pl.Expr:
    """Whether a text is a number only where the comma stands before decimals."""
    return text.str.strip_chars().str.contains(_BY_COMMA)


def either_mark(text: pl.Expr) -> pl.Expr:
    """Whether the point of a text may stand before decimals as well as between groups."""
    return text.str.strip_chars().str.contains(EITHER)


def _plain(text: pl.Expr, source: Input) -> pl.Expr:
    """The number as programs write it, null where the text does not keep to the marks."""
    decimal = source.decimal or _OTHER.get(source.thousands or "", ".")
    named = source.thousands or _OTHER[decimal]
    alike = next((marks for marks in (_BLANKS, _APOSTROPHES) if named in marks), named)
    between = (alike,) if source.thousands else (named, _BLANKS, _APOSTROPHES)
    sign = source.currency_sign or ""
    fits = text.str.contains(_pattern(decimal, between, sign))
    bare = text.str.replace(sign, "", literal=True) if sign else text
    digits = bare.str.replace_all(rf"[^0-9{re.escape(decimal)}]", "").str.replace(
        decimal, ".", literal=True
    )
    negative = bare.str.contains(rf"[({_MINUS}]")
    return pl.when(fits).then(
        pl.when(negative).then(pl.concat_str(pl.lit("-"), digits)).otherwise(digits)
    )


def _pattern(decimal: str, between: tuple[str, ...], sign: str) -> str:
    """Groups of three, or by commas of two and at last three (as in India), all by one mark."""
    marks = [re.escape(one) for kind in between for one in kind]
    groups = [rf"[0-9]{{1,3}}(?:{one}[0-9]{{3}})+" for one in marks]
    if "," in marks:
        groups.append("[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
    point = re.escape(decimal)
    number = rf"(?:(?:[0-9]+|{'|'.join(groups)})(?:{point}[0-9]+)?|{point}[0-9]+)"
    mark = rf"(?:{re.escape(sign)})?" if sign else ""
    amount = rf"{mark}\s*{number}\s*{mark}"
    after_mark = rf"|{re.escape(sign)}\s*[{_MINUS}]\s*{number}" if sign else ""
    return rf"^(?:[+{_MINUS}]?\s*{amount}|{amount}\s*[{_MINUS}]|\(\s*{amount}\s*\){after_mark})$"
