"""What values of ids, currencies and amounts mean, whatever they look like."""

import re
from collections.abc import Callable
from functools import partial, reduce

import polars as pl

from perdura.sources.currencies import CODE, DIGITS
from perdura.sources.events import EventTable
from perdura.sources.mapping.checks.rules import FAULT, FAULTS, fault
from perdura.sources.mapping.sections import Input, Normal
from perdura.sources.mapping.values.conversion import BAD_TYPE, Converted, convert, lost
from perdura.sources.mapping.values.ids import IMPRECISE, as_id, has_marks
from perdura.sources.periods import months_in

#: The rule that an id breaks that is one of the usual words for "nothing".
NULL_WORD = "null_word"
BAD_CURRENCY = "bad_currency"
#: Columns of amounts in minor units.
MONEY = ("amount", "mrr")

#: What programs write where there is no value, without capitals.
USUAL = (
    "null", "(null)", "\\n", "nan", "none", "n/a", "<na>", "nat", "nil", "undefined", "#n/a",
)  # fmt: skip

_NOTHING = rf"(?i:^\s*(?:{'|'.join(map(re.escape, USUAL))})\s*$)"
#: What JSON has where an id should be: a list, an object, true or false.
_NO_ID = r"^(?:true|false)$|^[\[{]"
#: What an id becomes: the id, and the rule that it breaks.
ID = pl.Struct({"id": pl.String, "fault": FAULTS})

_STEPS: dict[Normal, Callable[[pl.Expr], pl.Expr]] = {
    "trim": lambda text: text.str.strip_chars(),
    "lower": lambda text: text.str.to_lowercase(),
    "upper": lambda text: text.str.to_uppercase(),
}


def says_nothing(text: pl.Expr) -> pl.Expr:
    """Whether a text is one of the usual words for "nothing"."""
    return text.str.contains(_NOTHING)


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


def as_ids(value: pl.Expr, dtype: pl.DataType, source: Input) -> pl.Expr:
    """Ids in their one form, as ``ID``; a usual word for "nothing" is none, unless the mapping
    says so.
    """
    if dtype == pl.Boolean:
        broken = pl.when(value.is_not_null()).then(fault(BAD_TYPE))
        return pl.struct(pl.lit(None, pl.String).alias("id"), broken.alias("fault"))
    if dtype == pl.String:
        none = _NO_ID if source.written_as == "jsonl" else None
        read = partial(_read_ids, words=source.null_words != (), none=none)
        return value.map_batches(read, return_dtype=ID, is_elementwise=True)
    given = value.is_not_null() & value.is_not_nan() if dtype.is_float() else value.is_not_null()
    fitted = as_id(value, dtype)
    broken = pl.when(given & fitted.is_null()).then(fault(IMPRECISE))
    return pl.struct(fitted.cast(pl.String).alias("id"), broken.alias("fault"))


def _read_ids(ids: pl.Series, *, words: bool, none: str | None) -> pl.Series:
    """``ID`` of texts; only those that look odd are looked at twice."""
    faults = pl.repeat(None, len(ids), dtype=FAULTS, eager=True)
    # Two quick looks: patterns of both together take five times as long.
    odd = has_marks(ids) | ids.str.contains(_NOTHING) if words else has_marks(ids)
    odd = odd | ids.str.contains(none) if none else odd
    places = odd.fill_null(value=False).arg_true()
    if not places.is_empty():
        value = pl.col("value")
        fitted = as_id(value, pl.String())
        nothing = says_nothing(value) if words else pl.lit(value=False)
        other = value.str.contains(none) if none else pl.lit(value=False)
        broken = (
            pl.when(nothing)
            .then(fault(NULL_WORD))
            .when(other)
            .then(fault(BAD_TYPE))
            .otherwise(lost(value, fitted, IMPRECISE))
        )
        odd = pl.DataFrame({"value": ids.gather(places)}).select(
            pl.when(~nothing, ~other).then(fitted).alias("id"), broken.alias("fault")
        )
        ids, faults = ids.scatter(places, odd["id"]), faults.scatter(places, odd["fault"])
    return pl.DataFrame({"id": ids, "fault": faults}).to_struct()


def as_codes(value: pl.Expr) -> pl.Expr:
    """Currencies as codes in capitals; null of whatever is not three letters."""

    def read(texts: pl.Series) -> pl.Series:
        if texts.str.contains(CODE).all():  # mostly
            return texts
        code = texts.str.strip_chars().str.to_uppercase()
        return pl.select(pl.when(code.str.contains(CODE)).then(code)).to_series()

    text = value.cast(pl.String, strict=False)
    return text.map_batches(read, return_dtype=pl.String, is_elementwise=True)


def with_months(value: pl.Expr, dtype: pl.DataType, source: Input) -> Converted:
    """A billing period in months: a number of them, or what a vendor calls it."""
    fitted = convert(value, dtype, pl.Float64(), source).value
    if dtype == pl.String:
        fitted = pl.coalesce(fitted, months_in(value))
    fitted = pl.when(fitted > 0).then(fitted)
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
    columns: list[pl.Expr] = []
    for name in money:
        whole = pl.col(name) % divisor == 0
        broken = pl.when(~whole).then(fault(BAD_TYPE)).otherwise(FAULT + name)
        columns += [
            pl.when(whole).then(pl.col(name) * factor // divisor).alias(name),
            broken.alias(FAULT + name),
        ]
    return typed.with_columns(columns)
