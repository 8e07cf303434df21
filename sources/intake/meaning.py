"""What values of ids, currencies and amounts mean, whatever they look like."""

from functools import reduce

import polars as pl

from sources.currencies import CODE, DIGITS
from sources.events import EventTable
from sources.intake.conversion import BAD_TYPE, Converted, convert, lost
from sources.intake.ids import IMPRECISE, as_id
from sources.intake.rules import FAULT
from sources.intake.sections import Input, Normal
from sources.periods import months_in

#: The rule that an id breaks that is one of the usual words for "nothing".
NULL_WORD = "null_word"
BAD_CURRENCY = "bad_currency"
#: Columns of amounts in minor units.
MONEY = ("amount", "mrr")

#: What programs write where there is no value, without capitals.
USUAL = (
    "null", "(null)", "\\n", "nan", "none", "n/a", "<na>", "nat", "nil", "undefined", "#n/a",
)  # fmt: skip

_STEPS = {
    "trim": lambda text: text.str.strip_chars(),
    "lower": lambda text: text.str.to_lowercase(),
    "upper": lambda text: text.str.to_uppercase(),
}


def says_nothing(text: pl.Expr) -> pl.Expr:
    """Whether a text is one of the usual words for "nothing"."""
    return text.str.strip_chars().str.to_lowercase().is_in(USUAL)


def without_null_words(frame: pl.LazyFrame, words: tuple[str, ...] | None) -> pl.LazyFrame:
    """The rows, null where a text is one of the words."""
    if not words:
        return frame
    texts = [name for name, kind in frame.collect_schema().items() if kind == pl.String]
    return frame.with_columns(
        pl.when(~pl.col(name).str.strip_chars().is_in(words)).then(pl.col(name)).alias(name)
        for name in texts
    )


def normalised(value: pl.Expr, dtype: pl.DataType, name: str, source: Input) -> pl.Expr:
    """The value as the mapping wants texts of its column to be."""
    steps: tuple[Normal, ...] = source.normalise.get(name, ())
    if dtype != pl.String:
        return value
    return reduce(lambda text, step: _STEPS[step](text), steps, value)


def converted_id(value: pl.Expr, dtype: pl.DataType, source: Input) -> Converted:
    """An id in its one form; a usual word for "nothing" is none, unless the mapping says so."""
    told = value.is_not_null() & value.is_not_nan() if dtype.is_float() else value.is_not_null()
    fitted = as_id(value, dtype)
    fault = pl.when(told & fitted.is_null()).then(pl.lit(IMPRECISE))
    if dtype != pl.String or source.null_words == ():
        return Converted(fitted, fault)
    nothing = says_nothing(value).fill_null(value=False)
    return Converted(
        pl.when(~nothing).then(fitted), pl.when(nothing).then(pl.lit(NULL_WORD)).otherwise(fault)
    )


def with_currency(value: pl.Expr) -> Converted:
    """A currency's code in capitals; whatever is not three letters is none."""
    code = value.cast(pl.String, strict=False).str.strip_chars().str.to_uppercase()
    code = pl.when(code.str.contains(CODE)).then(code)
    return Converted(code, lost(value, code, BAD_CURRENCY))


def with_months(value: pl.Expr, dtype: pl.DataType, source: Input) -> Converted:
    """A billing period in months: a number of them, or what a vendor calls it."""
    fitted = convert(value, dtype, pl.Float64(), source).value
    if dtype == pl.String:
        fitted = pl.coalesce(fitted, months_in(value))
    return Converted(fitted, lost(value, fitted, BAD_TYPE))


def in_iso_units(table: EventTable, source: Input, typed: pl.LazyFrame) -> pl.LazyFrame:
    """Amounts in minor units of ISO 4217, of currencies that the source gives in others."""
    digits = {code.strip().upper(): many for code, many in source.currency_digits.items()}
    more = {code: many - DIGITS.get(code, 2) for code, many in digits.items()}
    money = [name for name in MONEY if name in table.schema]
    if not any(more.values()) or not money:
        return typed
    by, into = ({code: 10 ** max(0, sign * one) for code, one in more.items()} for sign in (1, -1))
    divisor = pl.col("currency").replace_strict(by, default=1, return_dtype=pl.Int64).fill_null(1)
    factor = pl.col("currency").replace_strict(into, default=1, return_dtype=pl.Int64).fill_null(1)
    columns = []
    for name in money:
        whole = pl.col(name) % divisor == 0
        broken = pl.when(~whole).then(pl.lit(BAD_TYPE)).otherwise(FAULT + name)
        columns += [
            pl.when(whole).then(pl.col(name) * factor // divisor).alias(name),
            broken.alias(FAULT + name),
        ]
    return typed.with_columns(columns)
